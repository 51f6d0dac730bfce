"""(order_lane): the only sender."""
