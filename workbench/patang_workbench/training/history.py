"""Synthetic history with its features, for training: independent indices and shares, minute by minute.

The simulator's market is not used here. It is made to show something in every hour and trends far more than
any real market: a model that had learned from it would promise too much. Here most of the time has no drift
at all, a trend is weak against the noise, and shocks have fat tails.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from patang.features.indicator_history import candle_features
from patang.features.indicators import WARM_UP_BARS, BarColumns
from patang.features.vector import CANDLE_FEATURES
from patang.market.sessions import previous_session, session_on
from patang.strategies.frames import NOTHING_KNOWN, Frames

__all__ = ["LAST_DAY", "Series", "synthetic_history"]

type Floats = NDArray[np.float64]

LAST_DAY = date(2026, 6, 30)

_MINUTES = 375
_STEPS = 6
_INDEX_SHARE = 0.4
# Of all stretches of time; drift in standard deviations a minute.
_TREND_SHARE = 0.3
_INDEX_DRIFT = (0.1, 0.4)
_SHARE_DRIFT = (0.1, 0.45)
_TICK = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One symbol's one-minute bars of several days on end, prices in rupees, with its features.

    `symbol` is a made-up name; `starts` are the bars' starts in epoch seconds; `day_of[i]` counts the days.
    Columns of `bars` are open, high, low, close. `features` are three tables, bars x CANDLE_FEATURES, as they
    were known when the bar closed: of bars of 1, 5 and 15 minutes.
    """

    symbol: str
    is_index: bool
    starts: NDArray[np.int64]
    day_of: NDArray[np.int64]
    bars: Floats
    features: tuple[Floats, Floats, Floats]

    def frames(self, bar: int) -> Frames:
        """The features at the close of a bar, by name; none of bars that are not known long enough."""
        named = (dict(zip(CANDLE_FEATURES, table[bar].tolist(), strict=True)) for table in self.features)
        return Frames(*(vector if math.isfinite(vector["adx_14"]) else NOTHING_KNOWN for vector in named))

    def day_volatility(self, day: int, days: int = 5) -> float:
        """Volatility a year, as a fraction, of the minutes of up to `days` days before; NaN on the first."""
        before = (self.day_of < day) & (self.day_of >= day - days)
        if not before.any():
            return float("nan")
        inside = np.diff(self.day_of[before]) == 0
        returns = np.diff(np.log(self.bars[before, 3]))[inside]
        return float(returns.std() * np.sqrt(_MINUTES * 252))


def synthetic_history(seed: int, symbols: int, days: int) -> Iterator[Series]:
    """`symbols` independent symbols over the `days` sessions that end with LAST_DAY, from `seed`."""
    dates = _sessions(days)
    rng = np.random.default_rng(seed)
    is_index = np.arange(symbols) < round(symbols * _INDEX_SHARE)
    bars = np.stack([_bars(rng, index, len(dates)) for index in is_index.tolist()])
    features = [_known_of(bars, minutes) for minutes in (1, 5, 15)]
    starts = np.concatenate([_opening(day) + 60 * np.arange(_MINUTES) for day in dates])
    day_of = np.repeat(np.arange(len(dates)), _MINUTES)
    for n, index in enumerate(is_index.tolist()):
        yield Series(
            f"S{n:02}", index, starts, day_of, bars[n], (features[0][n], features[1][n], features[2][n])
        )


def _known_of(bars: Floats, minutes: int) -> Floats:
    """The features of bars that long, at each minute those of the last that had ended; symbols x minutes."""
    symbols, count = len(bars), bars.shape[1] // minutes
    longer = bars.reshape(symbols, count, minutes, 4)
    columns = BarColumns(
        longer[:, :, 0, 0],
        longer[:, :, :, 1].max(axis=2),
        longer[:, :, :, 2].min(axis=2),
        longer[:, :, -1, 3],
        volume=np.zeros((symbols, count)),
    )
    features = candle_features(columns)
    features[:, :WARM_UP_BARS] = np.nan
    # A session is a whole number of them, so that the last that had ended is found by counting.
    ended = (np.arange(bars.shape[1]) + 1) // minutes - 1
    known: Floats = features[:, np.maximum(ended, 0)]
    known[:, ended < 0] = np.nan
    return known


def _sessions(days: int) -> list[date]:
    found = [LAST_DAY]
    while len(found) < days:
        found.append(previous_session(found[-1]).day)
    return found[::-1]


def _opening(day: date) -> int:
    session = session_on(day)
    if session is None or session.close - session.open != timedelta(minutes=_MINUTES):
        raise ValueError(f"{day} has no session of {_MINUTES} minutes: choose other days to train on")
    return int(session.open.timestamp())


def _bars(rng: np.random.Generator, index: bool, days: int) -> Floats:
    """Open, high, low, close of every minute, in rupees on the tick."""
    daily = rng.uniform(0.006, 0.011) if index else rng.uniform(0.011, 0.022)
    level = np.log(rng.uniform(8_000, 55_000) if index else rng.uniform(150, 3_500))
    x = np.linspace(0.0, 1.0, _MINUTES)
    shape = 0.6 + 1.4 * np.exp(-x / 0.08) + 1.5 * (x - 0.45) ** 2
    shape /= np.sqrt((shape**2).mean())
    found = []
    for _ in range(days):
        sigma = daily * rng.uniform(0.7, 1.4) / np.sqrt(_MINUTES) * shape
        drift, heat = _regimes(rng, *(_INDEX_DRIFT if index else _SHARE_DRIFT))
        noise = rng.standard_t(5, (_MINUTES, _STEPS)) * np.sqrt(3 / 5 / _STEPS)
        steps = (noise + drift[:, None] / _STEPS) * (sigma * heat)[:, None]
        path = level + rng.normal(0, daily / 3) + np.cumsum(steps.ravel()).reshape(_MINUTES, _STEPS)
        level = path[-1, -1]
        prices = np.rint(np.exp(path) / _TICK) * _TICK
        found.append(np.stack([prices[:, 0], prices.max(1), prices.min(1), prices[:, -1]], axis=1))
    return np.concatenate(found)


def _regimes(rng: np.random.Generator, weakest: float, strongest: float) -> tuple[Floats, Floats]:
    """Drift in standard deviations a minute, and the factor of volatility, of each minute of a day."""
    drift, heat = np.zeros(_MINUTES), np.ones(_MINUTES)
    start = 0
    while start < _MINUTES:
        end = start + int(rng.integers(30, 120))
        heat[start:end] = rng.uniform(0.7, 1.4)
        if rng.random() < _TREND_SHARE:
            drift[start:end] = rng.choice((-1.0, 1.0)) * rng.uniform(weakest, strongest)
        start = end
    return drift, heat
