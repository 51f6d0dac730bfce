"""Orders from construction to reconciled fill, and the exits of positions."""
