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

# The order of magnitude of the 91-day treasury bill. On the spot that calls and puts agree on, implied
# volatility hardly depends on it.
RISK_FREE_RATE = 0.065

_YEAR = timedelta(days=365)
_LOWEST, _HIGHEST = 1e-4, 10.0
_LEAST_VEGA = 0.01
_WIDEST = 80.0
_STEPS = 64
_NEAR = 1e-10
_ERFC = np.frompyfunc(math.erfc, 1, 1)


@dataclass(frozen=True, slots=True)
class Greeks:
    """`gamma` is what `delta` gains with a rupee of the spot, `theta` in rupees a calendar day, `vega` in
    rupees a point of volatility (0.01)."""

    price: Floats
    delta: Floats
    gamma: Floats
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
        gamma = density / (s * v * root)
    return Greeks(*(np.where(good, x, np.nan) for x in (value, sign * up, gamma, theta, vega)))


def implied_volatility(
    is_call: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    premium: ArrayLike,
    rate: float = RISK_FREE_RATE,
) -> Floats:
    """The volatility that gives `premium`.

    NaN where the premium is not strictly inside its arbitrage bounds, or where it says nothing about
    volatility: so deep in or out of the money, or so near to the expiry, that half a tick of premium
    (2.5 paise) is more than two and a half points of volatility.
    """
    call, s, k, t, target = np.broadcast_arrays(
        np.asarray(is_call, bool), *(np.asarray(x, np.float64) for x in (spot, strike, years, premium))
    )
    found = np.full(s.shape, np.nan)
    with np.errstate(invalid="ignore", over="ignore"):
        discounted = k * np.exp(-rate * t)
        floor = np.maximum(np.where(call, s - discounted, discounted - s), 0.0)
        good = (s > 0) & (k > 0) & (t > 0) & (target > floor) & (target < np.where(call, s, discounted))
    if not good.any():
        return found
    scale = np.sqrt(s[good] * discounted[good])
    # A call and a put of the same strike have the same volatility, and the one out of the money has no
    # intrinsic part to drown its digits.
    total = _total_volatility(
        -np.abs(np.log(s[good] / discounted[good])), (target[good] - floor[good]) / scale
    )
    found[good] = total / np.sqrt(t[good])
    vega = greeks(call, s, k, t, found, rate).vega
    with np.errstate(invalid="ignore"):
        return np.where((vega >= _LEAST_VEGA) & (found >= _LOWEST) & (found <= _HIGHEST), found, np.nan)


def _total_volatility(moneyness: Floats, value: Floats) -> Floats:
    """Volatility times the root of time that gives an option out of the money its value.

    `moneyness` (not above zero) is the log of spot over discounted strike, `value` the premium over the root
    of their product, above zero. Halley's steps from the value's point of inflection, the root of twice the
    moneyness: towards higher volatility on the value, towards lower on its logarithm, which is less bent
    there (P. Jaeckel, By Implication, 2006). A step out of the bracket is halved into it. NaN where that many
    steps were not enough.
    """
    low, high = np.full(moneyness.shape, 1e-9), np.full(moneyness.shape, _WIDEST)
    inflection = np.maximum(np.sqrt(-2 * moneyness), low)
    falls = value < _value(moneyness, inflection)[0]
    total: Floats = np.where(falls, inflection, np.maximum(inflection, value * math.sqrt(2 * math.pi)))
    left = np.arange(len(total))
    for _ in range(_STEPS):
        h, w, wanted, lower = moneyness[left], total[left], value[left], falls[left]
        at, slope, bend = _value(h, w)
        low[left], high[left] = np.where(at < wanted, w, low[left]), np.where(at < wanted, high[left], w)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            off = np.where(lower, np.log(at / wanted) * at, at - wanted)
            step = off / slope
            step /= 1 - step * (bend - np.where(lower, slope / at, 0.0)) / 2
            closer = w - step
        # The bracket's ends are inside: where rounding ends the approach, the next step goes nowhere.
        inside = (closer >= low[left]) & (closer <= high[left])
        total[left] = np.where(inside, closer, (low[left] + high[left]) / 2)
        left = left[~(np.abs(total[left] - w) <= _NEAR * w)]
        if not len(left):
            break
    total[left] = np.nan
    return total


def _value(moneyness: Floats, total: Floats) -> tuple[Floats, Floats, Floats]:
    """The normalised value, its slope in the total volatility, and the slope's own relative slope."""
    ratio, half = moneyness / total, total / 2
    up, down = np.exp(moneyness / 2), np.exp(-moneyness / 2)
    value = up * _cumulative(ratio + half) - down * _cumulative(ratio - half)
    slope = np.exp(-(ratio * ratio + half * half) / 2) / math.sqrt(2 * math.pi)
    return value, slope, ratio * ratio / total - total / 4


def _cumulative(x: Floats) -> Floats:
    """The standard normal distribution, exact in the tails."""
    values: Floats = np.asarray(_ERFC(-x / math.sqrt(2)), np.float64)
    return values / 2
