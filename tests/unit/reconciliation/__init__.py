"""The desk compared with the broker."""
