"""Option premiums of the past: recorded where they were archived, else made from the underlying."""
