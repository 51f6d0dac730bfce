"""The market's clock: paced against the wall, never past its limit."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from patang_workbench.exchange.hours import IST

__all__ = ["MAX_SPEED", "MIN_SPEED", "MarketClock"]

MIN_SPEED, MAX_SPEED = 1.0, 1000.0


class MarketClock:
    """Market time in whole seconds, moved by `next_second`.

    `speed` is market seconds a wall second. A pause, a limit that is reached or a listener that is slow
    holds the clock; the time lost is not made up afterwards.
    """

    def __init__(
        self, start: int, end: int, speed: float, wall: Callable[[], float] = time.monotonic
    ) -> None:
        self.epoch = start
        self.end = end
        self.speed = speed
        self.paused = True
        self.limit: int | None = None
        self._wall = wall
        self._anchor_wall = wall()
        self._anchor_epoch = start
        self._changed = asyncio.Event()
        self._run_seconds = 0
        self._run_wall = 0.0
        self._last_wall: float | None = None

    def now(self) -> datetime:
        """Market time in IST."""
        return datetime.fromtimestamp(self.epoch, UTC).astimezone(IST)

    def set(self, **changes: Any) -> None:
        """Change `limit` (epoch seconds or None), `paused` or `speed`, from the next second on."""
        for name, value in changes.items():
            setattr(self, name, value)
        if self.paused:
            self._last_wall = None
        self._anchor()
        self._changed.set()

    @property
    def held(self) -> bool:
        """Whether the clock stands still now."""
        return self.paused or self.epoch >= self.end or (self.limit is not None and self.epoch >= self.limit)

    @property
    def reached_speed(self) -> float:
        """Market seconds a wall second over the run, without pauses; waits for limit and listeners count."""
        return round(self._run_seconds / self._run_wall, 2) if self._run_wall else 0.0

    async def next_second(self) -> int:
        """Wait until the next market second is due, step onto it and return it in epoch seconds."""
        while True:
            if self.held:
                self._changed.clear()
                await self._changed.wait()
                continue
            ahead = (self.epoch + 1 - self._anchor_epoch) / self.speed - (self._wall() - self._anchor_wall)
            if ahead < -0.25:
                self._anchor()
            if ahead <= 0:
                break
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), ahead)
            except TimeoutError:
                continue
        self.epoch += 1
        self._account()
        return self.epoch

    def _anchor(self) -> None:
        self._anchor_wall = self._wall()
        self._anchor_epoch = self.epoch

    def _account(self) -> None:
        wall = self._wall()
        if self._last_wall is not None:
            self._run_seconds += 1
            self._run_wall += wall - self._last_wall
        self._last_wall = wall
