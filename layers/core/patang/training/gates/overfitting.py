"""Whether a search finds what will do well, or what did well by luck.

Combinatorially symmetric cross-validation: Bailey, Borwein, López de Prado and Zhu, "The Probability of
Backtest Overfitting", Journal of Computational Finance 20(4), 2016, which has both numbers.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Overfitting", "overfitting"]

type Floats = NDArray[np.float64]

_MOST_BLOCKS = 16
_LEAST_DAYS_A_BLOCK = 3
_LEAST_BLOCKS = 6


class Overfitting(NamedTuple):
    """Shares of the splits, 0 to 1. `probability` (PBO): the trial that is best in one half of the blocks of
    days does not come above the middle of all trials in the other half. `harmful`: nor does it earn anything
    there.

    Trials that are all alike good stand in a random order, which makes a large PBO of no fault; a search that
    was misled by luck chooses what loses afterwards.
    """

    probability: float
    harmful: float


def overfitting(trials: Sequence[Sequence[float]]) -> Overfitting | None:
    """Of trials, as returns by day, the same days for all, after costs.

    None for fewer than two trials, or fewer days than six blocks of three.
    """
    table = np.array(trials, np.float64).T
    if table.ndim != 2 or table.shape[1] < 2:
        return None
    blocks = min(_MOST_BLOCKS, len(table) // _LEAST_DAYS_A_BLOCK) // 2 * 2
    if blocks < _LEAST_BLOCKS:
        return None
    parts = np.array_split(table, blocks)
    sums = np.array([part.sum(axis=0) for part in parts])
    squares = np.array([(part**2).sum(axis=0) for part in parts])
    counts = np.array([len(part) for part in parts], np.float64)
    halves = np.array(list(combinations(range(blocks), blocks // 2)))
    inside = np.zeros((len(halves), blocks))
    np.put_along_axis(inside, halves, 1.0, axis=1)
    before, after = (_sharpe(half, sums, squares, counts) for half in (inside, 1 - inside))
    best = before.argmax(axis=1)[:, None]
    own = np.take_along_axis(after, best, axis=1)
    # The rank among all trials, 1 the worst; equals share theirs.
    rank = 1 + (after < own).sum(axis=1) + ((after == own).sum(axis=1) - 1) / 2
    low = rank <= (table.shape[1] + 1) / 2
    return Overfitting(float(low.mean()), float((low & (own[:, 0] <= 0)).mean()))


def _sharpe(chosen: Floats, sums: Floats, squares: Floats, counts: Floats) -> Floats:
    """Splits x trials: mean by deviation of the days of the chosen blocks; 0 where nothing moved."""
    days = (chosen @ counts)[:, None]
    mean = chosen @ sums / days
    variance = np.maximum(chosen @ squares / days - mean**2, 0.0)
    moved = variance > 1e-18
    return np.where(moved, mean / np.sqrt(np.where(moved, variance, 1.0)), 0.0)
