"""What a look shows of the symbols of a history: a row is named and put into a form when it is asked for."""

import math
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from patang.backtest.featured import day_volume
from patang.backtest.history import SymbolHistory
from patang.backtest.price_bars import PriceBars
from patang.backtest.share_book import half_spread
from patang.execution.prices import tick_ceiling, tick_floor
from patang.features.vector import CANDLE_FEATURES, FEATURE_NAMES
from patang.market.candles import Candle, Quote
from patang.market.sessions import IST

__all__ = ["Candles", "Quotes", "Seen", "Vectors"]

type Epochs = NDArray[np.int64]

_MINUTE = 60
_UNKNOWN = dict.fromkeys(FEATURE_NAMES, math.nan)


class Seen:
    """A symbol with what every look at it needs."""

    def __init__(self, bars: SymbolHistory) -> None:
        self.bars = bars
        self.ends = bars.starts + _MINUTE
        self.is_index = bars.instrument.instrument_type == "INDEX"
        self.traded = day_volume(bars)
        tick = bars.instrument.tick_size
        self.half_spread = half_spread(bars.close, tick)
        self.half_spread_at_open = half_spread(bars.open, tick)
        self.has_volume = bool(bars.volume.any())
        self.minutes = self.last = np.zeros(0, np.int64)

    def follow(self, closes: Epochs) -> None:
        """Find each bar's number among the minutes, and the last bar known at each minute, -1 for none."""
        self.minutes = np.searchsorted(closes, self.ends)
        self.last = np.searchsorted(self.ends, closes, side="right") - 1

    def candle(self, row: int) -> Candle:
        bars = self.bars
        # Of numbers that were looked at when they were read, as are those of the quote.
        return Candle.model_construct(
            symbol=bars.symbol,
            timestamp=datetime.fromtimestamp(int(bars.starts[row]), IST),
            open=float(bars.open[row]),
            high=float(bars.high[row]),
            low=float(bars.low[row]),
            close=float(bars.close[row]),
            volume=int(bars.volume[row]),
        )

    def quote(self, row: int) -> Quote:
        instrument, last = self.bars.instrument, float(self.bars.close[row])
        bid = ask = 0.0
        if not self.is_index:
            middle, half = Decimal(repr(last)), Decimal(repr(float(self.half_spread[row])))
            bid = float(tick_floor(middle - half, instrument.tick_size))
            ask = float(tick_ceiling(middle + half, instrument.tick_size))
        return Quote.model_construct(
            identifier=instrument.identifier,
            last_price=last,
            bid=bid,
            ask=ask,
            volume=int(self.traded[row]),
            oi=0,
            exchange_time=datetime.fromtimestamp(int(self.ends[row]), IST),
        )

    def prices(self, after: int, until: int) -> PriceBars:
        kept = slice(*np.searchsorted(self.bars.starts, (after, until)).tolist())
        bars = self.bars
        # Of a symbol that never shows any volume nobody knows it.
        volume = bars.volume[kept] if self.has_volume else np.full(len(bars.starts[kept]), np.nan)
        return PriceBars(
            bars.starts[kept],
            bars.open[kept],
            bars.high[kept],
            bars.low[kept],
            bars.close[kept],
            volume,
            self.half_spread_at_open[kept],
            "recorded",
        )


type At = Mapping[str, tuple[Seen, int]]


class Vectors(Mapping[str, Mapping[str, float]]):
    """Feature vectors by symbol, named only when asked for."""

    def __init__(self, rows: At, table: str) -> None:
        self._rows = rows
        self._table = table

    def __getitem__(self, symbol: str) -> Mapping[str, float]:
        seen, row = self._rows[symbol]
        vector = getattr(seen.bars, self._table)[row].tolist()
        return _UNKNOWN | dict(zip(CANDLE_FEATURES, vector, strict=True))

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


class Candles(Mapping[str, Candle]):
    """The bars that closed with the minute, by symbol."""

    def __init__(self, rows: At) -> None:
        self._rows = rows

    def __getitem__(self, symbol: str) -> Candle:
        seen, row = self._rows[symbol]
        return seen.candle(row)

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


class Quotes(Mapping[str, Quote]):
    """The books by EXCHANGE:TRADINGSYMBOL: those of symbols from their bars, those of contracts as given."""

    def __init__(self, rows: At, contracts: Mapping[str, Quote]) -> None:
        self._rows = rows
        self._contracts = contracts

    def __getitem__(self, identifier: str) -> Quote:
        if identifier in self._contracts:
            return self._contracts[identifier]
        seen, row = self._rows[identifier]
        return seen.quote(row)

    def __iter__(self) -> Iterator[str]:
        yield from self._rows
        yield from self._contracts

    def __len__(self) -> int:
        return len(self._rows) + len(self._contracts)
