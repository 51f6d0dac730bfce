"""The broker's limits of calls a second, kept on our side by waiting."""

import time
from collections import deque
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Literal

__all__ = ["PER_SECOND", "CallKind", "RateLimiter"]

type CallKind = Literal["quote", "historical", "order", "other"]

# https://kite.trade/docs/connect/v3/exceptions/#api-rate-limit
PER_SECOND: Mapping[CallKind, int] = {"quote": 1, "historical": 3, "order": 10, "other": 10}

# Two clocks measure the second, ours and the broker's.
_WINDOW_SECONDS = 1.05


class RateLimiter:
    """Lets at most so many calls of a kind begin within any second of wall time."""

    def __init__(
        self,
        per_second: Mapping[CallKind, int] = PER_SECOND,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._starts = {kind: deque[float](maxlen=limit) for kind, limit in per_second.items()}
        self._monotonic = monotonic
        self._sleep = sleep
        self._lock = Lock()

    def wait(self, kind: CallKind) -> None:
        """Returns when the next call of this kind may begin."""
        with self._lock:
            starts = self._starts[kind]
            now = self._monotonic()
            full = len(starts) == starts.maxlen
            start = max(now, starts[0] + _WINDOW_SECONDS) if full else now
            starts.append(start)
        if start > now:
            self._sleep(start - now)
