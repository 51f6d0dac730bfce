"""Room for the event engine: history played through the same decisions, charges and exits."""
