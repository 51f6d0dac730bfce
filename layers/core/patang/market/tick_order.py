"""The order in which an exchange's ticks happened, whatever order they came in."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["exchange_order"]

type Ticks = NDArray[np.void]
type Rows = NDArray[np.intp]


def exchange_order(rows: Rows, ticks: Ticks) -> Rows:
    """The places of the ticks (dtype TICK) by row, then exchange time, then volume, without the repeats.

    The exchange's clock has whole seconds, and the broker sends a new last price of a second ahead of its
    volume: ticks of one second and one volume count in the order of their arrival, a repeat by its first.
    """
    if len(rows) == 0:
        return np.zeros(0, np.intp)
    time = ticks["exchange_time"]
    count = len(rows)
    # A key of its own for each tick, so that the fast unstable sort keeps the order of arrival.
    key = rows * (int(np.ptp(time)) + 1) + (time - time.min())
    order = np.argsort(key * count + np.arange(count))
    tied = np.flatnonzero(key[order[1:]] == key[order[:-1]])
    if len(tied) == 0:
        return order
    group = np.union1d(tied, tied + 1)
    order[group] = order[group][np.lexsort((ticks["volume"][order[group]], key[order[group]]))]
    fresh = np.ones(count, np.bool_)
    fresh[group] = _first_of_its_kind(rows[order[group]], ticks[order[group]])
    kept: Rows = order[fresh]
    return kept


def _first_of_its_kind(rows: Rows, ticks: Ticks) -> NDArray[np.bool_]:
    whole = np.zeros(len(rows), [("row", "<i8"), ("tick", ticks.dtype)])
    whole["row"], whole["tick"] = rows, ticks
    _, first = np.unique(whole.view(f"V{whole.itemsize}"), return_index=True)
    is_first = np.zeros(len(rows), np.bool_)
    is_first[first] = True
    return is_first
