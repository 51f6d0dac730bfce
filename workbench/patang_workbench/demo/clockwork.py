"""Raising the template's schedules as the market's minutes pass."""

from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime

from patang_workbench.local_stack.schedules import Schedules

__all__ = ["Clockwork"]


class Clockwork:
    """Calls what is due, one call at a time, beside the caller's own loop.

    A schedule that is due again before its last call was made is called once, for the later minute.
    """

    def __init__(self, schedules: Schedules, start: datetime) -> None:
        self._schedules = schedules
        self._seen = start
        self._due: dict[str, datetime] = {}
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="schedules")
        self._call: Future[None] | None = None

    def tick(self, market_time: datetime) -> None:
        """Note what has fallen due until `market_time`. Raises what a call before has raised."""
        for minute, call in self._schedules.due(self._seen, market_time):
            self._due[call.name] = minute
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
