"""Comparing the desk with the broker: what is the same, what is explained, and what stops the account."""
