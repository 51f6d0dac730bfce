"""Work that is due later: once a reply is out, or after seconds of the wall's or the market's clock."""

import asyncio
import heapq
import time
from collections import deque
from collections.abc import Callable
from itertools import count
from typing import Protocol

__all__ = ["Agenda", "HandAgenda", "LoopAgenda", "MarketAgenda", "Work"]

Work = Callable[[], None]


class Agenda(Protocol):
    """The wall's clock and what waits for it."""

    def wall(self) -> float:
        """Seconds of a clock that only moves forward."""

    def soon(self, work: Work) -> None:
        """Run once the reply to the present request is on its way."""

    def after(self, seconds: float, work: Work) -> None:
        """Run after seconds of this clock."""


class LoopAgenda:
    """The real wall: the event loop of the thread in which it is used."""

    def wall(self) -> float:
        return time.monotonic()

    def soon(self, work: Work) -> None:
        asyncio.get_running_loop().call_soon(work)

    def after(self, seconds: float, work: Work) -> None:
        asyncio.get_running_loop().call_later(seconds, work)


class MarketAgenda:
    """Work by market second, run in order of its time and of its entry."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Work]] = []
        self._numbers = count()

    def at(self, moment: float, work: Work) -> None:
        """Run at a time."""
        heapq.heappush(self._due, (moment, next(self._numbers), work))

    def run(self, moment: float) -> None:
        """Run what is due by a time."""
        while self._due and self._due[0][0] <= moment:
            heapq.heappop(self._due)[2]()


class HandAgenda:
    """A wall that moves when it is told to."""

    def __init__(self) -> None:
        self._now = 0.0
        self._soon: deque[Work] = deque()
        self._later = MarketAgenda()

    def wall(self) -> float:
        return self._now

    def soon(self, work: Work) -> None:
        self._soon.append(work)

    def after(self, seconds: float, work: Work) -> None:
        self._later.at(self._now + seconds, work)

    def settle(self) -> None:
        """Run what was to run soon."""
        while self._soon:
            self._soon.popleft()()

    def move(self, seconds: float) -> None:
        """Let the wall's clock go on, and run what is due."""
        self._now += seconds
        self._later.run(self._now)
        self.settle()
