"""Chaos: the desk's real services against the simulated exchange while everything around them fails, and a
verdict from the exchange's own ledger. The clocks are virtual, so that a day takes seconds."""
