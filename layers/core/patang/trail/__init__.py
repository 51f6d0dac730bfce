"""From the tick to the order by one id: what a line of the log carries, and what it must not."""
