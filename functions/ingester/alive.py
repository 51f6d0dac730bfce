"""`python -m functions.ingester.alive`: 0 if the ingester's loop turns; 1 if it does not, or nobody knows.

The container's health check, in a process of its own: it imports nothing of the desk's.
"""

import os
import sys
import time
from pathlib import Path

__all__ = ["is_alive"]

# The file is touched every five seconds; a loop that is silent for longer hangs.
_SILENCE_SECONDS = 30.0


def is_alive(health: Path, now: float) -> bool:
    """`now` is seconds since the epoch."""
    try:
        touched = health.stat().st_mtime
    except FileNotFoundError:
        return False
    return now - touched < _SILENCE_SECONDS


if __name__ == "__main__":
    given = os.environ.get("HEALTH_FILE")
    sys.exit(0 if given and is_alive(Path(given), time.time()) else 1)
