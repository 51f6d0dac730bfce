"""A history of bars as a tape: markets as the desk would have seen them at each minute's close."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache, partial
from itertools import batched

import numpy as np
from numpy.typing import NDArray

from patang.backtest.foresight import inputs_of
from patang.backtest.history import History
from patang.backtest.minutes import Look
from patang.backtest.premiums.source import OptionBoard, PremiumBars, PremiumSource
from patang.backtest.price_bars import PriceBars
from patang.backtest.screen import is_cycle, screen_of
from patang.backtest.shown import Candles, Quotes, Seen, Vectors
from patang.errors import BadInput
from patang.market.candles import Quote
from patang.market.instruments import Instrument, Universe
from patang.market.sessions import IST
from patang.model.inputs import StrategyName
from patang.settings import Settings
from patang.strategies.base import Strategy
from patang.strategies.market import Market

__all__ = ["HistoryTape"]

type Epochs = NDArray[np.int64]
type Floats = NDArray[np.float64]

# Half of a book that nobody has recorded, percent of the premium: that of a liquid contract near the money.
_HALF_BOOK_PCT = 0.25
# Minutes that the models may be asked about ahead, together.
_TOGETHER = 512


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
        self._symbols = [Seen(bars) for bars in history.symbols]
        ends = [seen.ends for seen in self._symbols]
        self._closes = np.unique(np.concatenate(ends)) if ends else np.zeros(0, np.int64)
        for seen in self._symbols:
            seen.follow(self._closes)
        self._indices = [n for n, seen in enumerate(self._symbols) if seen.is_index]
        # Of few symbols thousands of minutes name the same ones.
        self._named = lru_cache(1024)(self._names)

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
        for minutes in batched(sorted(wanted), _TOGETHER, strict=False):
            ahead = partial(self._ahead, {minute: wanted[minute] for minute in minutes})
            for minute, close in zip(minutes, self._closes[list(minutes)].tolist(), strict=True):
                as_of = datetime.fromtimestamp(close, IST)
                for strategy, symbols in wanted[minute]:
                    market = partial(self._market, minute, as_of, symbols, settings)
                    yield Look(as_of, (strategy,), market, self._underlyings(strategy, tuple(symbols)), ahead)

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

    def _ahead(
        self, wanted: Mapping[int, Sequence[tuple[Strategy, list[int]]]]
    ) -> Mapping[StrategyName, list[Mapping[str, float]]]:
        """What the models will be asked about these minutes if the rules find what the screen lets pass."""
        minutes: dict[tuple[Strategy, int], list[int]] = defaultdict(list)
        for minute, asked in wanted.items():
            for strategy, symbols in asked:
                for number in symbols:
                    minutes[strategy, number].append(minute)
        found: dict[StrategyName, list[Mapping[str, float]]] = defaultdict(list)
        for (strategy, number), of_symbol in minutes.items():
            inputs = inputs_of(strategy) if self._screened else None
            if inputs is not None:
                seen = self._symbols[number]
                found[strategy.model] += inputs(seen.bars, seen.last[of_symbol])
        return found

    def _underlyings(self, strategy: Strategy, numbers: tuple[int, ...]) -> frozenset[str] | None:
        """What a screened strategy can find something on."""
        if not self._screened or screen_of(strategy) is None:
            return None
        return self._named(numbers)

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
            Candles(now),
            Vectors(rows, "features"),
            Quotes({seen.bars.instrument.identifier: (seen, row) for seen, row in rows.values()}, quotes),
            Vectors(rows, "features_5m"),
            Vectors(rows, "features_15m"),
        )

    def _names(self, numbers: tuple[int, ...]) -> frozenset[str]:
        return frozenset(self._symbols[n].bars.symbol for n in numbers)

    def _board(self, underlying: str, as_of: datetime) -> OptionBoard | None:
        return None if self._premiums is None else self._premiums.board(underlying, as_of)


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
