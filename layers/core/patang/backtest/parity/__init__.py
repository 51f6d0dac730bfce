"""A day that was traded, decided again: where the replay and the day differ."""
