"""The ports, done: AWS, Kite, paper, and the system's own clock and metrics."""
