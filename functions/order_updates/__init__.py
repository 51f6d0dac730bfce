"""(order_updates): what the broker tells of orders."""
