"""Order frames on their way into the queue."""

import threading
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from patang.ports import UpdateQueue

__all__ = ["OrderFrames"]


class OrderFrames:
    """Takes frames in one thread and sends them in another. None is ever shed: an account sends few, and each
    may be the only word of a fill. `taken`: how many there were."""

    def __init__(self, queue: UpdateQueue) -> None:
        self._queue = queue
        self._lock = threading.Lock()
        self._waiting: list[Mapping[str, Any]] = []
        self.taken = 0

    def add(self, account: str, order: Mapping[str, Any], received_at: datetime) -> None:
        frame = {
            "account": account,
            "source": "frame",
            "order": dict(order),
            "received_at": received_at.isoformat(),
        }
        with self._lock:
            self._waiting.append(frame)
            self.taken += 1

    def send(self) -> None:
        """Sends what waits. What could not be sent, or perhaps was not, is sent again next time."""
        with self._lock:
            sending = list(self._waiting)
        if sending:
            self._queue.send(sending)
            with self._lock:
                del self._waiting[: len(sending)]
