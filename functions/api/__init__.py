"""(api): pages, approvals and REST behind the HTTP API."""
