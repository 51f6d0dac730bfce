"""How likely the best trial of a search is not among the better ones afterwards.

Combinatorially symmetric cross-validation: Bailey, Borwein, López de Prado and Zhu, "The Probability of
Backtest Overfitting", Journal of Computational Finance 20(4), 2016.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

__all__ = ["overfitting_probability"]

type Floats = NDArray[np.float64]

_MOST_BLOCKS = 16
_LEAST_DAYS_A_BLOCK = 3
_LEAST_BLOCKS = 6


def overfitting_probability(trials: Sequence[Sequence[float]]) -> float | None:
    """The share of the splits in which the trial that is best in one half of the blocks of days does not
    come above the middle of all trials in the other half. `trials`: returns by day, the same days for all.

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
    return float((rank <= (table.shape[1] + 1) / 2).mean())


def _sharpe(chosen: Floats, sums: Floats, squares: Floats, counts: Floats) -> Floats:
    """Splits x trials: mean by deviation of the days of the chosen blocks; 0 where nothing moved."""
    days = (chosen @ counts)[:, None]
    mean = chosen @ sums / days
    variance = np.maximum(chosen @ squares / days - mean**2, 0.0)
    moved = variance > 1e-18
    return np.where(moved, mean / np.sqrt(np.where(moved, variance, 1.0)), 0.0)
