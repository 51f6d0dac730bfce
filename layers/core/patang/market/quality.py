"""Checks of historical candles: what is reported, and which bars are not to be trusted.

Nothing is mended here. A finding names the rows that it condemns; who keeps the candles moves these aside.
Prices of whole sets are checked at once, so that a million bars take seconds.
"""

from collections.abc import Callable, Collection
from datetime import date

import numpy as np
from numpy.typing import NDArray

from patang.market.bar_hours import check_hours
from patang.market.findings import CandleColumns, Finding, FindingKind, day_of, days_of, moment_of
from patang.market.outliers import jumps, outliers

__all__ = ["check_candles", "condemned"]

type Mask = NDArray[np.bool_]

_NONE = np.zeros(0, np.int64)


def check_candles(
    candles: CandleColumns,
    known_empty: Collection[date] = (),
    set_aside: NDArray[np.int64] = _NONE,
) -> list[Finding]:
    """Everything wrong with one symbol's candles, by day and time.

    `known_empty`: sessions of which the source said that it has no candles; `set_aside`: starts, in epoch
    seconds, of bars that were taken out before. Neither is missed. Bars condemned for what they show by
    themselves are left out where bars are compared with each other.
    """
    if not len(candles):
        return []
    found = [*_order(candles), *_prices(candles), *check_hours(candles, known_empty, set_aside)]
    sound = ~condemned(found, len(candles))
    rows = np.flatnonzero(sound)
    rows = rows[np.argsort(candles.start[rows], kind="stable")]
    found += outliers(candles, rows)
    found += jumps(candles, rows)
    return sorted(found, key=lambda finding: (finding.timestamp, finding.kind))


def condemned(findings: Collection[Finding], length: int) -> Mask:
    """Which of `length` bars some finding condemns."""
    mask = np.zeros(length, np.bool_)
    for finding in findings:
        mask[list(finding.rows)] = True
    return mask


def _order(candles: CandleColumns) -> list[Finding]:
    """Days whose bars are not in order, and bars of the same start.

    Disorder condemns nothing: a bar says itself when it was. Of identical copies the first is kept. Of bars
    that contradict each other none is: nothing tells which is right.
    """
    start = candles.start
    back = np.flatnonzero(start[1:] < start[:-1]) + 1
    days = days_of(start[back])
    found = []
    for number in np.unique(days).tolist():
        here = back[days == number]
        meaning = f"the file is not in order: {len(here)} times a bar stands behind a later one"
        moment = moment_of(int(start[here[0]]))
        found.append(Finding("unsorted", candles.symbol, day_of(number), moment, float(len(here)), meaning))
    order = np.argsort(start, kind="stable")
    same = start[order][1:] == start[order][:-1]
    found += [_copies(candles, order[begin : end + 2]) for begin, end in _runs(same)]
    return found


def _copies(candles: CandleColumns, rows: NDArray[np.intp]) -> Finding:
    columns = (candles.open, candles.high, candles.low, candles.close, candles.volume)
    same = all(np.array_equal(column[rows[1:]], column[rows[:-1]], equal_nan=True) for column in columns)
    if same:
        meaning = f"the same bar {len(rows)} times: the first is kept"
        return _finding(candles, "duplicate", rows[1:], float(len(rows)), meaning)
    meaning = f"{len(rows)} bars of this start that contradict each other: none can be trusted"
    return _finding(candles, "conflict", rows, float(len(rows)), meaning)


def _prices(candles: CandleColumns) -> list[Finding]:
    """Faults that a bar shows by itself, the gravest first."""
    prices = np.stack([candles.open, candles.high, candles.low, candles.close])
    lowest = np.where(np.isfinite(prices), prices, -np.inf).min(axis=0)
    unpriced = ~(lowest > 0)
    inverted = ~unpriced & (candles.high < candles.low)
    top = np.maximum(candles.open, candles.close) - candles.high
    bottom = candles.low - np.minimum(candles.open, candles.close)
    beyond = np.maximum(top, bottom)
    outside = ~unpriced & ~inverted & (beyond > 0)
    volume = candles.volume
    return [
        *_each(
            candles, unpriced, "no_price", lambda row: float(lowest[row]),
            "a price of {value:g}: zero, negative or none at all",
        ),
        *_each(
            candles, inverted, "high_below_low", lambda row: float(candles.high[row] - candles.low[row]),
            "the high lies {value:.2f} from the low: below it",
        ),
        *_each(
            candles, outside, "outside_range", lambda row: float(beyond[row]),
            "open or close lies {value:.2f} outside of low to high",
        ),
        *_each(
            candles, volume < 0, "negative_volume", lambda row: float(volume[row]),
            "a volume of {value:.0f}",
        ),
    ]  # fmt: skip


def _each(
    candles: CandleColumns, mask: Mask, kind: FindingKind, value: Callable[[int], float], meaning: str
) -> list[Finding]:
    """One finding a bar of the mask; `meaning` may show the value."""
    found = []
    for row in np.flatnonzero(mask).tolist():
        measured = value(row)
        found.append(_finding(candles, kind, np.array([row]), measured, meaning.format(value=measured)))
    return found


def _finding(
    candles: CandleColumns, kind: FindingKind, rows: NDArray[np.intp], value: float, meaning: str
) -> Finding:
    start = int(candles.start[rows[0]])
    day = day_of(int(days_of(candles.start[rows[:1]])[0]))
    return Finding(kind, candles.symbol, day, moment_of(start), value, meaning, tuple(rows.tolist()))


def _runs(mask: Mask) -> list[tuple[int, int]]:
    """First and last place of each stretch of True."""
    edges = np.diff(np.concatenate([[0], mask.astype(np.int8), [0]]))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1
    return list(zip(starts.tolist(), ends.tolist(), strict=True))
