"""Candles of a day and the market that a session is played from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from patang_workbench.exchange.hours import IST, Hours, hours_of, previous_days, rupees

__all__ = ["Bar", "Bars", "DayCandles", "MarketData", "aggregate", "iso"]


class Bar(NamedTuple):
    """One candle: start in seconds of the epoch, prices in paise, volume and open interest in units."""

    start: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    oi: int = 0


Bars = list[Bar]


@dataclass(frozen=True, slots=True)
class DayCandles:
    """One-minute candles of one symbol and day: int64 columns of equal length, prices in paise.

    `minute` counts from the day's opening; a minute without trades may be absent.
    """

    minute: NDArray[np.int64]
    open: NDArray[np.int64]
    high: NDArray[np.int64]
    low: NDArray[np.int64]
    close: NDArray[np.int64]
    volume: NDArray[np.int64]

    def bars(self, day: date) -> Bars:
        """The candles as rows with absolute starts."""
        start = int(hours_of(day).open.timestamp())
        columns = (self.minute * 60 + start, self.open, self.high, self.low, self.close, self.volume)
        return [Bar(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]


@dataclass(frozen=True, slots=True)
class MarketData:
    """What a session is played from: the day, the days before it, and each symbol's candles by day.

    `history` is ascending and ends before `session`. Indices are the symbols in `indices`; all others are
    shares. `daily` holds the candles of days of which no minutes are kept. `label` names the source for
    people.
    """

    label: str
    session: date
    history: tuple[date, ...]
    indices: tuple[str, ...]
    candles: Mapping[str, Mapping[date, DayCandles]]
    daily: Mapping[str, Mapping[date, Bar]] = field(default_factory=dict)

    @property
    def hours(self) -> Hours:
        """The hours of the session."""
        return hours_of(self.session)

    def previous_day(self) -> date:
        """The trading day before the session."""
        return self.history[-1] if self.history else previous_days(self.session, 1)[0]

    def previous(self, symbol: str) -> Bar | None:
        """The last earlier day of `symbol` as one bar, or None without history."""
        for day in reversed(self.history):
            candles = self.candles[symbol].get(day)
            if candles is not None and len(candles.minute):
                return aggregate(candles.bars(day), 24 * 60)[-1]
        return None


def aggregate(bars: Bars, minutes: int) -> Bars:
    """Fold one-minute bars into bars of `minutes`, counted from the opening of each day.

    1440 gives daily bars, stamped at midnight IST.
    """
    folded: dict[int, Bar] = {}
    for bar in bars:
        start = _bucket(bar.start, minutes)
        held = folded.get(start)
        if held is None:
            folded[start] = bar._replace(start=start)
        else:
            folded[start] = Bar(
                start,
                held.open,
                max(held.high, bar.high),
                min(held.low, bar.low),
                bar.close,
                held.volume + bar.volume,
                bar.oi,
            )
    return list(folded.values())


_OFFSET = int(timedelta(hours=5, minutes=30).total_seconds())
_OPENING = 9 * 3600 + 15 * 60


def _bucket(start: int, minutes: int) -> int:
    midnight = (start + _OFFSET) // 86400 * 86400 - _OFFSET
    if minutes >= 24 * 60:
        return midnight
    since_open = start - midnight - _OPENING
    return midnight + _OPENING + since_open // (minutes * 60) * (minutes * 60)


def iso(bar: Bar, with_oi: bool = False) -> list[object]:
    """A bar as Kite sends it: [start with +0530, open, high, low, close, volume] and perhaps OI, rupees."""
    stamp = datetime.fromtimestamp(bar.start, IST)
    row: list[object] = [
        stamp.strftime("%Y-%m-%dT%H:%M:%S%z"),
        rupees(bar.open),
        rupees(bar.high),
        rupees(bar.low),
        rupees(bar.close),
        bar.volume,
    ]
    return [*row, bar.oi] if with_oi else row
