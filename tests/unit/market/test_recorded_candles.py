"""Candles from recorded seconds beside the candles that others made of the same days.

The recorder took one price a second; the candles it is compared with were made of every price. So they
cannot all be equal: what differs must have one of the reasons below. `pytest -s` prints the figures.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from statistics import median

import numpy as np
import pytest
from numpy.typing import NDArray

from patang.market.bars import MINUTE
from tests.unit.market.recorded import FIELDS, by_day, columns, minute_bars, session_of

SHIFTS = range(-300, 301)
# Seconds at a minute's begin that the other side may count to the minute before.
BOUNDARY = 3
# How far from the recorder's seconds a price may lie, in largest moves from one second of the minute to the
# next: enough to tell "between two samples" from "elsewhere".
REACH = 3

EQUAL = "equal"
CLOCK = "the recorder's clock was off that day: equal once it is set right"
NOTHING = "nothing recorded in the minute"
MISSING = "seconds of the minute were not recorded"
EDGE = "the first seconds still show the minute before"
EXTREME = "the high or low lies between two recorded seconds"
EDGE_AND_EXTREME = "the first seconds show the minute before, and the high or low lies between two"
FIRST = "the session's first minute: the recorder still shows the pre-open"
ENDS = "the open or close lies between two recorded seconds"
UNSEEN = "the recorder saw a price that the other candle lacks"
CLASSES = (CLOCK, NOTHING, MISSING, EDGE, EXTREME, EDGE_AND_EXTREME, FIRST, ENDS, UNSEEN)


@dataclass(frozen=True)
class Given:
    """A candle of the other side."""

    open: float
    high: float
    low: float
    close: float

    def holds(self, prices: NDArray[np.float64]) -> bool:
        return bool(np.all((prices >= self.low) & (prices <= self.high)))

    def equals(self, prices: NDArray[np.float64]) -> bool:
        made = (prices[0], prices.max(), prices.min(), prices[-1])
        return made == (self.open, self.high, self.low, self.close)

    def has_ends(self, prices: NDArray[np.float64]) -> bool:
        return (prices[0], prices[-1]) == (self.open, self.close)

    def distance(self, prices: NDArray[np.float64]) -> float:
        """How far the candle's four prices and the recorded ones lie apart at most."""
        own = (self.open, self.high, self.low, self.close)
        return max(
            max(np.abs(prices - price).min() for price in own),
            self.low - prices.min(),
            prices.max() - self.high,
        )


def reason(given: Given, seconds: NDArray[np.int64], prices: NDArray[np.float64], minute: int) -> str | None:
    """Why a candle of those recorded seconds (of the minute) and prices differs; None: nobody knows."""
    if len(prices) == 0:
        return NOTHING
    for late in range(1, BOUNDARY + 1):
        rest = prices[seconds >= late]
        if len(rest) and given.equals(rest):
            return EDGE
    if given.holds(prices) and given.has_ends(prices):
        return EXTREME
    for late in range(1, BOUNDARY + 1):
        rest = prices[seconds >= late]
        if len(rest) and given.holds(rest) and given.has_ends(rest):
            return EDGE_AND_EXTREME
    if len(prices) < MINUTE:
        return MISSING
    if minute == 0:
        return FIRST
    if given.distance(prices) > REACH * np.abs(np.diff(prices)).max():
        return None
    return ENDS if given.holds(prices) else UNSEEN


@dataclass(frozen=True)
class Day:
    """A recorded day beside its candles: recorded seconds since the open and prices, four prices a minute."""

    day: date
    seconds: NDArray[np.int64]
    prices: NDArray[np.float64]
    given: NDArray[np.float64]

    def made(self, shift: int = 0) -> NDArray[np.float64]:
        """Our candles of the recorded seconds, the recorder's clock moved by `shift`."""
        epochs = self.seconds + shift + int(session_of(self.day).open.timestamp())
        bars = minute_bars(self.day, epochs, self.prices, np.zeros(len(epochs), np.int64))
        made = np.column_stack([bars[name] for name in FIELDS])
        return np.where(bars["ticks"][:, None] > 0, made, np.nan)

    def shift(self) -> int:
        """What sets the recorder's clock right: by this many seconds its prices are the candles' closes."""
        last = MINUTE * np.arange(len(self.given)) + MINUTE - 1
        at = dict(zip(self.seconds.tolist(), self.prices.tolist(), strict=True))
        closes = dict(zip(last.tolist(), self.given[:, 3].tolist(), strict=True))
        agree = {s: sum(at.get(second - s) == close for second, close in closes.items()) for s in SHIFTS}
        return max(SHIFTS, key=lambda s: (agree[s], -abs(s)))

    def reasons(self) -> Iterator[str | None]:
        """Of each minute whether the candles are equal, or why not."""
        shift = self.shift()
        here, there = self.made(), self.made(shift)
        for minute, given in enumerate(self.given):
            if np.isnan(given).any():
                continue
            if np.array_equal(here[minute], given):
                yield EQUAL
            elif np.array_equal(there[minute], given):
                yield CLOCK
            else:
                since = self.seconds + shift - MINUTE * minute
                within = (since >= 0) & (since < MINUTE)
                yield reason(Given(*given), since[within], self.prices[within], minute)


