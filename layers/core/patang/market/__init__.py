"""Instruments, sessions, ticks, candles, option chain, greeks."""
