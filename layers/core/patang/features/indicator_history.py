"""The indicators of a whole history at once: the numbers of `Indicators`, a stretch of bars at a time."""

import numpy as np
from numpy.typing import NDArray

from patang.features.indicator_formulas import (
    BAND_ROWS,
    BARS_NEEDED,
    SEEDED,
    SLOW_SUMS,
    SUMS,
    SmoothSums,
    band_features,
    keep_adx,
    movements,
    slow_inputs,
    trend_features,
    usable,
)
from patang.features.indicators import MINUTES_A_YEAR, BarColumns
from patang.features.rolling_moments import BAND, moments_of
from patang.features.vector import CANDLE_FEATURES

__all__ = ["candle_features"]

type Floats = NDArray[np.float64]
type Flags = NDArray[np.bool_]

# What is worked on at a time stays in the processor's cache: bars of the sums of all symbols, then bars and
# symbols of the bands.
_BARS = 32
_BAND_BARS, _BAND_SYMBOLS = 128, 128


def candle_features(history: BarColumns, bars_a_year: float = MINUTES_A_YEAR) -> Floats:
    """The candle features of a whole history, symbols x time x CANDLE_FEATURES.

    `history` holds symbols x time; row t of the result knows nothing behind column t. Where a symbol has no
    bar it keeps its values; NaN: not defined (yet).
    """
    symbols, times = history.close.shape
    # High, low and close x time x symbols, behind a time at which there was no bar yet.
    bars = np.empty((3, times + 1, symbols))
    bars[:, 0] = np.nan
    is_whole = True
    for row, column in zip(bars, (history.high, history.low, history.close), strict=True):
        row[1:] = column.T
        is_whole &= bool(row[1:].min(initial=1.0) > 0 and row[1:].max(initial=1.0) < np.inf)
    table = np.empty((len(CANDLE_FEATURES), times, symbols))
    if is_whole:
        _of_bars(bars, bars_a_year, table)
        return table.transpose(2, 1, 0)
    # Bars move up to follow one another, and each time takes the values of the last bar up to it.
    has = usable(*bars[:, 1:])
    bars[:, 1:] = np.take_along_axis(bars[:, 1:], np.argsort(~has, axis=0, kind="stable")[None], axis=1)
    _of_bars(bars, bars_a_year, table)
    place = np.cumsum(has, axis=0) - 1
    last = np.maximum(place, 0)
    for feature in table:
        feature[...] = np.where(place < 0, np.nan, np.take_along_axis(feature, last, axis=0))
    return table.transpose(2, 1, 0)


def _of_bars(bars: Floats, bars_a_year: float, table: Floats) -> None:
    """Into CANDLE_FEATURES x time x symbols, of bars without gaps; what is behind a symbol's last bar is
    worthless."""
    times, symbols = table.shape[1:]
    with np.errstate(invalid="ignore", divide="ignore"):
        _trends(bars, table)
        for start in range(0, times, _BAND_BARS):
            for first in range(0, symbols, _BAND_SYMBOLS):
                at = slice(max(start - BAND, 0), start + _BAND_BARS), slice(first, first + _BAND_SYMBOLS)
                _bands(bars[2, 1:][at], bars_a_year, table[:, *at], BAND if start else BAND - 1)
    for feature, needed in zip(table, BARS_NEEDED.tolist(), strict=True):
        feature[: needed - 1] = np.nan


def _trends(bars: Floats, table: Floats) -> None:
    """The features that come from sums, a few bars at a time."""
    times, symbols = table.shape[1:]
    inputs, slow_in = np.empty((8, _BARS, symbols)), np.empty((2, _BARS, symbols))
    # Written a bar at a time: what is of one bar lies together.
    found, slow_found = (np.empty((_BARS, rows, symbols)).transpose(1, 0, 2) for rows in (8, 2))
    sums, slow = np.zeros((8, symbols)), np.zeros((2, symbols))
    for start in range(0, times, _BARS):
        end = min(start + _BARS, times)
        size = end - start
        movements(bars[:, start + 1 : end + 1], bars[:, start:end], inputs[:, :size])
        sums = _carry_on(SUMS, sums, inputs[:, :size], start, found)
        still = slow_inputs(found[:, :size], slow_in[:, :size])
        if still.any():
            slow = _carry_on_unmoved(slow, slow_in[:, :size], still, start, slow_found)
        else:
            slow = _carry_on(SLOW_SUMS, slow, slow_in[:, :size], start, slow_found)
        trend_features(found[:, :size], slow_found[:, :size], table[:, start:end])


def _carry_on(kind: SmoothSums, sums: Floats, inputs: Floats, start: int, found: Floats) -> Floats:
    """Carry sums on through a stretch whose first bar is `start`; those of each bar into `found`, those of
    the last one returned."""
    decays, multiply, add = kind.decays(sums.shape[1]), np.multiply, np.add
    bars = zip(inputs.transpose(1, 0, 2), found.transpose(1, 0, 2), strict=False)
    for bar, (new, later) in enumerate(bars, start):
        if bar < SEEDED:
            later[...] = sums
            kind.seed_all(later, new, bar + 1)
        else:
            multiply(sums, decays, later)
            add(later, new, later)
        sums = later
    return sums.copy()


def _carry_on_unmoved(sums: Floats, inputs: Floats, still: Flags, start: int, found: Floats) -> Floats:
    """The same of the slow sums, where some DX are missing: those leave the sum as it is."""
    for t in range(inputs.shape[1]):
        keep_adx(inputs[:, t], sums, still[t], start + t + 1)
        sums = _carry_on(SLOW_SUMS, sums, inputs[:, t : t + 1], start + t, found[:, t : t + 1])
    return sums


def _bands(close: Floats, bars_a_year: float, table: Floats, begin: int) -> None:
    """The features of the last twenty bars, from bar `begin` of the stretch on."""
    times, symbols = close.shape
    if times < BAND:
        return
    ones, *_, twenties = moments_of(close)
    twenty_ago = np.concatenate((np.full((1, symbols), np.nan), ones[0, :-BAND]))
    # The first bar of a stretch that is not the first one has been done with the stretch before.
    done = begin - BAND + 1
    sums, squares = twenties[:, :, done:]
    # Made in one piece of memory and copied: the group's columns of the table are many small ones.
    found = np.empty((len(table), times - begin, symbols))
    band_features(ones[0, begin:], twenty_ago[done:], (sums, squares), bars_a_year, found)
    for row in BAND_ROWS:
        table[row, begin:] = found[row]
