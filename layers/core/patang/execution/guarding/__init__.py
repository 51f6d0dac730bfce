"""Each batch of ticks beside open positions and standing orders."""
