"""Positions, an account's state, and what fills do to them."""
