"""Inference: verified artifacts, the probability to win, the expected return."""
