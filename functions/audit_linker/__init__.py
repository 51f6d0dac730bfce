"""(audit_linker): outbox events into the hash chain."""
