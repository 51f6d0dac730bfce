"""Alerts at the broker: prices that it watches for a person."""
