"""Feature vectors: indicators, the rolling state of a shard, and the service that keeps it."""
