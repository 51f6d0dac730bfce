"""One-minute bars from ticks, and the longer bars they make.

A bar belongs to the minute of its ticks' exchange time. Its volume is the difference of the day's cumulative
volume, so that a lost or repeated tick costs or adds nothing. The ticks of an open minute are kept until it
is closed and are then put into the exchange's order, so that a bar depends on which ticks came and not on how
or in which order. All arrays have one row an instrument; docs/concepts/candles.md has the rules.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from patang.market.minute_bars import BAR, TickColumns, highest_so_far, traded_flow, write_bars
from patang.market.tick_order import exchange_order
from patang.market.ticks import TICK

__all__ = ["BAR", "MINUTE", "BarBuilder", "ClosedBars", "LongBars"]

type Ticks = NDArray[np.void]
type Rows = NDArray[np.intp]
type Seconds = NDArray[np.int64]

MINUTE = 60  # seconds
_PRE_OPEN = 15 * MINUTE
_UNKNOWN = -1


@dataclass(frozen=True, slots=True, eq=False)
class ClosedBars:
    """A closed minute, one row an instrument; a row of 0 ticks, or of exchange time 0, has nothing.

    `bars` of the minute (BAR), `auction`: prints of the closing auction in the minute, which belong to the
    day's bar alone (BAR), `quotes`: the last tick of the minute (TICK), `gap`: whether the stream was
    interrupted within it. `ticks` are the minute's (TICK) as they came, `order` their places by row and then
    in the exchange's order, `rows` the row of each in that order.
    """

    bars: Ticks
    auction: Ticks
    quotes: Ticks
    gap: bool
    rows: Rows
    order: Rows
    ticks: Ticks

    def ticks_of(self, wanted: NDArray[np.bool_]) -> tuple[Rows, Ticks]:
        """Row and tick of all ticks of those instruments, by row, then in the exchange's order."""
        those = wanted[self.rows]
        return self.rows[those], self.ticks[self.order[those]]


