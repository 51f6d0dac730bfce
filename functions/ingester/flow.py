"""The flow of ticks onto the stream: collected briefly, put in order, and marked by market time."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta

import numpy as np
from numpy.typing import NDArray

from functions.ingester.partition import Partitions
from patang.market.envelope import envelope
from patang.market.instruments import Universe
from patang.market.sessions import IST
from patang.market.ticks import TICK
from patang.ports import TickStream

__all__ = ["TickFlow"]


class TickFlow:
    """Collects ticks and, on `flush`, puts them and then a marker.

    Market time is the highest exchange time seen since the universe's day began. A marker of second S says
    that every tick received with an exchange time before S stands before it. `now` is the wall's time: a tick
    from beyond both today and the universe's day is broken, and would hold market time for ever.
    """

    def __init__(self, stream: TickStream, universe: Universe, now: Callable[[], datetime]) -> None:
        self._stream = stream
        self._now = now
        self._collected: list[NDArray[np.void]] = []
        self._market_second = 0
        self._marked_second = 0
        self._gap = False
        self.waiting = 0
        self.left_out = 0
        self.watch(universe)

    def watch(self, universe: Universe) -> None:
        """From now on these instruments; ticks of others that still wait are dropped."""
        self._day = universe.day
        self._partitions = Partitions(universe)
        self._collected = [self._partitions.known(ticks) for ticks in self._collected]

    @property
    def market_time(self) -> datetime | None:
        """None before the day's first tick."""
        return datetime.fromtimestamp(self._market_second, IST) if self._market_second else None

    def mark_gap(self) -> None:
        """The next ticks come after a lost connection: say so before them."""
        self._gap = True

    def add(self, ticks: NDArray[np.void]) -> None:
        """Collects ticks (dtype TICK) in the order of their arrival.

        Left out and counted: unknown instruments, times before the day (last night's snapshot) and beyond it.
        """
        last_day = max(self._day, self._now().astimezone(IST).date())
        times = ticks["exchange_time"]
        sound = ticks[(times >= _midnight(self._day)) & (times < _midnight(last_day + timedelta(days=1)))]
        known = self._partitions.known(sound)
        self.left_out += len(ticks) - len(known)
        if len(known):
            self._collected.append(known)
            self.waiting += len(known)
            self._market_second = max(self._market_second, int(known["exchange_time"].max()))

    def flush(self) -> int:
        """Puts what was collected, then a marker if market time moved. Returns the number of ticks put.

        After an error nothing is forgotten: the next flush puts it all again, which readers take as repeats.
        """
        market_time = self.market_time
        if market_time is None:
            return 0
        if self._gap:
            self._stream.mark(envelope("gap", market_time))
            self._gap = False
        ticks = np.concatenate([np.empty(0, TICK), *self._collected])
        if len(ticks):
            self._stream.put(self._partitions.records(ticks, market_time))
            self._collected.clear()
            self.waiting = 0
        if self._market_second > self._marked_second:
            self._stream.mark(envelope("marker", market_time))
            self._marked_second = self._market_second
        return len(ticks)


def _midnight(day: date) -> int:
    return int(datetime.combine(day, time(0), IST).timestamp())
