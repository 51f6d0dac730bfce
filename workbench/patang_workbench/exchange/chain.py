"""Prices of contracts where none were recorded: Black-Scholes and carry on the simulated underlying.

At-the-money volatility comes from the index's own recent minutes, with a premium, a smile over moneyness, a
rise when the index falls, and a small drift of its own. The spread widens away from the money.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import pairwise

from patang.market.contract_terms import INDEX_OF
from patang.market.sessions import expiry_moment
from patang_workbench.exchange.candles import MarketData
from patang_workbench.exchange.instruments import Instrument

__all__ = ["RATE", "ContractQuote", "Surface", "black_scholes", "future_quote", "realised_volatility"]

RATE = 0.065
"""Continuous interest rate a year; near the repo rate of 2016 and of 2023 to 2026."""

_YEAR = 365.0 * 86400.0
_TICK = 5
_ROOT_2 = math.sqrt(2.0)


@dataclass(frozen=True, slots=True)
class ContractQuote:
    """Best bid and ask and the model's mid, all in paise; bid and ask are multiples of the tick."""

    bid: int
    ask: int
    mid: float


def _normal(x: float) -> float:
    return 0.5 * math.erfc(-x / _ROOT_2)


def black_scholes(kind: str, spot: float, strike: float, years: float, sigma: float) -> float:
    """Value of a European option in the unit of `spot`; `kind` is CE or PE, `sigma` a fraction a year."""
    deviation = sigma * math.sqrt(max(years, 1e-9))
    discounted = strike * math.exp(-RATE * years)
    d1 = (math.log(spot / discounted)) / deviation + deviation / 2.0
    d2 = d1 - deviation
    if kind == "CE":
        return spot * _normal(d1) - discounted * _normal(d2)
    return discounted * _normal(-d2) - spot * _normal(-d1)


def future_quote(future: Instrument, spot: int, epoch: float) -> ContractQuote:
    """The future's market: the underlying carried to the expiry at the rate that options are priced with."""
    assert future.expiry is not None
    mid = spot * math.exp(RATE * max(_seconds_left(future.expiry, epoch), 0.0) / _YEAR)
    half = max(mid * 0.00003, future.tick / 2)
    bid = max(math.floor((mid - half) / future.tick) * future.tick, future.tick)
    return ContractQuote(
        bid, max(math.ceil((mid + half) / future.tick) * future.tick, bid + future.tick), mid
    )


def realised_volatility(closes: Sequence[int]) -> float:
    """Volatility a year, as a fraction, of a series of one-minute closes of the same day."""
    if len(closes) < 30:
        return 0.0
    returns = [math.log(later / earlier) for earlier, later in pairwise(closes)]
    mean = sum(returns) / len(returns)
    variance = sum((value - mean) ** 2 for value in returns) / len(returns)
    return math.sqrt(variance * 375 * 252.0)


@dataclass(frozen=True, slots=True)
class Surface:
    """Implied volatility of one underlying on one day.

    `at_money` is the level at the open (fraction a year), `reference` the index at the open in paise.
    """

    at_money: float
    reference: int

    @classmethod
    def of(cls, underlying: str, market: MarketData) -> "Surface":
        """The surface from the last five days of history; 14 % when there is none."""
        days = market.candles[INDEX_OF[underlying]]
        known = [day for day in market.history if day in days][-5:]
        levels = [level for day in known if (level := realised_volatility(days[day].close.tolist())) > 0]
        base = sum(levels) / len(levels) if levels else 0.13
        at_money = min(max(base * 1.15 + 0.025, 0.10), 0.45)
        return cls(at_money, int(days[market.session].open[0]))

    def volatility(self, spot: int, strike: int, years: float, drift: float) -> float:
        """Implied volatility of a strike; `drift` moves the whole surface by a fraction."""
        fall = 1.0 - spot / self.reference
        level = self.at_money * (1.0 + 2.5 * fall) * (1.0 + drift)
        money = math.log(strike / spot) / (self.at_money * math.sqrt(max(years, 1.0 / 365.0)))
        return min(max(level * (1.0 - 0.045 * money + 0.022 * money * money), 0.05), 1.5)

    def quote(self, option: Instrument, spot: int, epoch: float, drift: float = 0.0) -> ContractQuote:
        """The option's market at `epoch` seconds with the index at `spot` paise."""
        assert option.expiry is not None
        years = max(_seconds_left(option.expiry, epoch), 60.0) / _YEAR
        sigma = self.volatility(spot, option.strike, years, drift)
        mid = max(black_scholes(option.kind, float(spot), float(option.strike), years, sigma), 1.0)
        away = abs(option.strike - spot) / spot
        half = max(mid * (0.0008 + 0.06 * away), 2.5 + 100.0 * away)
        bid = max(math.floor((mid - half) / _TICK) * _TICK, _TICK)
        ask = max(math.ceil((mid + half) / _TICK) * _TICK, bid + _TICK)
        return ContractQuote(bid, ask, mid)


def _seconds_left(expiry: date, epoch: float) -> float:
    return _expires(expiry) - epoch


@cache
def _expires(expiry: date) -> float:
    return expiry_moment(expiry).timestamp()
