"""The flow of ticks onto the stream: collected briefly, put in order, and marked by market time."""

import threading
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from functions.ingester.backlog import BACKLOG_BYTES, Backlog
from functions.ingester.partition import Partitions
from functions.ingester.untimed import Untimed
from patang.market.envelope import envelope
from patang.market.instruments import Universe
from patang.market.sessions import IST
from patang.ports import TickStream

__all__ = ["TickFlow"]

# A put this large takes a shard about a second; what it acknowledged need not be put again.
_TICKS_A_PUT = 8_192


class TickFlow:
    """Collects ticks in one thread and, on `flush`, puts them and then a marker in another.

    Market time is the highest exchange time seen since the universe's day began. A marker of second S says
    that every tick received with an exchange time before S stands before it; none is put while ticks wait.
    `now` is the wall's time: a tick from beyond both today and the universe's day is broken, and would hold
    market time for ever. `bound`: bytes that ticks which wait for the stream may take.

    `put`, `left_out`: how many ticks were, ever.
    """

    def __init__(
        self,
        stream: TickStream,
        universe: Universe,
        now: Callable[[], datetime],
        bound: int = BACKLOG_BYTES,
    ) -> None:
        self._stream = stream
        self._now = now
        self._lock = threading.Lock()
        self._backlog = Backlog(bound)
        self._market_second = 0
        self._put_second = 0
        self._marked_second = 0
        self._gap_since: int | None = None
        self.put = 0
        self.left_out = 0
        self._partitions = Partitions(universe.evolve(instruments=()))
        self._last_price = np.empty(0)
        self.watch(universe)

    def watch(self, universe: Universe) -> None:
        """From now on these instruments; ticks of others that still wait are dropped."""
        known = self.spots()
        partitions = Partitions(universe)
        with self._lock:
            spots = [known.get(token, np.nan) for token in partitions.tokens.tolist()]
            self._day = universe.day
            self._partitions = partitions
            self._untimed = Untimed(partitions)
            self._last_price = np.array(spots, np.float64)
            self._backlog.keep(partitions.tokens)

    @property
    def market_time(self) -> datetime | None:
        """None before the day's first tick."""
        return _moment(self._market_second) if self._market_second >= _midnight(self._day) else None

    @property
    def waiting(self) -> int:
        """Ticks that are not yet acknowledged."""
        return len(self._backlog)

    @property
    def shed(self) -> int:
        """How many ticks had to be dropped for want of room, ever."""
        return self._backlog.shed

    def spots(self) -> Mapping[int, float]:
        """The last price of each index and share of which one is known, by token."""
        known = ~np.isnan(self._last_price)
        tokens, prices = self._partitions.tokens[known], self._last_price[known]
        return dict(zip(tokens.tolist(), prices.tolist(), strict=True))

    def mark_gap(self, since: datetime | None) -> None:
        """Ticks are missing from `since` (None: nobody knows) until now: say so before what comes."""
        with self._lock:
            self._note_gap(0 if since is None else int(since.timestamp()))

    def add(self, ticks: NDArray[np.void]) -> None:
        """Collects ticks (dtype TICK, our own to change) in the order of their arrival.

        Left out and counted: unknown instruments, times before the day (last night's snapshot) and beyond it,
        and of packets that say no time those that bring no news.
        """
        with self._lock:
            rows, known = self._partitions.rows(ticks)
            if not known.all():
                ticks, rows = ticks[known], rows[known]
            self._see_spots(ticks, rows)
            sound = self._timed(ticks, rows)
            self.left_out += len(known) - len(sound)
            if len(sound):
                self._market_second = max(self._market_second, int(sound["exchange_time"].max()))
                self._note_gap(self._backlog.add(sound))

    def flush(self) -> int:
        """Puts what was collected, then a marker if market time moved. Returns the number of ticks put.

        After an error what was not acknowledged waits again; readers take repeats for what they are.
        """
        put = 0
        while True:
            with self._lock:
                now, partitions = self._market_second, self._partitions
                if now == 0:
                    return 0
                gap_since, self._gap_since = self._gap_since, None
                ticks = self._backlog.take(_TICKS_A_PUT)
                everything = self._backlog.waiting == 0
            try:
                if gap_since is not None:
                    self._put_gap(gap_since, now)
                    gap_since = None
                if len(ticks):
                    self._put(partitions, ticks)
                if everything:
                    self._put_marker(now)
            except Exception:
                # Whatever it was, what was taken goes back before it is told on: the next flush puts it.
                with self._lock:
                    partitions.forget_lanes()
                    self._note_gap(gap_since)
                    self._note_gap(self._backlog.undo())
                raise
            with self._lock:
                self._backlog.done()
            self.put += len(ticks)
            put += len(ticks)
            if everything:
                return put

    def _put_gap(self, since: int, now: int) -> None:
        self._stream.mark(envelope("gap", _moment(now), since=_moment(since) if since else None))

    def _put(self, partitions: Partitions, ticks: NDArray[np.void]) -> None:
        # What waited long is not of the latest market time.
        self._put_second = max(self._put_second, int(ticks["exchange_time"].max()))
        self._stream.put(partitions.records(ticks, _moment(self._put_second), self._stream.lane))

    def _put_marker(self, second: int) -> None:
        if second > self._marked_second:
            self._stream.mark(envelope("marker", _moment(second)))
            self._marked_second = second

    def _timed(self, ticks: NDArray[np.void], rows: NDArray[np.intp]) -> NDArray[np.void]:
        """Those of the ticks that are of the day; those without a time are given one if they bring news."""
        begin, end = _hours(self._day, max(self._day, self._now().astimezone(IST).date()))
        times = ticks["exchange_time"]
        sound = (times >= begin) & (times < end)
        if sound.all():
            return ticks
        untimed = np.flatnonzero(times == 0)
        if len(untimed):
            latest = int(times[sound].max(initial=self._market_second))
            if latest >= begin:
                sound[self._untimed.stamp(ticks, untimed, rows[untimed], latest)] = True
        return ticks[sound]

    def _see_spots(self, ticks: NDArray[np.void], rows: NDArray[np.intp]) -> None:
        spot = self._partitions.is_spot[rows] & (ticks["last_price"] > 0)
        self._last_price[rows[spot]] = ticks["last_price"][spot]

    def _note_gap(self, since: int | None) -> None:
        """A gap from `since` on, 0 if that is not known; None is none. It widens one that is not put yet."""
        if since is not None:
            self._gap_since = since if self._gap_since is None else min(since, self._gap_since)


def _moment(second: int) -> datetime:
    return datetime.fromtimestamp(second, IST)


@lru_cache(maxsize=1)
def _hours(first: date, last: date) -> tuple[int, int]:
    """The seconds from the beginning of the first day until just before the end of the last."""
    return _midnight(first), _midnight(last + timedelta(days=1))


def _midnight(day: date) -> int:
    return int(datetime.combine(day, time(0), IST).timestamp())
