"""What happened, in a hash chain an account and day."""
