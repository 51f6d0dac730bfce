"""What the connections hear, on its way from the reactor's thread to the ingester's."""

from __future__ import annotations

import queue
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

__all__ = ["Event", "Frame", "Inbox", "Lost", "Opened", "OrderFrame", "Source"]

_HIGH_BYTES = 16_000_000
_LOW_BYTES = 4_000_000


class Source(Protocol):
    """A connection, as far as the inbox has to do with it."""

    account: str

    def pause(self) -> None:
        """Stop reading from the socket; called in the reactor's thread."""

    def resume(self) -> None:
        """Read on; called in any thread."""


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    source: Source


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    source: Source
    payload: bytes


@dataclass(frozen=True, slots=True, eq=False)
class OrderFrame:
    source: Source
    order: Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Lost:
    source: Source
    reason: str


type Event = Opened | Frame | OrderFrame | Lost


class Inbox:
    """A queue with bounded memory: when it is full the sockets are left unread, and the sender waits."""

    def __init__(self, high: int = _HIGH_BYTES, low: int = _LOW_BYTES) -> None:
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._high = high
        self._low = low
        self._bytes = 0
        self._paused: set[Source] = set()
        self._lock = threading.Lock()

    @property
    def is_paused(self) -> bool:
        return bool(self._paused)

    def put(self, event: Event) -> None:
        with self._lock:
            self._bytes += _size(event)
            full = self._bytes > self._high
            if full:
                self._paused.add(event.source)
        if full:
            event.source.pause()
        self._events.put(event)

    def get(self, timeout: float) -> Event | None:
        """The next event, or None when none came within `timeout` seconds."""
        try:
            event = self._events.get(timeout=timeout)
        except queue.Empty:
            return None
        resumed: set[Source] = set()
        with self._lock:
            self._bytes -= _size(event)
            if self._paused and self._bytes < self._low:
                resumed, self._paused = self._paused, set()
        for source in resumed:
            source.resume()
        return event


def _size(event: Event) -> int:
    return len(event.payload) if isinstance(event, Frame) else 1_000
