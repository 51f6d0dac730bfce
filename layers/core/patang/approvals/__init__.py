"""Proposed orders and the owner's yes or no."""
