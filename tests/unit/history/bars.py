"""Candles of made-up days that keep the exchange's hours: prices that walk, with calm and wild stretches."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from patang.market.bar_hours import day_hours, expected_starts
from patang.market.exchange_calendar import Segment
from patang.market.findings import INTERVAL_MINUTES, CandleColumns, Interval
from patang.market.sessions import IST

__all__ = ["at", "clean_days", "put_rows", "with_bars"]

_COLUMNS = ("start", "open", "high", "low", "close", "volume")


def clean_days(
    seed: int,
    first: date = date(2024, 2, 26),
    calendar_days: int = 7,
    interval: Interval = "minute",
    segment: Segment = "cash",
    symbol: str = "RELIANCE",
) -> CandleColumns:
    """All bars of the sessions from `first` on, with nothing wrong."""
    rng = np.random.default_rng(seed)
    step = INTERVAL_MINUTES[interval] * 60
    days = [first + timedelta(days=n) for n in range(calendar_days)]
    sessions = [(day, hours) for day in days if (hours := day_hours(day, segment)) is not None]
    start = np.concatenate([expected_starts(day, hours, step) for day, hours in sessions])
    calm = rng.uniform(0.0002, 0.001) * np.sqrt(min(step / 60, 375))
    heat = np.exp(np.cumsum(rng.normal(0, 0.05, len(start))).clip(-1.5, 1.5))
    steps = rng.standard_t(6, (len(start), 4)) * (calm * heat)[:, None] / 2
    path = np.round(rng.uniform(50, 25_000) * np.exp(np.cumsum(steps.ravel())).reshape(-1, 4), 2)
    volume = rng.integers(0, 100_000, len(start)).astype(np.float64)
    columns = (path[:, 0], path.max(axis=1), path.min(axis=1), path[:, 3])
    return CandleColumns(symbol, interval, segment, start, *columns, volume)


def with_bars(candles: CandleColumns, row: int, **values: float) -> CandleColumns:
    """With other values in one bar."""
    changed = {name: getattr(candles, name).copy() for name in values}
    for name, value in values.items():
        changed[name][row] = value
    changes: dict[str, Any] = changed
    return replace(candles, **changes)


def put_rows(candles: CandleColumns, rows: "np.ndarray[Any, np.dtype[np.intp]]") -> CandleColumns:
    """The bars in this order; left out or repeated as the rows say."""
    changes: dict[str, Any] = {name: getattr(candles, name)[rows] for name in _COLUMNS}
    return replace(candles, **changes)


def at(text: str) -> int:
    """Epoch seconds of an IST time."""
    return int(datetime.fromisoformat(text).replace(tzinfo=IST).timestamp())
