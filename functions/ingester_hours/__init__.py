"""Starts and ends the ingester's task by the exchange's calendar."""
