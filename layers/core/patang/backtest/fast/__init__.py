"""The fast path: entries, exits and charges of many trades as arithmetic on arrays, compiled by numba."""