@pytest.fixture(scope="module")
def nifty() -> list[Day]:
    ticks = dict(by_day(columns("ticks/NIFTY_1s_2022-08_12.parquet", "ts", "ltp")))
    days = []
    for day, candles in by_day(columns("index_1m/NIFTY_1m_2022-08_10.parquet", "ts", *FIELDS)):
        if day in ticks:
            opening = int(session_of(day).open.timestamp())
            given = np.full((375, 4), np.nan)
            minutes = (candles["ts"] - opening) // MINUTE
            within = (minutes >= 0) & (minutes < len(given))
            given[minutes[within]] = np.column_stack([candles[name][within] for name in FIELDS])
            days.append(Day(day, ticks[day]["ts"] - opening, ticks[day]["ltp"], given))
    return days


def test_the_index_from_recorded_seconds(nifty):
    reasons = {day.day: Counter(day.reasons()) for day in nifty}
    shares = {day: counts[EQUAL] / counts.total() for day, counts in reasons.items()}
    right = {day: (counts[EQUAL] + counts[CLOCK]) / counts.total() for day, counts in reasons.items()}
    total = sum(reasons.values(), Counter())
    figures = [
        f"{len(nifty)} days, {total.total()} candles: equal at the median day {median(shares.values()):.1%}, "
        f"with the recorder's clock set right {median(right.values()):.1%}",
        *(f"{total[name]:6d}  {name}" for name in (EQUAL, *CLASSES)),
    ]
    print("\n" + "\n".join(figures))  # noqa: T201 (the figures)
    assert total[None] == 0, "a difference that none of the reasons covers"
    assert median(shares.values()) >= 0.85
    assert len(nifty) >= 20
    assert total[UNSEEN] < 0.002 * total.total()


def test_a_candle_of_another_price_has_no_reason(nifty):
    day = nifty[0]
    within = (day.seconds >= 600) & (day.seconds < 660)
    elsewhere = Given(*(day.given[10] * 1.01))
    assert reason(elsewhere, day.seconds[within] - 600, day.prices[within], 10) is None


@pytest.mark.parametrize("symbol", ["INFY", "TCS"])
def test_the_volume_of_quarters_of_an_hour(symbol):
    """Differences of the recorded cumulative volume beside the volumes of an independent record.

    The recorder misses seconds, and the two clocks agree to a tick. What was traded in the recorded ticks
    next to an edge belongs to either side, so that the true volume lies between two bounds.
    """
    ticks = columns("ticks/ticks_1s_8sym_2021-06.parquet", "symbol", "ts", "ltp", "volume")
    own = {name: column[ticks["symbol"] == symbol] for name, column in ticks.items() if name != "symbol"}
    candles = columns("stocks_15m/liquid9_15m_2015_2024.parquet", "symbol", "ts", "volume")
    theirs = {name: column[candles["symbol"] == symbol] for name, column in candles.items()}
    volume_at = dict(zip(theirs["ts"].tolist(), theirs["volume"].tolist(), strict=True))
    found = Counter()
    for day, seconds in by_day(own):
        bars = minute_bars(day, seconds["ts"], seconds["ltp"], seconds["volume"])
        quarters = bars["volume"].reshape(25, 15).sum(axis=1)
        opening = int(session_of(day).open.timestamp())
        for quarter, volume in enumerate(quarters.tolist()):
            start = opening + 900 * quarter
            edges = np.searchsorted(seconds["ts"], [start, start + 900])
            if start not in volume_at or edges[0] < 2 or edges[1] + 2 > len(seconds["ts"]):
                continue
            found[volume_reason(volume, volume_at[start], seconds["volume"], *edges.tolist())] += 1
    print(f"\n{symbol}: {dict(found)}")  # noqa: T201 (the figures)
    assert found[None] == 0
    assert found[EQUAL] > 0.6 * found.total()


def volume_reason(made: int, given: int, cumulative: NDArray[np.int64], first: int, after: int) -> str | None:
    if made == given:
        return EQUAL
    least = cumulative[after - 2] - cumulative[first + 1]
    most = cumulative[after + 1] - cumulative[first - 2]
    return "traded within two recorded ticks of an edge" if least <= given <= most else None
