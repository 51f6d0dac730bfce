"""A history of bars as a tape: markets as the desk would have seen them at each minute's close."""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import partial

import numpy as np
from numpy.typing import NDArray

from patang.backtest.featured import day_volume
from patang.backtest.history import History, SymbolHistory
from patang.backtest.minutes import Look
from patang.backtest.premiums.source import OptionBoard, PremiumBars, PremiumSource
from patang.backtest.price_bars import PriceBars
from patang.backtest.screen import is_cycle, screen_of
from patang.backtest.share_book import half_spread
from patang.errors import BadInput
from patang.execution.prices import tick_ceiling, tick_floor
from patang.features.vector import CANDLE_FEATURES, FEATURE_NAMES
from patang.market.candles import Candle, Quote
from patang.market.instruments import Instrument, Universe
from patang.market.sessions import IST
from patang.settings import Settings
from patang.strategies.base import Strategy
from patang.strategies.market import Market

__all__ = ["HistoryTape"]

type Epochs = NDArray[np.int64]
type Floats = NDArray[np.float64]

_MINUTE = 60
# Half of a book that nobody has recorded, percent of the premium: that of a liquid contract near the money.
_HALF_BOOK_PCT = 0.25
_UNKNOWN = dict.fromkeys(FEATURE_NAMES, math.nan)


class HistoryTape:
    """`premiums` is where options have their prices from; without it there are none, and no option is found.

    `screened`: rules are asked only where `patang.backtest.screen` lets them find something, and shown only
    the symbols it may be found in (and every index); else about every symbol in every minute.
    """

    def __init__(
        self, history: History, premiums: PremiumSource | None = None, *, screened: bool = True
    ) -> None:
        self._history = history
        self._premiums = premiums
        self._screened = screened
        self._symbols = [_Seen(bars) for bars in history.symbols]
        ends = [seen.ends for seen in self._symbols]
        self._closes = np.unique(np.concatenate(ends)) if ends else np.zeros(0, np.int64)
        for seen in self._symbols:
            seen.follow(self._closes)
        self._indices = [n for n, seen in enumerate(self._symbols) if seen.is_index]

    @property
    def source(self) -> str:
        """Where the prices are from, for people."""
        return self._history.source

    @property
    def closes(self) -> Epochs:
        """The ends of all minutes."""
        return self._closes

    @property
    def symbol_bars(self) -> int:
        """How many one-minute bars of symbols there are."""
        return sum(len(bars) for bars in self._history.symbols)

    @property
    def skipped(self) -> Mapping[date, str]:
        """Sessions that are not there, with the reason."""
        return self._history.skipped

    def looks(self, strategies: Sequence[Strategy], settings: Settings) -> Iterator[Look]:
        """The markets that the rules have to be asked about."""
        cycles = is_cycle(self._closes, settings)
        wanted: dict[int, list[tuple[Strategy, list[int]]]] = defaultdict(list)
        for strategy in strategies:
            for minute, symbols in self._asked(strategy, settings).items():
                if cycles[minute]:
                    wanted[minute].append((strategy, symbols))
        for minute in sorted(wanted):
            as_of = datetime.fromtimestamp(int(self._closes[minute]), IST)
            for strategy, symbols in wanted[minute]:
                yield Look(
                    as_of,
                    (strategy,),
                    partial(self._market, minute, as_of, symbols, settings),
                    self._underlyings(strategy, symbols),
                )

    def bars(self, instrument: Instrument, after: datetime, until: datetime) -> PriceBars:
        """The bars of an instrument from `after` on and before `until`."""
        if instrument.is_option:
            if self._premiums is None:
                raise BadInput(f"{instrument.tradingsymbol} has no prices: give a source of premiums")
            return _of_premiums(self._premiums.bars(instrument, after, until), until)
        seen = next(s for s in self._symbols if s.bars.instrument.identifier == instrument.identifier)
        return seen.prices(int(after.timestamp()), int(until.timestamp()))

    def _asked(self, strategy: Strategy, settings: Settings) -> Mapping[int, list[int]]:
        """The symbols that a strategy is to be shown, by the number of the minute."""
        screen = screen_of(strategy) if self._screened else None
        if screen is None:
            everything = list(range(len(self._symbols)))
            return dict.fromkeys(range(len(self._closes)), everything)
        asked: dict[int, list[int]] = defaultdict(list)
        for number, seen in enumerate(self._symbols):
            for minute in seen.minutes[screen(seen.bars, settings)].tolist():
                asked[minute].append(number)
        return asked

    def _underlyings(self, strategy: Strategy, numbers: list[int]) -> frozenset[str] | None:
        """What a screened strategy can find something on."""
        if not self._screened or screen_of(strategy) is None:
            return None
        return frozenset(self._symbols[n].bars.symbol for n in numbers)

    def _market(self, minute: int, as_of: datetime, numbers: list[int], settings: Settings) -> Market:
        shown = [self._symbols[n] for n in sorted({*numbers, *self._indices})]
        rows = {seen.bars.symbol: (seen, seen.last[minute]) for seen in shown if seen.last[minute] >= 0}
        now = {name: at for name, at in rows.items() if at[0].minutes[at[1]] == minute}
        asked = {self._symbols[n].bars.symbol for n in numbers} & now.keys()
        contracts: list[Instrument] = []
        quotes: dict[str, Quote] = {}
        for name in settings.options.underlyings:
            board = self._board(name, as_of) if name in asked else None
            if board is not None:
                contracts += board.contracts
                quotes |= board.quotes
        instruments = (*(seen.bars.instrument for seen in shown), *contracts)
        return Market(
            as_of,
            # Of instruments that were looked at when they were read.
            Universe.model_construct(day=as_of.date(), instruments=instruments),
            _Candles(now),
            _Vectors(rows, "features"),
            _Quotes({seen.bars.instrument.identifier: (seen, row) for seen, row in rows.values()}, quotes),
            _Vectors(rows, "features_5m"),
            _Vectors(rows, "features_15m"),
        )

    def _board(self, underlying: str, as_of: datetime) -> OptionBoard | None:
        return None if self._premiums is None else self._premiums.board(underlying, as_of)


