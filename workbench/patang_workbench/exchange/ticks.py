"""Expansion of a one-minute candle into ticks that give the candle back exactly."""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from patang_workbench.exchange.candles import Bar

__all__ = ["MIN_TICKS", "Tick", "expand", "pick_seconds"]

MIN_TICKS = 4
"""Open, high, low and close need a tick each."""


class Tick(NamedTuple):
    """A trade: second of the minute, price in paise, units traded since the tick before."""

    second: int
    price: int
    quantity: int


def pick_seconds(count: int, rng: np.random.Generator) -> list[int]:
    """`count` (at most 60) distinct seconds of a minute, ascending, spread over the minute."""
    lows, widths = _parts(max(MIN_TICKS, min(count, 60)))
    seconds: list[int] = (lows + rng.integers(0, widths)).tolist()
    return seconds


@cache
def _parts(count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The minute in `count` parts: the first second of each, and its length in seconds."""
    edges = np.arange(count + 1, dtype=np.int64) * 60 // count
    return edges[:-1], np.diff(edges)


def expand(bar: Bar, seconds: Sequence[int], step: int, rng: np.random.Generator) -> list[Tick]:
    """Ticks at `seconds` whose first is the open, last the close, extremes high and low, sum the volume.

    A rising candle usually sees its low first, a falling one its high; prices in between wander inside
    the range on multiples of `step` paise from the low. A volume below the number of ticks leaves ticks
    that trade nothing, as an update of the quote does. Needs at least `MIN_TICKS` seconds.
    """
    count = len(seconds)
    if count < MIN_TICKS:
        raise ValueError(f"a candle needs at least {MIN_TICKS} ticks, {count} were asked for")
    low_first = (bar.close >= bar.open) != (rng.random() < 0.15)
    first, second = sorted(rng.choice(np.arange(1, count - 1), 2, replace=False).tolist())
    anchors = {0: bar.open, count - 1: bar.close}
    anchors[first], anchors[second] = (bar.low, bar.high) if low_first else (bar.high, bar.low)
    prices = _bridge(anchors, count, bar, step, rng)
    quantities = _split(bar.volume, count, rng)
    return [Tick(*row) for row in zip(seconds, prices, quantities, strict=True)]


def _bridge(anchors: dict[int, int], count: int, bar: Bar, step: int, rng: np.random.Generator) -> list[int]:
    places = sorted(anchors)
    path = np.interp(np.arange(count), places, [anchors[place] for place in places])
    noise = rng.normal(0.0, 0.15 * (bar.high - bar.low), count)
    wandering = np.clip(path + noise, bar.low, bar.high)
    rounded = bar.low + np.rint((wandering - bar.low) / step).astype(np.int64) * step
    prices: list[int] = np.minimum(rounded, bar.high).tolist()
    for place, price in anchors.items():
        prices[place] = price
    return prices


def _split(volume: int, count: int, rng: np.random.Generator) -> list[int]:
    shares = rng.dirichlet(np.full(count, 1.5))
    parts = np.floor(shares * volume).astype(np.int64)
    parts[int(np.argmax(shares))] += volume - int(parts.sum())
    return [int(part) for part in parts]
