"""The market as a strategy sees it: what every shard knew when a minute closed."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from patang.features.vector import CANDLE_FEATURES
from patang.market.candles import Candle, ClosedMinute, Quote
from patang.market.instruments import Universe
from patang.strategies.frames import NOTHING_KNOWN, Frames

__all__ = ["Market", "market_at"]

_SECOND = timedelta(seconds=1)

type Features = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Market:
    """The market at the close of a minute. Features are NaN where they are not known.

    `candles` and `features` (bars of 1, 5 and 15 minutes) are by symbol, `quotes` by EXCHANGE:TRADINGSYMBOL;
    `as_of` is the minute's end.
    """

    as_of: datetime
    universe: Universe
    candles: Mapping[str, Candle]
    features: Features
    quotes: Mapping[str, Quote]
    features_5m: Features = field(default_factory=dict)
    features_15m: Features = field(default_factory=dict)

    def frames(self, symbol: str) -> Frames | None:
        """The features of an index or a share; None if it was not quoted today."""
        one = self.features.get(symbol)
        if one is None:
            return None
        return Frames(
            one, self.features_5m.get(symbol, NOTHING_KNOWN), self.features_15m.get(symbol, NOTHING_KNOWN)
        )

    def age_seconds(self, quote: Quote | None) -> float:
        """How long the exchange has not spoken about an instrument, in market time; NaN if it never has."""
        return math.nan if quote is None else (self.as_of - quote.exchange_time) / _SECOND

    def is_fresh(self, quote: Quote, max_age_seconds: int) -> bool:
        """Whether the exchange has spoken about the instrument lately, in market time."""
        return self.age_seconds(quote) <= max_age_seconds

    def index_age_seconds(self, symbol: str) -> float:
        """The age of an index by its symbol; NaN where it is not watched or not quoted."""
        watched = (i for i in self.universe.instruments if i.instrument_type == "INDEX")
        index = next((i for i in watched if i.symbol == symbol), None)
        return math.nan if index is None else self.age_seconds(self.quotes.get(index.identifier))


class _Vectors(Mapping[str, Mapping[str, float]]):
    """Vectors by symbol, named only when asked for: of hundreds of symbols few pass the first gate."""

    def __init__(self, names: tuple[str, ...], vectors: Mapping[str, tuple[float | None, ...]]) -> None:
        self._names = names
        self._vectors = vectors

    def __getitem__(self, symbol: str) -> Mapping[str, float]:
        named = zip(self._names, self._vectors[symbol], strict=True)
        return {name: math.nan if value is None else value for name, value in named}

    def __iter__(self) -> Iterator[str]:
        return iter(self._vectors)

    def __len__(self) -> int:
        return len(self._vectors)


def market_at(minutes: Iterable[ClosedMinute], universe: Universe, as_of: datetime) -> Market:
    """The market that the shards of one closed minute saw together."""
    seen = tuple(minutes)
    names = next((minute.feature_names for minute in seen), ())
    return Market(
        as_of,
        universe,
        {candle.symbol: candle for minute in seen for candle in minute.candles},
        _Vectors(names, _together(minute.features for minute in seen)),
        {quote.identifier: quote for minute in seen for quote in minute.quotes},
        _Vectors(CANDLE_FEATURES, _together(minute.features_5m for minute in seen)),
        _Vectors(CANDLE_FEATURES, _together(minute.features_15m for minute in seen)),
    )


def _together[V](shards: Iterable[Mapping[str, V]]) -> dict[str, V]:
    return {symbol: value for shard in shards for symbol, value in shard.items()}
