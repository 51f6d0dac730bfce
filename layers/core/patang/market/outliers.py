"""Prices that no neighbour bears out, and changes overnight that look like a corporate action."""

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from patang.market.findings import CandleColumns, Finding, day_of, days_of, moment_of

__all__ = ["jumps", "outliers"]

type Floats = NDArray[np.float64]
type Rows = NDArray[np.intp]

_NEIGHBOURS = 5
_NEAR = 15
# A spike is as far from the bars on both sides as this many usual ranges of a bar.
_RANGES = 12.0
# The opening bar holds the auction's price, which may be far from both sides and real; the last bar of all
# has one side only. They must stand out by this much more.
_OPENING_OR_LAST = 2.5
# The least that is taken for a usual range: in rupees, since a step of one tick says nothing, and as a share
# of the price, of a minute; that grows with the root of the time. A price held at its circuit limit has no
# range, and then trades once somewhere else.
_LEAST_RUPEES = 0.02
_LEAST_RANGE = 0.0004
_SESSION_MINUTES = 375

_JUMP = 0.15
_SPLITS = {
    "1:10": 0.1, "1:5": 0.2, "1:4": 0.25, "1:3": 1 / 3, "2:5": 0.4, "1:2": 0.5, "3:5": 0.6, "2:3": 2 / 3,
    "3:4": 0.75, "4:5": 0.8, "5:6": 5 / 6,
}  # fmt: skip
_SPLIT_MISS = 0.04


def outliers(candles: CandleColumns, rows: Rows) -> list[Finding]:
    """Bars whose high or low stands out against the bars before AND the bars behind.

    `rows`: sound bars in the order of time. A crash moves the price and does not bring it back within five
    bars, so its bars agree with one side; what is usual is taken from the near bars and from the whole day,
    so that a wild day is measured by its own ranges.
    """
    if len(rows) < 2 * _NEIGHBOURS + 1:
        return []
    high, low, close = candles.high[rows], candles.low[rows], candles.close[rows]
    days = days_of(candles.start[rows])
    before, after = _medians_beside(close)
    above = high - np.maximum(before, after)
    below = np.minimum(before, after) - low
    distance = np.maximum(above, below)
    least = _LEAST_RANGE * math.sqrt(min(candles.step / 60, _SESSION_MINUTES))
    moved = _true_ranges(high, low, close, days)
    usual = np.maximum(_day_medians(moved, days), np.maximum(least * close, _LEAST_RUPEES))
    wanted = np.full(len(rows), _RANGES)
    wanted[np.concatenate([[True], days[1:] != days[:-1]])] *= _OPENING_OR_LAST
    wanted[-1] = _RANGES * _OPENING_OR_LAST
    found = []
    for place in np.flatnonzero(distance > wanted * usual).tolist():
        near = np.r_[max(place - _NEAR, 0) : place, place + 1 : min(place + _NEAR + 1, len(rows))]
        beside = moved[near][moved[near] > 0]
        local = float(np.median(beside)) if len(beside) else 0.0
        ranges = float(distance[place]) / max(float(usual[place]), local)
        if ranges > wanted[place]:
            up = bool(above[place] >= below[place])
            found.append(_spike(candles, int(rows[place]), float(distance[place]), up, ranges))
    return found


def _medians_beside(close: Floats) -> tuple[Floats, Floats]:
    """Of each place: the median close of the five bars before and of the five behind.

    Near the ends, of as many as there are; where there is none, the other side stands for both.
    """
    windows = np.median(sliding_window_view(close, _NEIGHBOURS), axis=1)
    before, after = np.empty(len(close)), np.empty(len(close))
    before[_NEIGHBOURS:] = windows[:-1]
    after[:-_NEIGHBOURS] = windows[1:]
    for place in range(1, _NEIGHBOURS):
        before[place] = np.median(close[:place])
        after[-place - 1] = np.median(close[-place:])
    before[0], after[-1] = after[0], before[-1]
    return before, after


def _true_ranges(high: Floats, low: Floats, close: Floats, days: NDArray[np.int64]) -> Floats:
    """Of each bar: high to low, and from the close before within the day; zero where nothing moved."""
    before = np.concatenate([close[:1], close[:-1]])
    before = np.where(np.concatenate([[True], days[1:] != days[:-1]]), close, before)
    found: Floats = np.maximum(high, before) - np.minimum(low, before)
    return found


def _day_medians(ranges: Floats, days: NDArray[np.int64]) -> Floats:
    """Of each place: the median range of its day's bars that moved; zero if none did. `days` do not fall.

    A bar without a trade says nothing about how far a trade usually goes.
    """
    _, begins, counts = np.unique(days, return_index=True, return_counts=True)
    ordered = ranges[np.lexsort((ranges, days))]
    still = np.add.reduceat(ordered <= 0, begins)
    live = np.maximum(counts - still, 1)
    first = np.minimum(begins + still, begins + counts - 1)
    return np.repeat((ordered[first + (live - 1) // 2] + ordered[first + live // 2]) / 2, counts)


def _spike(candles: CandleColumns, row: int, distance: float, up: bool, ranges: float) -> Finding:
    side, price = ("high", candles.high[row]) if up else ("low", candles.low[row])
    meaning = (
        f"the {side} of {price:.2f} is {distance:.2f} from the bars before and behind, "
        f"{ranges:.0f} times the usual range of a bar"
    )
    start = candles.start[row : row + 1]
    day = day_of(int(days_of(start)[0]))
    return Finding("outlier", candles.symbol, day, moment_of(int(start[0])), distance, meaning, (row,))


def jumps(candles: CandleColumns, rows: Rows) -> list[Finding]:
    """Changes of 15 % or more from one day's last close to the next day's first open, as notes.

    `rows`: sound bars in the order of time. `value` is the ratio of open to close. An option's price jumps
    every night, and a future's with its underlying: of derivatives nothing is told.
    """
    if candles.segment == "derivatives":
        return []
    start, days = candles.start[rows], days_of(candles.start[rows])
    first = np.flatnonzero(np.diff(days)) + 1
    ratios = candles.open[rows][first] / candles.close[rows][first - 1]
    found = []
    for place, ratio in zip(first.tolist(), ratios.tolist(), strict=True):
        if abs(ratio - 1) >= _JUMP:
            day, moment = day_of(int(days[place])), moment_of(int(start[place]))
            found.append(Finding("jump", candles.symbol, day, moment, ratio, _jump_text(ratio)))
    return found


def _jump_text(ratio: float) -> str:
    name, nearest = min(_SPLITS.items(), key=lambda item: abs(math.log(ratio / item[1])))
    text = f"opens at {ratio:.4f} of the close before"
    if abs(ratio / nearest - 1) <= _SPLIT_MISS:
        return (
            f"{text}: looks like a split or bonus, old to new shares {name}; prices before are not adjusted"
        )
    return f"{text}: news, a corporate action, or two series put together"
