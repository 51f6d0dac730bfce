"""(reconciler): the order book polled, what was left lying swept up."""
