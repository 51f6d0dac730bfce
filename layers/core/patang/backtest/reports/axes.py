"""Axes: where a value lies between the edges of a chart, and which values are written beside it."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import ArrayLike, NDArray

from patang.market.sessions import IST

__all__ = ["Axis", "number_axis", "time_axis"]

type Floats = NDArray[np.float64]

_FEWEST_TIMES, _MOST_TIMES = 4, 6
_MINUTE_STEPS = (5, 10, 15, 30, 60, 120)


@dataclass(frozen=True, slots=True)
class Axis:
    """`ticks` are (value, label), in the axis' own units, between `low` and `high`."""

    low: float
    high: float
    ticks: Sequence[tuple[float, str]]

    def at(self, values: ArrayLike) -> Floats:
        """Where values lie: 0 at the low end, 1 at the high one."""
        return (np.asarray(values, float) - self.low) / (self.high - self.low)


def number_axis(values: ArrayLike, label: Callable[[float, int], str], *, zero: bool = False) -> Axis:
    """An axis over all finite `values`, with about five round ticks; `zero`: it has zero on it.

    `label` is given a value and the places after the point that tell it from its neighbours.
    """
    known = np.asarray(values, float).ravel()
    known = known[np.isfinite(known)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if low == high:
        room = abs(low) * 0.01 or 1.0
        low, high = low - room * (low != 0 or not zero), high + room
    step = _round_step((high - low) / 4)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    places = max(0, -math.floor(math.log10(step) + 1e-9))
    ticks = [(n * step, label(n * step, places)) for n in range(first, last + 1)]
    return Axis(first * step, last * step, ticks)


def time_axis(starts: NDArray[np.int64]) -> Axis:
    """An axis on which bar `n` lies at `n`, so that nights and holidays take no room.

    `starts` are epoch seconds. It is labelled by minutes within a day, else by days, months or years.
    """
    times = [datetime.fromtimestamp(int(start), IST) for start in starts]
    return Axis(-0.5, max(len(times), 1) - 0.5, _first_of_each(times))


def _round_step(rough: float) -> float:
    """The next of 1, 2, 5, 10 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * times for times in (1, 2, 5, 10) if rough <= power * times * (1 + 1e-9))


def _first_of_each(times: Sequence[datetime]) -> list[tuple[float, str]]:
    """Ticks at round minutes of a day, else at the first bar of days, months or years."""
    if not times:
        return []
    if times[0].date() == times[-1].date():
        return _round_minutes(times)
    # The longest division that has enough of them; of days any number.
    ticks: list[tuple[float, str]] = []
    for key, form in (("%Y", "%Y"), ("%Y-%m", "%b %Y"), ("%Y-%m-%d", "%d %b")):
        keys = [t.strftime(key) for t in times]
        begins = [n for n in range(len(times)) if not n or keys[n] != keys[n - 1]]
        ticks = [(float(n), times[n].strftime(form)) for n in begins]
        if len(ticks) >= _FEWEST_TIMES:
            break
    return ticks[:: -(-len(ticks) // _MOST_TIMES)]


def _round_minutes(times: Sequence[datetime]) -> list[tuple[float, str]]:
    ticks: list[tuple[float, str]] = []
    for step in _MINUTE_STEPS:
        ticks = [
            (float(n), f"{t:%H:%M}") for n, t in enumerate(times) if (t.hour * 60 + t.minute) % step == 0
        ]
        if len(ticks) <= _MOST_TIMES:
            break
    return ticks
