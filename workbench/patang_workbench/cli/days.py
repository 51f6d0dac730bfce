"""Days on the command line."""

import argparse
from datetime import date

__all__ = ["as_day"]


def as_day(text: str) -> date:
    """The day that an argument names; for argparse, which says the error and ends with exit code 2."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no day (YYYY-MM-DD)") from error
