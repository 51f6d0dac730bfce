"""Bars of the past, with the features that the desk would have computed from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray

from patang.backtest.earlier import NOTHING_EARLIER, Earlier
from patang.errors import BadInput
from patang.market.instruments import Instrument
from patang.market.sessions import IST

__all__ = ["History", "SymbolHistory"]

type Floats = NDArray[np.float64]
type Epochs = NDArray[np.int64]

_IST_AHEAD, _DAY = 5 * 3600 + 1800, 86_400


@dataclass(frozen=True, slots=True, eq=False)
class SymbolHistory:
    """The one-minute bars of an index or a share, in the order of time; all arrays have a row a bar.

    `starts` are epoch seconds of the bars' starts, prices are rupees a unit, `volume` units (0 for an index).
    `features`, `features_5m` and `features_15m` are rows x CANDLE_FEATURES as they were known when the bar
    closed: of that bar, and of the last longer bars closed by then. NaN where they were not known.
    """

    instrument: Instrument
    starts: Epochs
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    features: Floats
    features_5m: Floats
    features_15m: Floats

    def __post_init__(self) -> None:
        if np.any(np.diff(self.starts) <= 0):
            raise BadInput(f"the bars of {self.symbol} are not in the order of time: sort them, drop repeats")

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def symbol(self) -> str:
        """The name candles and features go by."""
        return self.instrument.symbol

    @property
    def days(self) -> NDArray[np.int64]:
        """The day of each bar, IST, as days since 1970-01-01."""
        return (self.starts + _IST_AHEAD) // _DAY

    def rows(self, kept: slice | NDArray[np.bool_]) -> "SymbolHistory":
        """Some of the bars, with the features they have."""
        arrays = (getattr(self, name)[kept] for name in SymbolHistory.__slots__[1:])
        return SymbolHistory(self.instrument, *arrays)


@dataclass(frozen=True, slots=True)
class History:
    """Symbols over a stretch of sessions. `source` names where the bars are from, for people; `skipped` are
    sessions that were left out, of all symbols or of those named, with the reason; `findings` counts what the
    checks of quality found, by its kind; `earlier`: what is remembered of the sessions before, by symbol."""

    source: str
    symbols: Sequence[SymbolHistory]
    skipped: Mapping[date, str]
    findings: Mapping[str, int] = field(default_factory=dict)
    earlier: Mapping[str, Earlier] = field(default_factory=dict)

    @property
    def sessions(self) -> tuple[date, ...]:
        """The days on which any symbol has a bar."""
        days = np.unique(np.concatenate([s.days for s in self.symbols])) if self.symbols else ()
        return tuple(date.fromordinal(int(day) + date(1970, 1, 1).toordinal()) for day in days)

    def until(self, moment: datetime) -> "History":
        """The same with nothing that had not closed by `moment`."""
        last = int(moment.timestamp()) - 60
        kept = [s.rows(s.starts <= last) for s in self.symbols]
        return replace(self, symbols=kept)

    def between(self, first: date, last: date) -> "History":
        """The sessions of `first` to `last`, both included; what days before told is kept: by the features,
        and in `earlier`."""
        begin, end = (int(datetime(d.year, d.month, d.day, tzinfo=IST).timestamp()) for d in (first, last))
        kept = [s.rows((s.starts >= begin) & (s.starts < end + _DAY)) for s in self.symbols]
        earlier = {}
        for symbol in self.symbols:
            gone = symbol.starts < begin
            known = self.earlier.get(symbol.symbol, NOTHING_EARLIER)
            earlier[symbol.symbol] = known.followed_by(symbol.days[gone], symbol.close[gone])
        return replace(self, symbols=[s for s in kept if len(s)], earlier=earlier)
