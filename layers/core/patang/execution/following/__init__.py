"""What the broker tells of orders, and what it does to positions, proposals, risk and results."""
