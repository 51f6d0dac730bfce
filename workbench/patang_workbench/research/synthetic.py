"""Synthetic histories to judge the research by: one in which nothing can be known, one with a planted edge.

Both have what a market has besides: a day loud at its ends, volatility that clusters, fat tails, gaps
overnight, prices on the tick. In neither do prices of one symbol tell anything of another's.
"""

import zlib
from collections.abc import Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from patang.backtest.featured import MinuteBars, featured
from patang.backtest.history import History
from patang.backtest.unlisted import research_instrument
from patang.errors import BadInput
from patang.market.bar_hours import day_hours, expected_starts
from patang.market.contract_terms import INDEX_OF
from patang.market.exchange_calendar import Segment
from patang.market.sessions import previous_session

__all__ = ["SYMBOLS", "edge_history", "last_sessions", "noise_history"]

type Floats = NDArray[np.float64]

SYMBOLS = ("NIFTY", "BANKNIFTY", "RELIANCE", "INFY", "HDFCBANK", "SBIN")

_LAST_DAY = date(2026, 6, 30)
# Sessions before the first that is told: bars of fifteen minutes need nine to warm their indicators up.
_WARM_UP = 10
# Paths that a minute's open, high, low and close are taken from.
_STEPS = 6
_TICK = 0.05
# A trend lasts so many minutes, at least and at most, and comes in this share of the stretches of time.
_TREND_MINUTES = (45, 120)
_TREND_SHARE = 0.5
# Trends begin in this part of the session: what a model can learn besides the strength of the move.
_TRENDS_UNTIL = 0.5


def noise_history(
    seed: int, symbols: Sequence[str] = SYMBOLS, days: int = 20, last: date = _LAST_DAY
) -> History:
    """Martingales over the `days` sessions that end with `last`: no rule has an edge, all pay their costs.

    Symbols called as an index is are indices, all others shares. The same for a seed, whatever else is asked.
    """
    return _history(seed, symbols, days, last, 0.0, f"synthetic noise, seed {seed}")


def edge_history(
    seed: int,
    strength: float,
    symbols: Sequence[str] = SYMBOLS,
    days: int = 20,
    last: date = _LAST_DAY,
) -> History:
    """The same with trends that go on: in half of each morning's stretches prices drift up or down.

    `strength` is the drift in standard deviations of a minute: 0.2 just pays the costs of a share, 0.3 is
    plain. A strategy of momentum has an edge in the mornings and none in the afternoons.
    """
    if not strength > 0:
        raise BadInput(f"an edge of strength {strength} is none: give one above zero, 0.3 is plain to see")
    return _history(seed, symbols, days, last, strength, f"synthetic edge of {strength:g}, seed {seed}")


def last_sessions(count: int, last: date) -> list[date]:
    """The `count` sessions that end with `last`, oldest first; with the one before where it is none."""
    found = [last if day_hours(last, "index") else previous_session(last).day]
    while len(found) < count:
        found.append(previous_session(found[-1]).day)
    return found[::-1]


def _history(seed: int, symbols: Sequence[str], days: int, last: date, drift: float, source: str) -> History:
    sessions = last_sessions(days + _WARM_UP, last)
    bars = [_bars(np.random.default_rng([seed, zlib.crc32(s.encode())]), s, sessions, drift) for s in symbols]
    whole = History(source, featured(bars), {})
    return whole.between(sessions[_WARM_UP], sessions[-1])


def _bars(rng: np.random.Generator, symbol: str, days: Sequence[date], drift: float) -> MinuteBars:
    index = symbol in INDEX_OF
    segment: Segment = "index" if index else "cash_with_auction"
    daily = rng.uniform(0.007, 0.012) if index else rng.uniform(0.013, 0.022)
    level = np.log(rng.uniform(15_000, 50_000) if index else rng.uniform(300, 3_000))
    volume = 0.0 if index else rng.uniform(3_000, 20_000)
    heat = 1.0
    starts, prices = [], []
    for day in days:
        hours = day_hours(day, segment)
        if hours is None:
            raise BadInput(f"{symbol} does not trade on {day}: choose other days")
        minutes = expected_starts(day, hours, 60)
        # Loud days follow loud ones.
        heat = float(np.exp(0.7 * np.log(heat) + rng.normal(0, 0.2)))
        sigma = daily * heat * _shape(len(minutes)) / np.sqrt(len(minutes))
        noise = rng.standard_t(5, (len(minutes), _STEPS)) * np.sqrt(3 / 5 / _STEPS)
        trend = _trend(rng, len(minutes)) * drift
        steps = (noise + trend[:, None] / _STEPS) * sigma[:, None]
        path = level + rng.normal(0, daily / 3) + np.cumsum(steps).reshape(steps.shape)
        level = path[-1, -1]
        starts.append(minutes)
        prices.append(np.rint(np.exp(path) / _TICK) * _TICK)
    every, paths = np.concatenate(starts), np.round(np.concatenate(prices), 2)
    traded = np.rint(volume * rng.lognormal(0, 0.5, len(every))) if volume else np.zeros(len(every))
    instrument = research_instrument(symbol, segment, days[-1], float(paths[-1, -1]))
    return MinuteBars(
        instrument, every, paths[:, 0], paths.max(axis=1), paths.min(axis=1), paths[:, -1], traded
    )


def _shape(minutes: int) -> Floats:
    """How loud each minute of a day is beside the others, root of their mean square one."""
    x = np.linspace(0.0, 1.0, minutes)
    shape = 0.6 + 1.4 * np.exp(-x / 0.08) + 1.5 * (x - 0.45) ** 2
    loud: Floats = shape / np.sqrt((shape**2).mean())
    return loud


def _trend(rng: np.random.Generator, minutes: int) -> Floats:
    """+1, -1 or 0 of each minute of a day; drawn without an edge too, so that the noise is the same."""
    trend = np.zeros(minutes)
    start = 0
    while start < minutes:
        end = start + int(rng.integers(*_TREND_MINUTES))
        side = rng.choice((-1.0, 1.0)) if rng.random() < _TREND_SHARE else 0.0
        if start < minutes * _TRENDS_UNTIL:
            trend[start:end] = side
        start = end
    return trend
