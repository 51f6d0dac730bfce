"""The web outside, for what anybody may name an address of."""
