"""Waiting for what the deployed desk does by itself."""

import time
from collections.abc import Callable
from typing import Any

__all__ = ["until"]

_SECONDS = 60.0


def until(found: Callable[[], Any], what: str, seconds: float = _SECONDS) -> Any:
    """The first answer that counts as true; AssertionError with `what` where none comes."""
    deadline = time.monotonic() + seconds
    while not (answer := found()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.05)
    return answer
