"""The option chain of an underlying: its contracts with their quotes, volatilities and greeks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from patang.market.candles import Quote
from patang.market.greeks import greeks, implied_volatility, years_to
from patang.market.instruments import Instrument

__all__ = ["PricedOption", "VolatilityView", "fair_price", "priced_chain", "volatility_view"]

type Floats = NDArray[np.float64]
type Flags = NDArray[np.bool_]

_SKEW_DELTA = 0.25
_FARTHEST_DELTA = 0.15


@dataclass(frozen=True, slots=True)
class PricedOption:
    """A contract now. `price` is the middle of the book, or the last price without one; volatility is a
    fraction a year, theta rupees a day, vega rupees a point; NaN where the price tells nothing.
    """

    instrument: Instrument
    quote: Quote
    price: float
    implied_volatility: float
    delta: float
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


def priced_chain(
    instruments: Iterable[Instrument],
    quotes: Mapping[str, Quote],
    underlying: str,
    spot: float,
    as_of: datetime,
) -> tuple[PricedOption, ...]:
    """The quoted options on `underlying` among `instruments`, by expiry, strike and type.

    `quotes` is by EXCHANGE:TRADINGSYMBOL, `spot` the underlying's last price in rupees.
    """
    listed = [i for i in instruments if i.is_option and i.underlying == underlying and i.identifier in quotes]
    listed.sort(key=lambda i: (str(i.expiry), i.strike or 0, i.instrument_type))
    if not listed:
        return ()
    return _priced(listed, [quotes[i.identifier] for i in listed], spot, as_of)


def volatility_view(
    is_call: Flags, strike: Floats, years: float, premium: Floats, spot: float
) -> VolatilityView:
    """What the options of one expiry say about the volatility of their underlying."""
    volatility = implied_volatility(is_call, spot, strike, years, premium)
    known = np.isfinite(volatility)
    if not known.any():
        return VolatilityView(float("nan"), float("nan"))
    delta = greeks(is_call, spot, strike, years, volatility).delta
    return VolatilityView(
        _at_the_money(strike[known], volatility[known], spot),
        _nearest(volatility, delta, known & ~is_call, -_SKEW_DELTA)
        - _nearest(volatility, delta, known & is_call, _SKEW_DELTA),
    )


def _priced(
    listed: Sequence[Instrument], quotes: Sequence[Quote], spot: float, as_of: datetime
) -> tuple[PricedOption, ...]:
    is_call = np.array([i.instrument_type == "CE" for i in listed])
    strike = np.array([float(i.strike or "nan") for i in listed])
    left = {i.expiry: years_to(i.expiry, as_of) for i in listed if i.expiry is not None}
    years = np.array([left.get(i.expiry, float("nan")) if i.expiry else float("nan") for i in listed])
    prices = np.array([fair_price(quote) for quote in quotes])
    volatility = implied_volatility(is_call, spot, strike, years, prices)
    at = greeks(is_call, spot, strike, years, volatility)
    worth_now = np.maximum(np.where(is_call, spot - strike, strike - spot), 0.0)
    columns = (prices, volatility, at.delta, at.theta, at.vega, prices - worth_now)
    rows = zip(listed, quotes, *(column.tolist() for column in columns), strict=True)
    return tuple(PricedOption(*row) for row in rows)


def _at_the_money(strike: Floats, volatility: Floats, spot: float) -> float:
    """The mean over call and put of the strike next to the spot; the two together cancel the carry."""
    nearest = strike[np.argmin(np.abs(strike - spot))]
    return float(volatility[strike == nearest].mean())


def _nearest(volatility: Floats, delta: Floats, among: Flags, wanted: float) -> float:
    if not among.any():
        return float("nan")
    away = np.where(among, np.abs(delta - wanted), np.inf)
    best = int(np.argmin(away))
    return float(volatility[best]) if away[best] <= _FARTHEST_DELTA else float("nan")
