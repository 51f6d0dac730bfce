"""Raising the template's schedules as the market's minutes pass."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta

from patang_workbench.local_stack.schedules import Schedules

__all__ = ["Clockwork"]

# Wall time after which a market that stands still has its minute raised again.
_STANDING_SECONDS = 5.0
_MINUTE = timedelta(minutes=1)


class Clockwork:
    """Calls what is due, one call at a time, beside the caller's own loop.

    A schedule that is due again before its last call was made is called once, for the later minute.
    While the market stands still for a person, the wall's time goes on: what is due in its minute is raised
    again every few seconds, so that an approval that nobody gives does end. `wall` gives seconds.
    """

    def __init__(
        self, schedules: Schedules, start: datetime, wall: Callable[[], float] = time.monotonic
    ) -> None:
        self._schedules = schedules
        self._seen = start
        self._wall = wall
        self._quiet_since = wall()
        self._due: dict[str, datetime] = {}
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="schedules")
        self._call: Future[None] | None = None

    def tick(self, market_time: datetime) -> None:
        """Note what has fallen due until `market_time`. Raises what a call before has raised."""
        due = list(self._schedules.due(self._seen, market_time))
        if market_time > self._seen:
            self._quiet_since = self._wall()
        elif self._wall() - self._quiet_since >= _STANDING_SECONDS:
            due = list(self._schedules.due(self._seen - _MINUTE, self._seen))
            self._quiet_since = self._wall()
        self._due |= {call.name: minute for minute, call in due}
        self._seen = max(self._seen, market_time)
        if self._call is not None and self._call.done():
            self._call.result()
            self._call = None
        if self._call is None and self._due:
            due, self._due = self._due, {}
            self._call = self._pool.submit(self._make, due)

    def finish(self) -> None:
        """Wait for the call that is being made."""
        self._pool.shutdown(wait=True)

    def _make(self, due: dict[str, datetime]) -> None:
        for name, moment in due.items():
            self._schedules.call(name, moment)