class BarBuilder:
    """The open minutes of a session. Times are epoch seconds.

    `opening`, `closing` and `auction_closing` are the hours of each row: continuous trading from `opening`
    until just before `closing`, then prints of the closing auction until `auction_closing`, itself included,
    which is `closing` where there is none; zeros for a row that does not trade. `breaks` are interruptions
    (from, until just before) of all rows.
    """

    def __init__(
        self,
        opening: Seconds,
        closing: Seconds,
        auction_closing: Seconds,
        breaks: Sequence[tuple[int, int]] = (),
    ) -> None:
        rows = len(opening)
        self.closed_through = int(opening[opening > 0].min()) - MINUTE if opening.any() else 0
        self.late = 0
        self._opening, self._closing, self._auction_closing = opening, closing, auction_closing
        self._breaks = tuple(breaks)
        self._traded_before = np.full(rows, _UNKNOWN, np.int64)
        self._latest = np.zeros(rows, TICK)
        self._pre_open = np.zeros(rows, TICK)
        self._rows: list[Rows] = []
        self._ticks: list[Ticks] = []
        self._gaps: set[int] = set()

    def mark_gap(self, first: int, last: int) -> None:
        """The stream was interrupted from second `first` to second `last`, both included."""
        start = max(first // MINUTE * MINUTE, self.closed_through + MINUTE)
        self._gaps.update(range(start, last + 1, MINUTE))

    def add(self, rows: Rows, ticks: Ticks) -> None:
        """Take ticks, in any order; `rows` says whose they are. Those of closed minutes count as `late`."""
        time = ticks["exchange_time"]
        early = time < self._opening[rows]
        if early.any():
            self._add_early(rows[early], ticks[early])
        wanted = (ticks["last_price"] > 0) & ~early
        wanted &= (time < self._closing[rows]) | (time <= self._auction_closing[rows])
        for begin, end in self._breaks:
            wanted &= (time < begin) | (time >= end)
        on_time = time >= self.closed_through + MINUTE
        self.late += int(np.count_nonzero(wanted & ~on_time))
        wanted &= on_time
        if wanted.any():
            self._rows.append(rows[wanted])
            self._ticks.append(ticks[wanted])

    def close(self, minute: int) -> ClosedBars:
        """The bars of a minute, by its start. Every minute before it must have been closed."""
        rows, ticks = self._due(minute + MINUTE)
        rows, ticks = self._with_opening_prints(minute, rows, ticks)
        self.closed_through = minute
        count = len(self._latest)
        gap = minute in self._gaps
        self._gaps.discard(minute)
        order = exchange_order(rows, ticks)
        bars, auction, quotes = np.zeros(count, BAR), np.zeros(count, BAR), np.zeros(count, TICK)
        closed = ClosedBars(bars, auction, quotes, gap, rows[order], order, ticks)
        if len(order):
            self._fill(closed)
        return closed

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything that `restore` needs, by name."""
        rows, ticks = self._open()
        return {
            "bars_clock": np.array([self.closed_through, self.late], np.int64),
            "bars_traded_before": self._traded_before,
            "bars_latest": self._latest,
            "bars_pre_open": self._pre_open,
            "bars_gaps": np.array(sorted(self._gaps), np.int64),
            "bars_open_rows": rows.astype(np.int64),
            "bars_open_ticks": ticks,
        }

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take over what `arrays` of a builder of the same rows and hours gave."""
        self.closed_through, self.late = arrays["bars_clock"].tolist()
        self._traded_before = arrays["bars_traded_before"].copy()
        self._latest = arrays["bars_latest"].copy()
        self._pre_open = arrays["bars_pre_open"].copy()
        self._gaps = set(arrays["bars_gaps"].tolist())
        self._rows = [arrays["bars_open_rows"].astype(np.intp)]
        self._ticks = [arrays["bars_open_ticks"].copy()]

    def _add_early(self, rows: Rows, ticks: Ticks) -> None:
        """Ticks of before the open show that the day's volume is watched from zero; the last is kept.

        In the pre-open the volume is what would be matched, with bids above asks, and the price is still
        yesterday's: only the last such tick, after the match, says what was traded.
        """
        self._traded_before[rows[self._traded_before[rows] == _UNKNOWN]] = 0
        pre_open = ticks["exchange_time"] >= self._opening[rows] - _PRE_OPEN
        rows, ticks = rows[pre_open], ticks[pre_open]
        order = exchange_order(rows, ticks)
        rows, ticks = rows[order], ticks[order]
        last = np.append(rows[1:] != rows[:-1], True)[: len(rows)]
        rows, ticks = rows[last], ticks[last]
        known = self._pre_open[rows]
        newer = ticks["exchange_time"] > known["exchange_time"]
        newer |= (ticks["exchange_time"] == known["exchange_time"]) & (ticks["volume"] >= known["volume"])
        self._pre_open[rows[newer]] = ticks[newer]

    def _with_opening_prints(self, minute: int, rows: Rows, ticks: Ticks) -> tuple[Rows, Ticks]:
        """What the pre-open's match traded opens the first bar, as it does in the broker's candles."""
        last = self._pre_open
        crossed = (last["bid"] >= last["ask"]) & (last["ask"] > 0)
        booked = (last["bid"] > 0) | (last["ask"] > 0)
        matched = (last["volume"] > 0) & booked & ~crossed
        prints = np.flatnonzero(matched & (self._opening == minute))
        if len(prints) == 0:
            return rows, ticks
        return np.concatenate((prints, rows)), np.concatenate((last[prints], ticks))

    def _open(self) -> tuple[Rows, Ticks]:
        if not self._rows:
            return np.zeros(0, np.intp), np.zeros(0, TICK)
        return np.concatenate(self._rows), np.concatenate(self._ticks)

    def _due(self, until: int) -> tuple[Rows, Ticks]:
        """The kept ticks of before `until`; the others stay."""
        rows, ticks = self._open()
        due = ticks["exchange_time"] < until
        self._rows, self._ticks = [], []
        if due.all():
            return rows, ticks
        self._rows, self._ticks = [rows[~due]], [ticks[~due]]
        return rows[due], ticks[due]

    def _fill(self, closed: ClosedBars) -> None:
        """Write what a minute's ticks make of each instrument."""
        rows, order, ticks = closed.rows, closed.order, closed.ticks
        now = TickColumns.of(ticks, order)
        begins = np.flatnonzero(np.append(True, rows[1:] != rows[:-1]))
        ends = np.append(begins[1:], len(rows)) - 1
        of = rows[begins]
        self._count_from(of, now.volume[begins], now.time[begins])
        was = now.after(begins, TickColumns.of(self._latest, of))
        was = was._replace(volume=highest_so_far(rows, np.maximum(was.volume, self._traded_before[rows])))
        flow = traded_flow(was, now)
        continuous = now.time < self._closing[rows]
        # An index trades nothing: a new value of it is what the auction's prices make.
        valued = (was.time > 0) & (now.volume == 0) & (now.price != was.price)
        prints = ~continuous & ((now.volume > was.volume) | valued)
        for bars, those in ((closed.bars, continuous), (closed.auction, prints)):
            self._take_difference(bars, write_bars(bars, rows, now, flow, those))
        closed.quotes[of] = self._latest[of] = ticks[order[ends]]

    def _count_from(self, rows: Rows, volume: NDArray[np.int64], time: Seconds) -> None:
        """Of an instrument not seen before, take the volume so far for traded before it was watched.

        In its first minute it is watched from the open, and counts from zero.
        """
        unknown = self._traded_before[rows] == _UNKNOWN
        rows, volume, time = rows[unknown], volume[unknown], time[unknown]
        self._traded_before[rows] = np.where(time < self._opening[rows] + MINUTE, 0, volume)

    def _take_difference(self, bars: Ticks, rows: Rows) -> None:
        cumulative = np.maximum(bars["volume"][rows], self._traded_before[rows])
        bars["volume"][rows] = cumulative - self._traded_before[rows]
        self._traded_before[rows] = cumulative


class LongBars:
    """Bars of `minutes` one-minute bars, aligned to the clock; the whole session is the longest."""

    def __init__(self, rows: int, minutes: int) -> None:
        self.minutes = minutes
        self.bars = np.zeros(rows, BAR)

    def add(self, closed: Ticks) -> None:
        """Take a closed minute's bars; the day's take its auction prints too."""
        rows = np.flatnonzero(closed["ticks"])
        was, new = self.bars[rows], closed[rows]
        begins = was["ticks"] == 0
        bar = new.copy()
        bar["high"] = np.where(begins, new["high"], np.maximum(was["high"], new["high"]))
        bar["low"] = np.where(begins, new["low"], np.minimum(was["low"], new["low"]))
        for name in ("open", "first"):
            bar[name] = np.where(begins, new[name], was[name])
        for name in ("ticks", "volume", "bought", "sold"):
            bar[name] += was[name]
        self.bars[rows] = bar

    def take_ended(self, minute: int, closing: Seconds) -> Ticks:
        """The bars that end with this minute, on the clock or because a row's trading does; else 0 ticks.

        The next ones begin empty.
        """
        end = minute + MINUTE
        on_the_clock = end % (self.minutes * MINUTE) == 0
        ended = (closing == end) | on_the_clock
        done = np.zeros(len(self.bars), BAR)
        done[ended] = self.bars[ended]
        self.bars[ended] = 0
        return done
