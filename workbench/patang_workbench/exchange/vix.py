"""India VIX where it was not recorded: a slow wave of years, and within a day the mirror of the index."""

import math
import zlib
from collections.abc import Mapping
from datetime import date, datetime, time

import numpy as np

from patang_workbench.exchange.candles import Bar, DayCandles
from patang_workbench.exchange.hours import IST, previous_days

__all__ = ["VIX", "vix_candles", "vix_days"]

VIX = "INDIA VIX"

_DAYS_KEPT = 300
"""Trading days before the session for which a daily candle is there: more than a year."""
_MIRROR = 4.0
"""Percent that the index of volatility falls for each percent that the index rises."""


def vix_days(seed: int, session: date) -> dict[date, Bar]:
    """A daily candle for more than a year of trading days before `session`, in hundredths of a point."""
    days = previous_days(session, _DAYS_KEPT)
    opens = [_level(seed, day) for day in (*days, session)]
    return {day: _day(seed, day, opened) for day, opened in zip(days, opens, strict=False)}


def vix_candles(
    nifty: Mapping[date, DayCandles], opens: Mapping[date, Bar], seed: int
) -> dict[date, DayCandles]:
    """Minute candles of the days for which NIFTY has them, from the day's known open or a drawn one."""
    return {
        day: _mirrored(candles, opens[day].open if day in opens else _level(seed, day))
        for day, candles in nifty.items()
    }


def _level(seed: int, day: date) -> int:
    """The open of a day, drawn for that day alone."""
    rng = np.random.default_rng([seed, day.toordinal(), zlib.crc32(VIX.encode())])
    wave = 0.22 * math.sin(day.toordinal() / 23.0 + seed) + 0.10 * math.sin(day.toordinal() / 5.0 + 2 * seed)
    return round(1450 * math.exp(wave + 0.03 * float(rng.normal())))


def _day(seed: int, day: date, opened: int) -> Bar:
    rng = np.random.default_rng([seed, day.toordinal(), zlib.crc32(b"vix day")])
    close = round(opened * math.exp(0.02 * float(rng.normal())))
    high = round(max(opened, close) * (1 + 0.02 * rng.random()))
    low = round(min(opened, close) * (1 - 0.02 * rng.random()))
    return Bar(int(datetime.combine(day, time(), IST).timestamp()), opened, high, low, close, 0)


def _mirrored(candles: DayCandles, opened: int) -> DayCandles:
    first = float(candles.open[0])

    def of(prices: np.ndarray) -> np.ndarray:
        return np.rint(opened * (prices / first) ** -_MIRROR).astype(np.int64)

    none = np.zeros(len(candles.minute), np.int64)
    return DayCandles(
        candles.minute, of(candles.open), of(candles.low), of(candles.high), of(candles.close), none
    )
