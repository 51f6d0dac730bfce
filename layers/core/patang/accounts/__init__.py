"""Accounts at the broker, their credentials, and the daily session."""
