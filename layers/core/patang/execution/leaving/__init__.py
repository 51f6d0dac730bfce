"""Leaving positions: one transition to CLOSING, whoever wants out."""
