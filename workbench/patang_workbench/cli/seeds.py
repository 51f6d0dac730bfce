"""Seeds on the command line."""

import argparse

__all__ = ["as_seed"]

# What scikit-learn takes.
_MOST = 2**32 - 1


def as_seed(text: str) -> int:
    """The seed that an argument names; for argparse, which says the error and ends with exit code 2."""
    if not (text.isascii() and text.isdecimal()) or int(text) > _MOST:
        raise argparse.ArgumentTypeError(f"{text!r} is no seed: give a whole number from 0 to {_MOST}")
    return int(text)
