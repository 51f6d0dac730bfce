"""Black-Scholes for European options on an index or share: price, greeks, implied volatility.

All functions are vectorised and take float64 arrays or plain numbers: `is_call` (boolean), `spot` and
`strike` in rupees, `years` to expiry (ACT/365), `volatility` and `rate` as fractions a year. Degenerate input
(NaN, no time left, a price outside its arbitrage bounds) gives NaN, never a made-up number.
"""

import math
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import ArrayLike, NDArray

from patang.market.sessions import expiry_moment

__all__ = ["RISK_FREE_RATE", "Greeks", "greeks", "implied_volatility", "price", "years_to"]

type Floats = NDArray[np.float64]

# The order of magnitude of the 91-day treasury bill; the mean of a call's and a put's implied volatility at
# the same strike hardly depends on it.
RISK_FREE_RATE = 0.065

_YEAR = timedelta(days=365)
_LOWEST, _HIGHEST = 1e-4, 10.0
_STEPS = 64
_ERFC = np.frompyfunc(math.erfc, 1, 1)


@dataclass(frozen=True, slots=True)
class Greeks:
    """`theta` in rupees a calendar day, `vega` in rupees a point of volatility (0.01)."""

    price: Floats
    delta: Floats
    theta: Floats
    vega: Floats


def years_to(expiry: date, as_of: datetime) -> float:
    """Years (ACT/365) from `as_of` to the expiry; zero once it has passed."""
    return max((expiry_moment(expiry) - as_of) / _YEAR, 0.0)


def price(
    is_call: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    volatility: ArrayLike,
    rate: float = RISK_FREE_RATE,
) -> Floats:
    """Price in rupees."""
    return greeks(is_call, spot, strike, years, volatility, rate).price


def greeks(
    is_call: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    volatility: ArrayLike,
    rate: float = RISK_FREE_RATE,
) -> Greeks:
    """Price and greeks."""
    sign = np.where(np.asarray(is_call, bool), 1.0, -1.0)
    s, k, t, v = (np.asarray(x, np.float64) for x in (spot, strike, years, volatility))
    good = (s > 0) & (k > 0) & (t > 0) & (v > 0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        root = np.sqrt(t)
        d1 = (np.log(s / k) + (rate + v * v / 2) * t) / (v * root)
        d2 = d1 - v * root
        discounted = k * np.exp(-rate * t)
        up, down = _cumulative(sign * d1), _cumulative(sign * d2)
        density = np.exp(-d1 * d1 / 2) / math.sqrt(2 * math.pi)
        value = sign * (s * up - discounted * down)
        theta = (-s * density * v / (2 * root) - sign * rate * discounted * down) / 365
        vega = s * density * root / 100
    return Greeks(*(np.where(good, x, np.nan) for x in (value, sign * up, theta, vega)))


def implied_volatility(
    is_call: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    premium: ArrayLike,
    rate: float = RISK_FREE_RATE,
) -> Floats:
    """The volatility that gives `premium`, by Newton's steps kept inside a bracket.

    NaN where the premium is not strictly inside its arbitrage bounds, or where it says nothing about
    volatility (so deep in or out of the money that a change of volatility does not move it by a paisa).
    """
    call, s, k, t, target = np.broadcast_arrays(
        np.asarray(is_call, bool), *(np.asarray(x, np.float64) for x in (spot, strike, years, premium))
    )
    with np.errstate(invalid="ignore", over="ignore"):
        discounted = k * np.exp(-rate * t)
        floor = np.maximum(np.where(call, s - discounted, discounted - s), 0.0)
        ceiling = np.where(call, s, discounted)
        good = (s > 0) & (k > 0) & (t > 0) & (target > floor) & (target < ceiling)
    low, high = np.full(s.shape, _LOWEST), np.full(s.shape, _HIGHEST)
    guess = np.full(s.shape, 0.2)
    for _ in range(_STEPS):
        at = greeks(call, s, k, t, guess, rate)
        off = at.price - target
        if not np.any(good & (np.abs(off) > 1e-9 * np.maximum(target, 1.0)) & (high - low > 1e-12)):
            break
        low, high = np.where(off < 0, guess, low), np.where(off >= 0, guess, high)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            newton = guess - off / (at.vega * 100)
        guess = np.where((newton > low) & (newton < high), newton, (low + high) / 2)
    at = greeks(call, s, k, t, guess, rate)
    found = good & (at.vega > 1e-4) & (np.abs(at.price - target) < 1e-4 * np.maximum(target, 1.0))
    return np.where(found, guess, np.nan)


def _cumulative(x: Floats) -> Floats:
    """The standard normal distribution, exact in the tails."""
    values: Floats = np.asarray(_ERFC(-x / math.sqrt(2)), np.float64)
    return values / 2
