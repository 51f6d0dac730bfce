"""A seeded synthetic market: two indices, their volatility and ten shares, with trends, regimes and volume.

Each day alternates between quiet ranges and trends of half an hour to an hour and a half; volatility and
volume follow the U of a trading day and rise in a trend. Shares and NIFTY BANK follow a common factor and a
path of their own. It is made to show something in every hour and trends far more than a real market:
nothing earned on it says anything about real trading.

Days are drawn independently from (seed, day), so that a session is the same however much history goes
before it.
"""

import zlib
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from patang.market.contract_terms import equity_tick
from patang_workbench.exchange.candles import DayCandles, MarketData
from patang_workbench.exchange.hours import hours_of, previous_days
from patang_workbench.exchange.vix import VIX, vix_candles, vix_days

__all__ = ["synthetic_market"]

Path = NDArray[np.float64]

_STEPS = 12
"""Price steps a minute from which its high and low are taken."""


@dataclass(frozen=True, slots=True)
class _Profile:
    """How a symbol moves: price in rupees before the session, beta to the common factor, daily volatility
    of its own in percent, units traded in an average minute (0 for an index)."""

    symbol: str
    price: float
    beta: float
    own: float
    volume: int


_PROFILES = (
    _Profile("NIFTY 50", 24500.0, 1.0, 0.0, 0),
    _Profile("NIFTY BANK", 55200.0, 1.1, 0.35, 0),
    _Profile("RELIANCE", 1385.0, 1.05, 0.8, 32000),
    _Profile("HDFCBANK", 985.0, 1.0, 0.7, 55000),
    _Profile("ICICIBANK", 1412.0, 1.1, 0.8, 30000),
    _Profile("INFY", 1488.0, 0.9, 1.0, 22000),
    _Profile("TCS", 3062.0, 0.8, 0.9, 7000),
    _Profile("SBIN", 842.0, 1.2, 1.0, 34000),
    _Profile("ITC", 408.0, 0.6, 0.7, 45000),
    _Profile("LT", 3655.0, 1.1, 0.9, 5000),
    _Profile("AXISBANK", 1108.0, 1.2, 1.0, 21000),
    _Profile("BHARTIARTL", 1921.0, 0.8, 0.9, 14000),
)
_INDICES = ("NIFTY 50", "NIFTY BANK", VIX)


def synthetic_market(seed: int, session: date, history_days: int = 10) -> MarketData:
    """The market of `session` and of the `history_days` trading days before it, from `seed`.

    Raises ValueError when the exchange is closed on `session`.
    """
    hours_of(session)
    history = previous_days(session, history_days)
    days = (*history, session)
    factors = {day: _Factor.draw(seed, day) for day in days}
    candles = {profile.symbol: _series(profile, seed, days, factors) for profile in _PROFILES}
    volatility = vix_days(seed, session)
    candles[VIX] = vix_candles(candles["NIFTY 50"], volatility, seed)
    return MarketData(f"synthetic, seed {seed}", session, history, _INDICES, candles, {VIX: volatility})


def _rng(seed: int, day: date, name: str) -> np.random.Generator:
    return np.random.default_rng([seed, day.toordinal(), zlib.crc32(name.encode())])


def _day_shape(minutes: int) -> Path:
    """Relative activity of each minute: high at the open, low at noon, higher to the close; mean one."""
    x = np.linspace(0.0, 1.0, minutes)
    shape = 0.55 + 1.5 * np.exp(-x / 0.08) + 1.6 * (x - 0.45) ** 2 + 0.5 * np.exp(-(1.0 - x) / 0.05)
    return shape / shape.mean()


@dataclass(frozen=True, slots=True)
class _Factor:
    """The common path of a day in log price, a row a minute of `_STEPS` steps, and each minute's activity."""

    gap: float
    path: Path
    activity: Path

    @classmethod
    def draw(cls, seed: int, day: date) -> "_Factor":
        rng = _rng(seed, day, "market")
        minutes = hours_of(day).minutes
        drift, heat = _regimes(rng, minutes, first_range=12)
        shape = _day_shape(minutes)
        sigma = 0.0065 * rng.uniform(0.8, 1.3) / np.sqrt(minutes) * np.sqrt(shape) * heat
        return cls(rng.normal(0.0, 0.003), _wander(rng, drift, sigma), shape * heat**1.5)


def _regimes(rng: np.random.Generator, minutes: int, first_range: int) -> tuple[Path, Path]:
    """Drift a minute in log price and heat (volatility factor) of each minute of a day."""
    drift, heat = np.zeros(minutes), np.ones(minutes)
    start, trending = 0, False
    direction = 1.0 if rng.random() < 0.5 else -1.0
    length = first_range
    while start < minutes:
        end = min(minutes, start + length)
        if trending:
            ramp = np.sin(np.linspace(0.35, np.pi - 0.35, end - start))
            drift[start:end] = direction * rng.uniform(0.00014, 0.00026) * ramp
            heat[start:end] = rng.uniform(1.05, 1.4)
        else:
            heat[start:end] = rng.uniform(0.6, 0.85)
        start, trending = end, not trending
        length = int(rng.integers(35, 85)) if trending else int(rng.integers(15, 35))
        if trending and rng.random() < 0.6:
            direction = -direction
    return drift, heat


def _wander(rng: np.random.Generator, drift: Path, sigma: Path) -> Path:
    noise = rng.normal(0.0, 1.0, (len(drift), _STEPS)) * (sigma / np.sqrt(_STEPS))[:, None]
    steps = noise + (drift / _STEPS)[:, None]
    return np.cumsum(steps.ravel()).reshape(len(drift), _STEPS)


def _series(
    profile: _Profile, seed: int, days: tuple[date, ...], factors: dict[date, _Factor]
) -> dict[date, DayCandles]:
    paths, activities = [], []
    level = 0.0
    for day in days:
        rng = _rng(seed, day, profile.symbol)
        factor = factors[day]
        minutes = len(factor.path)
        path, activity = profile.beta * factor.path, factor.activity
        gap = profile.beta * factor.gap
        if profile.own:
            drift, heat = _regimes(rng, minutes, first_range=int(rng.integers(8, 40)))
            scale = profile.own / 100.0
            shape = _day_shape(minutes)
            sigma = 0.7 * scale / np.sqrt(minutes) * np.sqrt(shape) * heat
            path = path + _wander(rng, drift * scale / 0.011, sigma)
            activity = 0.5 * activity + 0.5 * shape * heat**1.5
            gap += rng.normal(0.0, 0.25 * scale)
        # Shares stop at the end of their session, the index moves on with its options.
        traded = hours_of(day).cash_minutes if profile.volume else minutes
        paths.append(level + gap + path[:traded])
        activities.append((activity * rng.lognormal(0.0, 0.35, minutes))[:traded])
        level = paths[-1][-1, -1]
    base = paths[-2][-1, -1] if len(paths) > 1 else 0.0
    step = 5 if not profile.volume else int(100 * equity_tick(Decimal(str(profile.price)), days[-1]))
    return {
        day: _candles(profile, np.exp(path - base), activity, step)
        for day, path, activity in zip(days, paths, activities, strict=True)
    }


def _candles(profile: _Profile, relative: Path, activity: Path, step: int) -> DayCandles:
    prices = np.rint(relative * profile.price * 100 / step).astype(np.int64) * step
    opens = prices[:, 0]
    volume = np.rint(profile.volume * activity).astype(np.int64)
    return DayCandles(
        np.arange(len(prices), dtype=np.int64),
        opens,
        prices.max(axis=1),
        prices.min(axis=1),
        prices[:, -1],
        volume,
    )
