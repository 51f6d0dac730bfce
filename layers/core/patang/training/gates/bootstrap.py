"""How far a mean may be off, where what happened on one day is no independent trial of the next."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Interval", "mean_interval", "resampled_days"]

type Floats = NDArray[np.float64]

_DRAWS = 4_000
_MEAN_BLOCK_DAYS = 5.0


class Interval(NamedTuple):
    """A mean with the bounds that hold it in `level` of the resamples."""

    low: float
    mean: float
    high: float


def mean_interval(
    values: Floats, weights: Floats, day: NDArray[np.int64], seed: int, level: float = 0.95
) -> Interval | None:
    """The weighted mean of the values and its interval; whole days are drawn, in blocks of some days on end.

    None with values of fewer than five days: there is nothing to draw from.
    """
    days, place = np.unique(day, return_inverse=True)
    if len(days) < 5:
        return None
    worth = np.bincount(place, values * weights)
    counted = np.bincount(place, weights)
    drawn = resampled_days(len(days), _DRAWS, seed)
    means = worth[drawn].sum(axis=1) / counted[drawn].sum(axis=1)
    outside = 50 * (1 - level)
    low, high = np.percentile(means, [outside, 100 - outside])
    return Interval(float(low), float(worth.sum() / counted.sum()), float(high))


def resampled_days(
    days: int, draws: int, seed: int, mean_block: float = _MEAN_BLOCK_DAYS
) -> NDArray[np.int64]:
    """Draws x days: places of days, by the stationary bootstrap of Politis and Romano ("The Stationary
    Bootstrap", 1994). Blocks begin anywhere, are of geometric length and go round the end."""
    rng = np.random.default_rng(seed)
    column = np.arange(days)
    begins = rng.random((draws, days)) < 1 / mean_block
    begins[:, 0] = True
    last = np.maximum.accumulate(np.where(begins, column, 0), axis=1)
    first = np.take_along_axis(rng.integers(0, days, (draws, days)), last, axis=1)
    places: NDArray[np.int64] = (first + column - last) % days
    return places
