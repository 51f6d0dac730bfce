"""What runs on a desk and never in Lambda: simulator, local stack, training, command line."""
