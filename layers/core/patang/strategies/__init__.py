"""What to buy and why, and when to leave."""
