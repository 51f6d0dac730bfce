"""(guard): marks and exits on every batch of ticks."""
