"""One-minute bars with the features that the desk would have had of bars of 1, 5 and 15 minutes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from patang.backtest.history import SymbolHistory
from patang.errors import BadInput
from patang.features.indicator_history import candle_features
from patang.features.indicators import MINUTES_A_YEAR, BarColumns
from patang.features.timeframe import TIMEFRAMES
from patang.features.vector import CANDLE_FEATURES
from patang.market.bar_hours import day_hours
from patang.market.findings import day_of, days_of
from patang.market.instrument_hours import segment_of
from patang.market.instruments import Instrument

__all__ = ["MinuteBars", "closings", "day_volume", "featured", "unfeatured"]

type Floats = NDArray[np.float64]
type Epochs = NDArray[np.int64]

_MINUTE = 60
_PRICES = ("open", "high", "low", "close")


@dataclass(frozen=True, slots=True, eq=False)
class MinuteBars:
    """An index's or a share's bars of a minute in the order of time: `starts` in epoch seconds, prices in
    rupees, `volume` in units. Only bars of continuous trading, as the live desk builds them."""

    instrument: Instrument
    starts: Epochs
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def __len__(self) -> int:
        return len(self.starts)

    def rows(self, kept: slice | NDArray[np.bool_] | NDArray[np.intp]) -> "MinuteBars":
        """Some of the bars."""
        prices = (column[kept] for column in (self.open, self.high, self.low, self.close, self.volume))
        return MinuteBars(self.instrument, self.starts[kept], *prices)


def featured(bars: Sequence[MinuteBars]) -> list[SymbolHistory]:
    """The symbols with their features, each as if the desk had watched from its first bar on.

    Longer bars end as the live ones do: on the clock, or with their symbol's continuous trading. Raises
    BadInput for a day on which the calendar knows no session.
    """
    if not bars:
        return []
    frames = [_features(bars, minutes) for minutes in TIMEFRAMES]
    return [
        SymbolHistory(b.instrument, b.starts, b.open, b.high, b.low, b.close, b.volume, *of_symbol)
        for b, *of_symbol in zip(bars, *frames, strict=True)
    ]


def unfeatured(history: SymbolHistory) -> MinuteBars:
    """The bars alone, to compute their features again."""
    h = history
    return MinuteBars(h.instrument, h.starts, h.open, h.high, h.low, h.close, h.volume)


def closings(instrument: Instrument, starts: Epochs) -> Epochs:
    """When continuous trading in an instrument ends on the day of each bar, epoch seconds."""
    segment = segment_of(instrument)
    numbers, places = np.unique(days_of(starts), return_inverse=True)
    closes = []
    for day in map(day_of, numbers.tolist()):
        hours = day_hours(day, segment)
        if hours is None:
            raise BadInput(f"{instrument.symbol} has bars on {day}, a day without a session: leave them out")
        closes.append(hours.close)
    return np.array(closes, np.int64)[places]


def day_volume(history: SymbolHistory) -> Floats:
    """What had been traded on the bar's day when each bar closed, units."""
    total = np.cumsum(history.volume)
    _, first, places = np.unique(history.days, return_index=True, return_inverse=True)
    return total - (total[first] - history.volume[first])[places]


def _features(bars: Sequence[MinuteBars], minutes: int) -> list[Floats]:
    """Bars x CANDLE_FEATURES of each symbol: of the last bar of that length closed with each minute."""
    longer = [_ended(b, minutes) for b in bars]
    times = np.unique(np.concatenate([b.starts for b in longer]))
    table = np.full((4, len(bars), len(times)), np.nan)
    for row, b in enumerate(longer):
        at = np.searchsorted(times, b.starts)
        for column, name in enumerate(_PRICES):
            table[column, row, at] = getattr(b, name)
    columns = BarColumns(table[0], table[1], table[2], table[3], np.zeros(table.shape[1:]))
    found = candle_features(columns, MINUTES_A_YEAR / minutes)
    return [_as_of(found[row], times, b.starts + _MINUTE) for row, b in enumerate(bars)]


def _as_of(features: Floats, ends: Epochs, moments: Epochs) -> Floats:
    """The rows of the last of `ends` up to each moment; NaN before the first."""
    known = np.vstack([np.full(len(CANDLE_FEATURES), np.nan), features])
    taken: Floats = known[np.searchsorted(ends, moments, side="right")]
    return taken


def _ended(bars: MinuteBars, minutes: int) -> MinuteBars:
    """Bars of so many minutes, `starts` being the moment at which each ended."""
    length = minutes * _MINUTE
    ends = np.minimum(bars.starts - bars.starts % length + length, closings(bars.instrument, bars.starts))
    begins = np.flatnonzero(np.diff(ends, prepend=-1))
    last = np.append(begins[1:], len(ends)) - 1
    if not len(begins):
        return bars
    return MinuteBars(
        bars.instrument,
        ends[begins],
        bars.open[begins],
        np.maximum.reduceat(bars.high, begins),
        np.minimum.reduceat(bars.low, begins),
        bars.close[last],
        np.add.reduceat(bars.volume, begins),
    )
