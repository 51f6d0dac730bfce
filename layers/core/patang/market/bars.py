"""One-minute bars from ticks, and the longer bars they make.

A bar belongs to the minute of its ticks' exchange time. Its volume is the difference of the day's cumulative
volume, so that a lost or repeated tick costs or adds nothing. The ticks of an open minute are kept until it
is closed and are then put into the exchange's order, so that a bar depends on which ticks came and not on how
or in which order. All arrays have one row an instrument; docs/concepts/candles.md has the rules.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from patang.market.tick_order import in_exchange_order
from patang.market.ticks import TICK

__all__ = ["BAR", "MINUTE", "BarBuilder", "ClosedBars", "LongBars"]

type Ticks = NDArray[np.void]
type Rows = NDArray[np.intp]
type Seconds = NDArray[np.int64]

# `bought` and `sold` are the volume that lifted the ask or hit the bid; `first` and `last` are the exchange
# times of the ticks. A bar with no ticks does not exist.
BAR = np.dtype([
    ("ticks", "<i8"), ("open", "<f8"), ("high", "<f8"), ("low", "<f8"), ("close", "<f8"), ("volume", "<i8"),
    ("oi", "<i8"), ("bought", "<i8"), ("sold", "<i8"), ("first", "<i8"), ("last", "<i8"),
])  # fmt: skip

MINUTE = 60  # seconds
_UNKNOWN = -1


@dataclass(frozen=True, slots=True, eq=False)
class ClosedBars:
    """A closed minute, one row an instrument; a row of 0 ticks, or of exchange time 0, has nothing.

    `bars` of the minute (BAR), `auction`: prints of the closing auction in the minute, which belong to the
    day's bar alone (BAR), `quotes`: the last tick of the minute (TICK), `gap`: whether the stream was
    interrupted within it.
    """

    bars: Ticks
    auction: Ticks
    quotes: Ticks
    gap: bool


class BarBuilder:
    """The open minutes of a session. Times are epoch seconds.

    `opening`, `closing` and `auction_closing` are the hours of each row: continuous trading from `opening`
    until just before `closing`, then prints of the closing auction until `auction_closing`, itself included,
    which is `closing` where there is none. `breaks` are interruptions (from, until just before) of all rows.
    """

    def __init__(
        self,
        opening: Seconds,
        closing: Seconds,
        auction_closing: Seconds,
        breaks: Sequence[tuple[int, int]] = (),
    ) -> None:
        rows = len(opening)
        self.opening = opening
        self.closing = closing
        self.auction_closing = auction_closing
        self.breaks = tuple(breaks)
        self.closed_through = int(opening.min(initial=2**62)) - MINUTE
        self.late = 0
        self._traded_before = np.full(rows, _UNKNOWN, np.int64)
        self._latest = np.zeros(rows, TICK)
        self._rows: list[Rows] = []
        self._ticks: list[Ticks] = []
        self._gaps: set[int] = set()

    def seen_from_the_open(self) -> None:
        """The stream is watched from the first minute on: the day's volume counts from zero."""
        self._traded_before[:] = 0

    def mark_gap(self, first: int, last: int) -> None:
        """The stream was interrupted from second `first` to second `last`, both included."""
        start = max(first // MINUTE * MINUTE, self.closed_through + MINUTE)
        self._gaps.update(range(start, last + 1, MINUTE))

    def add(self, rows: Rows, ticks: Ticks) -> None:
        """Take ticks, in any order; `rows` says whose they are. Those of closed minutes count as `late`."""
        time = ticks["exchange_time"]
        wanted = (ticks["last_price"] > 0) & (time >= self.opening[rows])
        wanted &= (time < self.closing[rows]) | (time <= self.auction_closing[rows])
        for begin, end in self.breaks:
            wanted &= (time < begin) | (time >= end)
        on_time = time >= self.closed_through + MINUTE
        self.late += int(np.count_nonzero(wanted & ~on_time))
        wanted &= on_time
        if wanted.any():
            self._rows.append(rows[wanted])
            self._ticks.append(ticks[wanted])

    def close(self, minute: int) -> ClosedBars:
        """The bars of a minute, by its start. Every minute before it must have been closed."""
        self.closed_through = minute
        gap = minute in self._gaps
        self._gaps.discard(minute)
        count = len(self._latest)
        closed = ClosedBars(np.zeros(count, BAR), np.zeros(count, BAR), np.zeros(count, TICK), gap)
        rows, ticks = self._taken(minute + MINUTE)
        if len(rows):
            rows, ticks = in_exchange_order(rows, ticks)
            self._fill(closed, rows, ticks)
        return closed

    def arrays(self) -> dict[str, NDArray[np.void] | NDArray[np.int64]]:
        """Everything that `restore` needs, by name."""
        rows, ticks = self._pending()
        return {
            "bars_clock": np.array([self.closed_through, self.late], np.int64),
            "bars_traded_before": self._traded_before,
            "bars_latest": self._latest,
            "bars_gaps": np.array(sorted(self._gaps), np.int64),
            "bars_open_rows": rows.astype(np.int64),
            "bars_open_ticks": ticks,
        }

    def restore(self, arrays: dict[str, NDArray[np.void] | NDArray[np.int64]]) -> None:
        """Take over what `arrays` of a builder with the same rows gave."""
        self.closed_through, self.late = arrays["bars_clock"].tolist()
        self._traded_before = arrays["bars_traded_before"].astype(np.int64)
        self._latest = arrays["bars_latest"].astype(TICK)
        self._gaps = set(arrays["bars_gaps"].tolist())
        self._rows = [arrays["bars_open_rows"].astype(np.intp)]
        self._ticks = [arrays["bars_open_ticks"].astype(TICK)]

    def _pending(self) -> tuple[Rows, Ticks]:
        if not self._rows:
            return np.zeros(0, np.intp), np.zeros(0, TICK)
        return np.concatenate(self._rows), np.concatenate(self._ticks)

    def _taken(self, until: int) -> tuple[Rows, Ticks]:
        """The kept ticks of before `until`; the others stay."""
        rows, ticks = self._pending()
        due = ticks["exchange_time"] < until
        self._rows, self._ticks = [], []
        if not due.all():
            self._rows, self._ticks = [rows[~due]], [ticks[~due]]
            rows, ticks = rows[due], ticks[due]
        return rows, ticks

    def _fill(self, closed: ClosedBars, rows: Rows, ticks: Ticks) -> None:
        """Write what a minute's ticks, in the exchange's order, make of each instrument."""
        ends = np.flatnonzero(np.append(rows[1:] != rows[:-1], True))
        of = rows[ends]
        before = self._before(rows, ticks)
        bought, sold = _flow(before, ticks)
        continuous = ticks["exchange_time"] < self.closing[rows]
        _reduce(closed.bars, rows, ticks, bought, sold, continuous)
        prints = ~continuous & (ticks["volume"] > before["volume"]) & (before["exchange_time"] > 0)
        _reduce(closed.auction, rows, ticks, bought, sold, prints)
        closed.quotes[of] = ticks[ends]
        self._latest[of] = ticks[ends]
        self._count_volume(closed, rows, ticks)

    def _before(self, rows: Rows, ticks: Ticks) -> Ticks:
        """Each tick's predecessor: of the minute, or of the minutes before; exchange time 0 if none."""
        before = np.empty_like(ticks)
        before[1:] = ticks[:-1]
        begins = np.flatnonzero(np.append(True, rows[1:] != rows[:-1]))
        before[begins] = self._latest[rows[begins]]
        return before

    def _count_volume(self, closed: ClosedBars, rows: Rows, ticks: Ticks) -> None:
        begins = np.flatnonzero(np.append(True, rows[1:] != rows[:-1]))
        of = rows[begins]
        unknown = self._traded_before[of] == _UNKNOWN
        self._traded_before[of[unknown]] = ticks["volume"][begins[unknown]]
        for bars in (closed.bars, closed.auction):
            traded = bars["ticks"] > 0
            cumulative = np.where(traded, bars["volume"], self._traded_before)
            bars["volume"] = np.where(traded, np.maximum(cumulative - self._traded_before, 0), 0)
            self._traded_before = np.maximum(self._traded_before, cumulative)


class LongBars:
    """Bars of `minutes` one-minute bars, aligned to the clock; the whole session is the longest."""

    def __init__(self, rows: int, minutes: int) -> None:
        self.minutes = minutes
        self.bars = np.zeros(rows, BAR)

    def add(self, closed: Ticks) -> None:
        """Take a closed minute's bars, or its auction prints."""
        was, new = self.bars, closed["ticks"] > 0
        begins = new & (was["ticks"] == 0)
        self.bars = was.copy()
        for name in ("open", "first"):
            self.bars[name] = np.where(begins, closed[name], was[name])
        for name, further in (("high", np.maximum), ("low", np.minimum)):
            reached = np.where(new, further(was[name], closed[name]), was[name])
            self.bars[name] = np.where(begins, closed[name], reached)
        for name in ("close", "last", "oi"):
            self.bars[name] = np.where(new, closed[name], was[name])
        for name in ("ticks", "volume", "bought", "sold"):
            self.bars[name] = was[name] + np.where(new, closed[name], 0)

    def ends_with(self, minute: int, closing: int) -> bool:
        """Whether a bar ends with this minute: on the clock, or because the session does."""
        end = minute + MINUTE
        return end % (self.minutes * MINUTE) == 0 or end == closing

    def take(self) -> Ticks:
        """The finished bars; the next ones begin empty."""
        done, self.bars = self.bars, np.zeros(len(self.bars), BAR)
        return done


def _reduce(
    bars: Ticks,
    rows: Rows,
    ticks: Ticks,
    bought: NDArray[np.int64],
    sold: NDArray[np.int64],
    of: NDArray[np.bool_],
) -> None:
    """Write the bars that those ticks make, their volume still cumulative."""
    if not of.all():
        rows, ticks, bought, sold = rows[of], ticks[of], bought[of], sold[of]
    if len(rows) == 0:
        return
    change = rows[1:] != rows[:-1]
    begins, ends = np.flatnonzero(np.append(True, change)), np.flatnonzero(np.append(change, True))
    bar = np.zeros(len(begins), BAR)
    price = np.ascontiguousarray(ticks["last_price"])
    bar["ticks"] = ends - begins + 1
    bar["open"], bar["close"] = price[begins], price[ends]
    bar["high"], bar["low"] = np.maximum.reduceat(price, begins), np.minimum.reduceat(price, begins)
    bar["volume"] = np.maximum.reduceat(ticks["volume"], begins)
    bar["oi"] = ticks["oi"][ends]
    bar["bought"], bar["sold"] = np.add.reduceat(bought, begins), np.add.reduceat(sold, begins)
    bar["first"], bar["last"] = ticks["exchange_time"][begins], ticks["exchange_time"][ends]
    bars[rows[begins]] = bar


def _flow(was: Ticks, ticks: Ticks) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """What of each tick's new volume was bought at the ask or sold at the bid of the quote before it.

    Inside the spread the move of the price decides; without a move it is neither.
    """
    known = was["exchange_time"] > 0
    traded = np.where(known, np.maximum(ticks["volume"] - was["volume"], 0), 0)
    price = ticks["last_price"]
    at_ask = (was["ask"] > 0) & (price >= was["ask"])
    at_bid = (was["bid"] > 0) & (price <= was["bid"])
    inside = ~at_ask & ~at_bid
    buy = at_ask | (inside & (price > was["last_price"]))
    sell = at_bid | (inside & (price < was["last_price"]))
    return np.where(buy & ~sell, traded, 0), np.where(sell & ~buy, traded, 0)
