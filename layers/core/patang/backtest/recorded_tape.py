"""A day as a desk recorded it: the closed minutes that its cycles decided on, replayed as a tape."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from patang.backtest.minutes import Look
from patang.backtest.price_bars import PriceBars
from patang.backtest.screen import is_cycle
from patang.errors import BadInput
from patang.market.candles import Candle, ClosedMinute, Quote
from patang.market.instruments import Instrument, Universe
from patang.market.sessions import IST
from patang.ports import ObjectStore
from patang.settings import Settings
from patang.strategies.base import Strategy
from patang.strategies.market import Market, market_at

__all__ = ["RecordedTape", "recorded_minutes"]

type Minutes = Mapping[datetime, Sequence[ClosedMinute]]

_MINUTE = timedelta(minutes=1)


def recorded_minutes(objects: ObjectStore, day: date) -> dict[datetime, tuple[ClosedMinute, ...]]:
    """What each shard knew when it closed each minute of the day, by the minute's start, in order.

    Raises BadInput for an object that does not parse.
    """
    found: dict[datetime, list[ClosedMinute]] = {}
    for path in objects.list(f"minutes/{day}/"):
        try:
            minute = ClosedMinute.model_validate_json(objects.get(path) or b"")
        except ValidationError as error:
            raise BadInput(f"the closed minute {path} does not parse: {error}") from error
        found.setdefault(minute.minute.astimezone(IST), []).append(minute)
    return {start: tuple(found[start]) for start in sorted(found)}


class RecordedTape:
    """One day's minutes. Contracts have the prices that they were quoted and traded at: nothing is modelled.

    `cycles` are the moments to look at, every cycle's where it is None. A minute in which the stream was
    interrupted is not decided on, as on the day itself.
    """

    def __init__(
        self, universe: Universe, minutes: Minutes, cycles: Collection[datetime] | None = None
    ) -> None:
        self._cycles = cycles
        self._universe = universe
        self._minutes = minutes
        self._closes = np.array([int((start + _MINUTE).timestamp()) for start in minutes], np.int64)
        self._spots = set(universe.candle_symbols())
        self._candles = _by_symbol(minutes)
        self._quotes = _by_identifier(minutes)

    @property
    def source(self) -> str:
        """Where the prices are from, for people."""
        return f"the desk's minutes of {self._universe.day}"

    @property
    def closes(self) -> NDArray[np.int64]:
        """The ends of all minutes."""
        return self._closes

    @property
    def symbol_bars(self) -> int:
        """How many one-minute bars of indices and shares there are."""
        return sum(len(candles) for symbol, candles in self._candles.items() if symbol in self._spots)

    @property
    def skipped(self) -> Mapping[date, str]:
        """Nothing: a day that was not recorded is no tape."""
        return {}

    def market(self, as_of: datetime) -> Market | None:
        """The market of the minute that ended at `as_of`; None where it was not recorded, or with a hole."""
        shards = self._minutes.get(as_of - _MINUTE, ())
        if not shards or any(shard.gap for shard in shards):
            return None
        return market_at(shards, self._universe, as_of)

    def looks(self, strategies: Sequence[Strategy], settings: Settings) -> Iterator[Look]:
        """Every cycle's market, or that of the cycles that are named, for all strategies."""
        for end in self._closes[is_cycle(self._closes, settings)].tolist():
            as_of = datetime.fromtimestamp(end, IST)
            market = self.market(as_of) if self._cycles is None or as_of in self._cycles else None
            if market is not None:
                yield Look.of(market, tuple(strategies))

    def bars(self, instrument: Instrument, after: datetime, until: datetime) -> PriceBars:
        """The bars of an instrument, with half of the book that its quotes showed at each minute's end."""
        candles = [
            candle for candle in self._candles.get(instrument.symbol, ()) if after <= candle.timestamp < until
        ]
        quotes = self._quotes.get(instrument.identifier, {})
        half = [_half_spread(quotes.get(candle.timestamp), instrument) for candle in candles]
        rows = [(c.open, c.high, c.low, c.close, float(c.volume)) for c in candles]
        opened, high, low, close, volume = np.array(rows, np.float64).reshape(-1, 5).T
        starts = np.array([int(candle.timestamp.timestamp()) for candle in candles], np.int64)
        return PriceBars(starts, opened, high, low, close, volume, np.array(half, np.float64), "recorded")


def _half_spread(quote: Quote | None, instrument: Instrument) -> float:
    """Half of the book in rupees; half a tick where no two sides were seen."""
    if quote is None or not 0 < quote.bid <= quote.ask:
        return float(instrument.tick_size) / 2
    return (quote.ask - quote.bid) / 2


def _by_symbol(minutes: Minutes) -> dict[str, list[Candle]]:
    found: dict[str, list[Candle]] = {}
    for shards in minutes.values():
        for shard in shards:
            for candle in shard.candles:
                found.setdefault(candle.symbol, []).append(candle)
    return found


def _by_identifier(minutes: Minutes) -> dict[str, dict[datetime, Quote]]:
    found: dict[str, dict[datetime, Quote]] = {}
    for start, shards in minutes.items():
        for shard in shards:
            for quote in shard.quotes:
                found.setdefault(quote.identifier, {})[start] = quote
    return found
