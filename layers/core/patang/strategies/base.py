"""What every strategy sees, and what it answers.

A strategy is a pure function of the market at the close of a minute and of the settings: the same minute
gives the same candidates live, in a replay and in a backtest. It decides by rules alone; the model and the
accounts come after it. A further strategy is one class with this protocol and one line in the service.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Literal, Protocol

from patang.market.candles import Candle, ClosedMinute, Quote
from patang.market.instruments import Instrument, Universe
from patang.market.sessions import IST
from patang.model.inputs import StrategyName
from patang.settings import Settings

__all__ = [
    "Candidate",
    "Findings",
    "Market",
    "Strategy",
    "at_clock",
    "exit_time",
    "market_at",
    "on_tick",
]


@dataclass(frozen=True, slots=True)
class Market:
    """The market at the close of a minute. Features are NaN where they are not known.

    `candles` and `features` are by symbol, `quotes` by EXCHANGE:TRADINGSYMBOL; `as_of` is the minute's end.
    """

    as_of: datetime
    universe: Universe
    candles: Mapping[str, Candle]
    features: Mapping[str, Mapping[str, float]]
    quotes: Mapping[str, Quote]

    def is_fresh(self, quote: Quote, max_age_seconds: int) -> bool:
        """Whether the exchange has spoken about the instrument lately, in market time."""
        return self.as_of - quote.exchange_time <= timedelta(seconds=max_age_seconds)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A wish to buy, before the model has been asked. Prices in rupees a unit.

    `inputs` are the model's, by name; `told` are features that the model is not asked about and the signal
    carries beside them; `reason` tells a person the numbers that decided.
    """

    strategy: StrategyName
    signal_type: Literal["CALL", "PUT", "BUY"]
    instrument: Instrument
    entry_price: Decimal
    stop_loss_price: Decimal
    target_price: Decimal
    bid: Decimal
    ask: Decimal
    exit_by: datetime
    holding_period: Literal["intraday", "swing"]
    reason: str
    inputs: Mapping[str, float]
    told: Mapping[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class Findings:
    """A strategy's answer: candidates, and how often each of its gates said no."""

    candidates: list[Candidate] = field(default_factory=list)
    refusals: Counter[str] = field(default_factory=Counter)


class Strategy(Protocol):
    """Rules that turn a market into candidates."""

    name: StrategyName

    def propose(self, market: Market, settings: Settings) -> Findings:
        """What the rules would buy now."""
        ...


def market_at(minutes: Iterable[ClosedMinute], universe: Universe, as_of: datetime) -> Market:
    """The market that the shards of one closed minute saw together."""
    candles: dict[str, Candle] = {}
    features: dict[str, Mapping[str, float]] = {}
    quotes: dict[str, Quote] = {}
    for minute in minutes:
        candles.update((candle.symbol, candle) for candle in minute.candles)
        quotes.update((quote.identifier, quote) for quote in minute.quotes)
        for symbol, values in minute.features.items():
            named = zip(minute.feature_names, values, strict=True)
            features[symbol] = {name: float("nan") if value is None else value for name, value in named}
    return Market(as_of, universe, candles, features, quotes)


def at_clock(as_of: datetime, clock: str) -> datetime:
    """The moment of `as_of`'s day, IST, that a setting such as 14:45 names."""
    return datetime.combine(as_of.astimezone(IST).date(), time.fromisoformat(clock), IST)


def exit_time(as_of: datetime, max_hold_minutes: int, exit_by: str) -> datetime:
    """When a position entered now must go: after the longest hold, at the latest at the clock's time."""
    return min(as_of + timedelta(minutes=max_hold_minutes), at_clock(as_of, exit_by))


def on_tick(price: float | Decimal, tick: Decimal) -> Decimal:
    """The price on the instrument's tick that is nearest, at least one tick."""
    steps = (Decimal(str(price)) / tick).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)
    return max(steps * tick, tick)