class _Seen:
    """A symbol with what every look at it needs."""

    def __init__(self, bars: SymbolHistory) -> None:
        self.bars = bars
        self.ends = bars.starts + _MINUTE
        self.is_index = bars.instrument.instrument_type == "INDEX"
        self.traded = day_volume(bars)
        self.half_spread = half_spread(bars.close, bars.instrument.tick_size)
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
            half_spread(bars.open[kept], bars.instrument.tick_size),
            "recorded",
        )


type _At = Mapping[str, tuple[_Seen, int]]


class _Vectors(Mapping[str, Mapping[str, float]]):
    """Feature vectors by symbol, named only when asked for."""

    def __init__(self, rows: _At, table: str) -> None:
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


class _Candles(Mapping[str, Candle]):
    """The bars that closed with the minute, by symbol."""

    def __init__(self, rows: _At) -> None:
        self._rows = rows

    def __getitem__(self, symbol: str) -> Candle:
        seen, row = self._rows[symbol]
        return seen.candle(row)

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


class _Quotes(Mapping[str, Quote]):
    """The books by EXCHANGE:TRADINGSYMBOL: those of symbols from their bars, those of contracts as given."""

    def __init__(self, rows: _At, contracts: Mapping[str, Quote]) -> None:
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


def _of_premiums(bars: PremiumBars, until: datetime) -> PriceBars:
    kept = bars.starts < int(until.timestamp())
    return PriceBars(
        bars.starts[kept],
        bars.open[kept],
        bars.high[kept],
        bars.low[kept],
        bars.close[kept],
        bars.volume[kept],
        _half_book(bars)[kept],
        bars.prices,
    )


def _half_book(bars: PremiumBars) -> Floats:
    """Half of the last book seen up to each bar; of the price, where none was seen yet."""
    half = (bars.ask - bars.bid) / 2
    known = np.isfinite(half) & (half > 0)
    last = np.maximum.accumulate(np.where(known, np.arange(len(half)), -1))
    found: Floats = np.where(last >= 0, half[last], bars.open * _HALF_BOOK_PCT / 100)
    return found
