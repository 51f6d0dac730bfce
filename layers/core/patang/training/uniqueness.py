"""How much of its own a labelled entry tells: entries held at the same time share what happened.

Average uniqueness as Marcos Lopez de Prado has it in "Advances in Financial Machine Learning" (2018),
chapter 4: at each moment a row counts for one over the number of rows whose holding periods hold that moment,
and a row's uniqueness is the mean of that over its own.
"""

import numpy as np
from numpy.typing import NDArray

from patang.errors import BadInput

__all__ = ["average_uniqueness"]

type Floats = NDArray[np.float64]
type Places = NDArray[np.int64]


def average_uniqueness(symbol: NDArray[np.str_], begin: Places, end: Places) -> Floats:
    """Of each row, above 0 and up to 1; O(n log n).

    `begin` and `end` are the holding period's, the end not included, counted in anything that runs while the
    market does, such as places of bars. Rows of different symbols share nothing. A holding period that has
    not ended yet goes in with the end of what is known: it was there, and others overlap with it.
    Raises BadInput for a row that was held for no time.
    """
    if np.any(end <= begin):
        row = int(np.argmax(end <= begin))
        raise BadInput(f"row {row} is held from {begin[row]} to {end[row]}: it must be held for some time")
    weights = np.empty(len(begin))
    order = np.argsort(symbol, kind="stable")
    bounds = np.flatnonzero(symbol[order][1:] != symbol[order][:-1]) + 1
    for rows in np.split(order, bounds):
        weights[rows] = _of_one(begin[rows], end[rows])
    return weights


def _of_one(begin: Places, end: Places) -> Floats:
    """Uniqueness among rows that share one market: differences of the integral of one over their number."""
    moments, place = np.unique(np.concatenate([begin, end]), return_inverse=True)
    changes = np.zeros(len(moments), np.int64)
    rows = len(begin)
    np.add.at(changes, place[:rows], 1)
    np.add.at(changes, place[rows:], -1)
    concurrent = np.cumsum(changes)[:-1]
    # Between holding periods nobody holds anything; no row's difference reaches across.
    share = np.divide(1.0, concurrent, out=np.zeros(len(concurrent)), where=concurrent > 0)
    integral = np.concatenate([[0.0], np.cumsum(share * np.diff(moments))])
    mean: Floats = (integral[place[rows:]] - integral[place[:rows]]) / (end - begin)
    # A last digit too much would make a row that stands alone count for more than one.
    return np.minimum(mean, 1.0)
