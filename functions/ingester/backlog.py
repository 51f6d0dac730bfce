"""Ticks that wait for the stream, in bounded memory.

While the stream takes nothing, ticks pile up. A tick carries the day's volume and the state of the book, not
what changed: nothing is lost for good with an old one but the path of the price. So at the bound, first of
each instrument's ticks of a minute only the first, the lowest, the highest and the last are kept: exactly
what its candle is made of. If that is still much, the oldest minutes go, but for an instrument's newest tick,
which always stays. What is shed is counted, and readers are told by a gap.
"""

from collections import deque
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from patang.market.ticks import TICK

__all__ = ["BACKLOG_BYTES", "Backlog"]

type Ticks = NDArray[np.void]

# A minute of 9,000 instruments at a tick a second is 50 MB; their candles' ticks of a minute are 3 MB.
BACKLOG_BYTES = 32_000_000


class Backlog:
    """Ticks in the order of their arrival. Not for several threads at once.

    `bound`: bytes that ticks, including those being put, may take. `shed`: how many were, ever.
    """

    def __init__(self, bound: int = BACKLOG_BYTES) -> None:
        self._bound = bound
        self._waiting: deque[Ticks] = deque()
        self._taken = np.empty(0, TICK)
        self.waiting = 0
        self.shed = 0

    def __len__(self) -> int:
        """Ticks that wait or are being put."""
        return self.waiting + len(self._taken)

    def add(self, ticks: Ticks) -> int | None:
        """Take ticks. If others had to be shed for them: the earliest exchange time that is affected."""
        self._waiting.append(ticks)
        self.waiting += len(ticks)
        return self._shed() if len(self) * TICK.itemsize > self._bound else None

    def take(self, most: int) -> Ticks:
        """The oldest ticks, for putting; they count until `done`, or wait again after `undo`."""
        parts, room = [], most
        while room and self._waiting:
            part = self._waiting.popleft()
            if len(part) > room:
                self._waiting.appendleft(part[room:])
                part = part[:room]
            parts.append(part)
            room -= len(part)
        self._taken = _joined(parts)
        self.waiting -= len(self._taken)
        return self._taken

    def done(self) -> None:
        self._taken = np.empty(0, TICK)

    def undo(self) -> int | None:
        """Puts what was taken back in its place; as `add` otherwise."""
        self._waiting.appendleft(self._taken)
        self.waiting += len(self._taken)
        self._taken = np.empty(0, TICK)
        return self._shed() if len(self) * TICK.itemsize > self._bound else None

    def keep(self, tokens: NDArray[np.uint32]) -> None:
        """From now on only these instruments."""
        self._waiting = deque(ticks[np.isin(ticks["token"], tokens)] for ticks in self._waiting)
        self.waiting = sum(len(ticks) for ticks in self._waiting)

    def _shed(self) -> int | None:
        ticks = _joined(self._waiting)
        kept = _of_candles(ticks)
        room = self._bound // 2 // TICK.itemsize
        if len(kept) > room:
            kept = _latest(kept, room)
        self._waiting, self.waiting = deque([kept]), len(kept)
        self.shed += len(ticks) - len(kept)
        return int(ticks["exchange_time"].min()) if len(kept) < len(ticks) else None


def _joined(parts: Iterable[Ticks]) -> Ticks:
    parts = list(parts)
    return parts[0] if len(parts) == 1 else np.concatenate([np.empty(0, TICK), *parts])


def _of_candles(ticks: Ticks) -> Ticks:
    """First, lowest, highest and last tick of each instrument and minute, in the order of arrival."""
    price = ticks["last_price"]
    # A quote of what has not traded yet has no price, which is not a low one.
    minute = (ticks["token"].astype(np.int64) << 31 | ticks["exchange_time"] // 60) << 1 | (price > 0)
    in_time = _by_time(ticks, minute)
    by_price = np.lexsort((price, minute))
    first, last = _edges(minute[in_time])
    places = np.unique([in_time[first], in_time[last], by_price[first], by_price[last]])
    kept: Ticks = ticks[places]
    return kept


def _latest(ticks: Ticks, room: int) -> Ticks:
    """The ticks of the latest minutes that `room` is enough for, and the newest of every instrument."""
    minute = ticks["exchange_time"] // 60
    minutes, counts = np.unique(minute, return_counts=True)
    fitting = np.count_nonzero(np.cumsum(counts[::-1]) <= room)
    fits = minute > minutes[-1 - fitting] if fitting < len(minutes) else np.ones(len(ticks), np.bool_)
    in_time = _by_time(ticks, ticks["token"])
    fits[in_time[_edges(ticks["token"][in_time])[1]]] = True
    kept: Ticks = ticks[fits]
    return kept


def _by_time(ticks: Ticks, group: NDArray[np.integer]) -> NDArray[np.intp]:
    """By group, and within one in the order in which bars count them."""
    return np.lexsort((ticks["volume"], ticks["exchange_time"], group))


def _edges(group: NDArray[np.integer]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Where groups, which lie together, begin and end."""
    change = group[1:] != group[:-1]
    return np.append(True, change), np.append(change, True)
