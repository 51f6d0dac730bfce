"""(order_workflow): the steps of an order before the lane."""
