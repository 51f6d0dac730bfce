"""The option chain of an underlying: its contracts with their quotes, volatilities and greeks.

What the options trade on is not the spot's last price: it is carried with dividends to their expiry, and it
was quoted at another moment. So each expiry is priced on the spot that its own calls and puts agree on
(put-call parity, `parity_spot`): then a call and a put of the same strike have the same volatility, and
neither the index future (which has another expiry) nor an assumed dividend is needed. Carried at the riskless
rate, that spot is the forward of Black's formula. Where no strike has both quotes, the spot itself stands.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from patang.market.candles import Quote
from patang.market.greeks import RISK_FREE_RATE, greeks, implied_volatility, years_to
from patang.market.instruments import Instrument
from patang.market.sessions import expiry_moment

__all__ = [
    "STALE_AFTER",
    "PricedOption",
    "VolatilityView",
    "fair_price",
    "parity_spot",
    "priced_chain",
    "telling_expiry",
    "view_of",
    "volatility_view",
]

type Floats = NDArray[np.float64]
type Flags = NDArray[np.bool_]

# A contract that is watched no more, or does not trade: its last price says nothing of the market now.
STALE_AFTER = timedelta(minutes=5)

_SKEW_DELTA = 0.25
_FARTHEST_DELTA = 0.15
_PARITY_STRIKES = 5
# Farther from the spot than any dividend and any delay of quotes put it: then a price is wrong.
_FARTHEST_PARITY = 0.03
# A strike farther from the money than this does not stand for it.
_FARTHEST_MONEY = 0.03
_LAST_DAY = timedelta(days=1)


# A tuple, since a chain makes hundreds: a frozen dataclass takes three times as long to make.
class PricedOption(NamedTuple):
    """A contract now. `price` is the middle of the book, or the last price without one; volatility is a
    fraction a year, gamma delta a rupee of the spot, theta rupees a day, vega rupees a point; `time_value` is
    the price less what exercise at the spot would bring, below zero for some deep in the money. NaN where the
    price tells nothing, or is older than five minutes: the spot has moved on since.
    """

    instrument: Instrument
    quote: Quote
    price: float
    implied_volatility: float
    delta: float
    gamma: float
    theta: float
    vega: float
    time_value: float

    @property
    def spread_pct(self) -> float:
        """Ask less bid in percent of their middle; NaN without both."""
        if not 0 < self.quote.bid <= self.quote.ask:
            return float("nan")
        return (self.quote.ask - self.quote.bid) / self.price * 100


@dataclass(frozen=True, slots=True)
class VolatilityView:
    """At-the-money implied volatility, and the 25-delta put's less the 25-delta call's; NaN if not known."""

    at_the_money: float
    skew: float


def fair_price(quote: Quote) -> float:
    """The middle of the book, or the last price where one side of it is missing."""
    return (quote.bid + quote.ask) / 2 if 0 < quote.bid <= quote.ask else quote.last_price


def parity_spot(is_call: Flags, strike: Floats, years: float, premium: Floats, spot: float) -> float:
    """The spot in rupees that the calls and puts of one expiry agree on: call - put + discounted strike.

    The median over the five strikes next to `spot` that have both prices; `spot` itself where there is none,
    or where they lie more than 3 % away from it.
    """
    priced = premium > 0
    calls, puts = (
        dict(zip(strike[side], premium[side], strict=True)) for side in (is_call & priced, ~is_call & priced)
    )
    both = sorted(calls.keys() & puts.keys(), key=lambda k: abs(k - spot))[:_PARITY_STRIKES]
    if not both or not years > 0:
        return spot
    discount = float(np.exp(-RISK_FREE_RATE * years))
    found = float(np.median([calls[k] - puts[k] + k * discount for k in both]))
    return found if abs(found / spot - 1) <= _FARTHEST_PARITY else spot


def priced_chain(
    instruments: Iterable[Instrument],
    quotes: Mapping[str, Quote],
    underlying: str,
    spot: float,
    as_of: datetime,
) -> tuple[PricedOption, ...]:
    """The quoted options on `underlying` among `instruments`, by expiry, strike and type.

    `quotes` is by EXCHANGE:TRADINGSYMBOL, `spot` the underlying's last price in rupees. Give calls and puts
    together: what they trade on is found from both.
    """
    expiries: dict[date, list[tuple[Instrument, Quote]]] = {}
    for listed in instruments:
        if not listed.is_option or listed.underlying != underlying or not listed.expiry:
            continue
        quote = quotes.get(listed.identifier)
        if quote is not None:
            expiries.setdefault(listed.expiry, []).append((listed, quote))
    chain: list[PricedOption] = []
    for expiry in sorted(expiries):
        of_expiry = sorted(expiries[expiry], key=lambda q: (q[0].strike or 0, q[0].instrument_type))
        chain += _priced(of_expiry, spot, expiry, as_of)
    return tuple(chain)


def telling_expiry(expiries: Iterable[date], as_of: datetime) -> date | None:
    """The expiry whose options tell an underlying's volatility: the nearest with more than a day left.

    One in its last day tells of those hours, not of a year; it stands only where there is no later one.
    """
    known = sorted(set(expiries))
    return next(
        (day for day in known if expiry_moment(day) - as_of > _LAST_DAY), known[-1] if known else None
    )


def view_of(chain: Sequence[PricedOption], spot: float, as_of: datetime) -> VolatilityView:
    """What a priced chain says about the volatility of its underlying."""
    expiry = telling_expiry((o.instrument.expiry for o in chain if o.instrument.expiry), as_of)
    options = [option for option in chain if option.instrument.expiry == expiry]
    if expiry is None:
        return VolatilityView(float("nan"), float("nan"))
    return volatility_view(
        np.array([o.instrument.instrument_type == "CE" for o in options]),
        np.array([float(o.instrument.strike or "nan") for o in options]),
        years_to(expiry, as_of),
        np.array([o.price if math.isfinite(o.time_value) else math.nan for o in options]),
        spot,
    )


def volatility_view(
    is_call: Flags, strike: Floats, years: float, premium: Floats, spot: float
) -> VolatilityView:
    """What the options of one expiry say about the volatility of their underlying."""
    on = parity_spot(is_call, strike, years, premium, spot)
    volatility = implied_volatility(is_call, on, strike, years, premium)
    known = np.isfinite(volatility)
    delta = greeks(is_call, on, strike, years, volatility).delta
    return VolatilityView(
        _at_the_money(strike[known], volatility[known], on),
        _at_delta(volatility, delta, known & ~is_call, -_SKEW_DELTA)
        - _at_delta(volatility, delta, known & is_call, _SKEW_DELTA),
    )


def _priced(
    quoted: Sequence[tuple[Instrument, Quote]], spot: float, expiry: date, as_of: datetime
) -> list[PricedOption]:
    listed, quotes = zip(*quoted, strict=True)
    years = years_to(expiry, as_of)
    is_call = np.array([i.instrument_type == "CE" for i in listed])
    strike = np.array([float(i.strike or "nan") for i in listed])
    prices = np.array([fair_price(quote) for quote in quotes])
    fresh = np.array([as_of - quote.exchange_time <= STALE_AFTER for quote in quotes])
    telling = np.where(fresh & (prices > 0), prices, np.nan)
    on = parity_spot(is_call, strike, years, telling, spot)
    volatility = implied_volatility(is_call, on, strike, years, telling)
    at = greeks(is_call, on, strike, years, volatility)
    exercised = np.maximum(np.where(is_call, spot - strike, strike - spot), 0.0)
    columns = (prices, volatility, at.delta, at.gamma, at.theta, at.vega, telling - exercised)
    rows = zip(listed, quotes, *(column.tolist() for column in columns), strict=True)
    return [PricedOption(*row) for row in rows]


def _at_the_money(strike: Floats, volatility: Floats, spot: float) -> float:
    """The mean over call and put of the strike next to the spot."""
    if not len(strike):
        return float("nan")
    nearest = strike[np.argmin(np.abs(strike - spot))]
    if abs(nearest / spot - 1) > _FARTHEST_MONEY:
        return float("nan")
    return float(volatility[strike == nearest].mean())


def _at_delta(volatility: Floats, delta: Floats, among: Flags, wanted: float) -> float:
    """The volatility at a delta, on the line between the contracts either side of it; that of the nearest
    contract where the chain ends before.
    """
    order = np.argsort(delta[among])
    deltas, volatilities = delta[among][order], volatility[among][order]
    if not len(deltas) or np.min(np.abs(deltas - wanted)) > _FARTHEST_DELTA:
        return float("nan")
    return float(np.interp(wanted, deltas, volatilities))
