"""What is deployed: one folder an entry point, each with a thin handler."""
