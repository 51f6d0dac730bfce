"""One-minute bars from ticks, and the longer bars they make.

A bar belongs to the minute of its ticks' exchange time. Its volume is the difference of the day's cumulative
volume, so that a lost or repeated tick costs or adds nothing; its prices do not depend on the order in which
ticks of different seconds arrive. All arrays have one row an instrument.
"""

import numpy as np
from numpy.typing import NDArray

from patang.market.ticks import TICK

__all__ = ["BAR", "MINUTE", "BarBuilder", "LongBars"]

type Ticks = NDArray[np.void]
type Rows = NDArray[np.intp]

# A bar in the making. `volume` is cumulative over the day while the minute is open and the bar's own once it
# is closed; `bought` and `sold` are the volume that lifted the ask or hit the bid; `first` and `last` are the
# exchange times of its ticks. A bar with no ticks does not exist.
BAR = np.dtype([
    ("ticks", "<i8"), ("open", "<f8"), ("high", "<f8"), ("low", "<f8"), ("close", "<f8"), ("volume", "<i8"),
    ("oi", "<i8"), ("bought", "<i8"), ("sold", "<i8"), ("first", "<i8"), ("last", "<i8"),
])  # fmt: skip

MINUTE = 60  # seconds
_UNKNOWN = -1


class BarBuilder:
    """The open minutes of a session. Times are epoch seconds; `opening` and `closing` bound the session."""

    def __init__(self, rows: int, opening: int, closing: int) -> None:
        self.opening = opening
        self.closing = closing
        self.closed_through = opening - MINUTE
        self.open_bars: dict[int, Ticks] = {}
        self.open_quotes: dict[int, Ticks] = {}
        self.traded_before = np.full(rows, _UNKNOWN, np.int64)
        self.latest = np.zeros(rows, TICK)
        self.late = 0

    def seen_from_the_open(self) -> None:
        """The stream is watched from the first minute on: the day's volume counts from zero."""
        self.traded_before[:] = 0

    def add(self, rows: Rows, ticks: Ticks) -> None:
        """Take ticks in the order of their arrival; `rows` says whose they are."""
        while len(rows):
            _, first = np.unique(rows, return_index=True)
            self._add_one_each(rows[first], ticks[first])
            rows, ticks = np.delete(rows, first), np.delete(ticks, first)

    def close(self, minute: int) -> tuple[Ticks, Ticks]:
        """The bars of a minute and the last tick each instrument had in it (rows of ticks 0: none).

        Every minute before it must have been closed.
        """
        bars = self.open_bars.pop(minute, None)
        quotes = self.open_quotes.pop(minute, None)
        self.closed_through = minute
        if bars is None or quotes is None:
            return np.zeros(len(self.latest), BAR), np.zeros(len(self.latest), TICK)
        traded = bars["ticks"] > 0
        cumulative = np.where(traded, bars["volume"], self.traded_before)
        bars["volume"] = np.where(traded, np.maximum(cumulative - self.traded_before, 0), 0)
        self.traded_before = np.maximum(self.traded_before, cumulative)
        return bars, quotes

    def _add_one_each(self, rows: Rows, ticks: Ticks) -> None:
        minutes = ticks["exchange_time"] // MINUTE * MINUTE
        wanted = (minutes >= self.opening) & (minutes < self.closing) & (ticks["last_price"] > 0)
        on_time = minutes > self.closed_through
        self.late += int(np.count_nonzero(wanted & ~on_time))
        bought, sold = self._flow(rows, ticks)
        for minute in np.unique(minutes[wanted & on_time]).tolist():
            of = wanted & (minutes == minute)
            self._merge(minute, rows[of], ticks[of], bought[of], sold[of])
        newer = ~_older(ticks, self.latest[rows])
        self.latest[rows[newer]] = ticks[newer]

    def _merge(
        self, minute: int, rows: Rows, ticks: Ticks, bought: NDArray[np.int64], sold: NDArray[np.int64]
    ) -> None:
        if minute not in self.open_bars:
            self.open_bars[minute] = np.zeros(len(self.latest), BAR)
            self.open_quotes[minute] = np.zeros(len(self.latest), TICK)
        quotes = self.open_quotes[minute]
        bars = self.open_bars[minute]
        was, price, time = bars[rows], ticks["last_price"], ticks["exchange_time"]
        new = was["ticks"] == 0
        opens = new | (time < was["first"])
        closes = new | ~_older(ticks, quotes[rows])
        bar = was.copy()
        bar["ticks"] += 1
        bar["open"] = np.where(opens, price, was["open"])
        bar["first"] = np.where(opens, time, was["first"])
        bar["high"] = np.where(new, price, np.maximum(was["high"], price))
        bar["low"] = np.where(new, price, np.minimum(was["low"], price))
        bar["close"] = np.where(closes, price, was["close"])
        bar["last"] = np.where(closes, time, was["last"])
        bar["oi"] = np.where(closes, ticks["oi"], was["oi"])
        bar["volume"] = np.maximum(was["volume"], ticks["volume"])
        bar["bought"] += bought
        bar["sold"] += sold
        bars[rows] = bar
        quotes[rows[closes]] = ticks[closes]
        unknown = self.traded_before[rows] == _UNKNOWN
        self.traded_before[rows[unknown]] = ticks["volume"][unknown]

    def _flow(self, rows: Rows, ticks: Ticks) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """What of each tick's new volume was bought at the ask or sold at the bid of the quote before it.

        Inside the spread the move of the price decides; without a move it is neither.
        """
        was = self.latest[rows]
        known = was["exchange_time"] > 0
        traded = np.where(known, np.maximum(ticks["volume"] - was["volume"], 0), 0)
        price = ticks["last_price"]
        at_ask = (was["ask"] > 0) & (price >= was["ask"])
        at_bid = (was["bid"] > 0) & (price <= was["bid"])
        inside = ~at_ask & ~at_bid
        buy = at_ask | (inside & (price > was["last_price"]))
        sell = at_bid | (inside & (price < was["last_price"]))
        return np.where(buy & ~sell, traded, 0), np.where(sell & ~buy, traded, 0)


class LongBars:
    """Bars of `minutes` one-minute bars, aligned to the clock; the whole session is the longest."""

    def __init__(self, rows: int, minutes: int) -> None:
        self.minutes = minutes
        self.bars = np.zeros(rows, BAR)

    def add(self, closed: Ticks) -> None:
        """Take a closed minute's bars."""
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


def _older(ticks: Ticks, than: Ticks) -> NDArray[np.bool_]:
    """Late or repeated: of an earlier second, or of the same with less traded."""
    earlier = ticks["exchange_time"] < than["exchange_time"]
    same = ticks["exchange_time"] == than["exchange_time"]
    older: NDArray[np.bool_] = earlier | (same & (ticks["volume"] < than["volume"]))
    return older
