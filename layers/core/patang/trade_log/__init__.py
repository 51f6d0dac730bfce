"""What was traded: orders, fills, positions and results, as records that others read."""
