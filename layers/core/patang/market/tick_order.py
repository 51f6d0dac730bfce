"""The order in which an exchange's ticks happened, whatever order they came in."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["in_exchange_order"]

type Ticks = NDArray[np.void]
type Rows = NDArray[np.intp]

# Odd multipliers of a multiplicative hash (the golden ratio's, as in Knuth, The Art of Computer Programming,
# volume 3, 6.4), one a field so that equal values in two fields do not cancel.
_GOLDEN = 0x9E3779B97F4A7C15


def in_exchange_order(rows: Rows, ticks: Ticks) -> tuple[Rows, Ticks]:
    """Ticks (dtype TICK) by row, within a row by exchange time and then by what was traded; repeats are gone.

    The feed does not order two ticks of one second and one volume: their order is drawn from their own bytes,
    so that it is the same whatever order they came in and favours neither the higher nor the lower price.
    """
    time = ticks["exchange_time"]
    order = np.argsort(rows * (int(np.ptp(time)) + 1) + (time - time.min()), kind="stable")
    rows, ticks = rows[order], ticks[order]
    time, volume = ticks["exchange_time"], ticks["volume"]
    tied = (rows[1:] == rows[:-1]) & (time[1:] == time[:-1])
    if not tied.any():
        return rows, ticks
    order = np.lexsort((_drawn(ticks), volume, time, rows))
    rows, ticks = rows[order], ticks[order]
    repeat = (rows[1:] == rows[:-1]) & (ticks[1:] == ticks[:-1])
    fresh = np.append(True, ~repeat)
    return rows[fresh], ticks[fresh]


def _drawn(ticks: Ticks) -> NDArray[np.uint64]:
    drawn = np.zeros(len(ticks), np.uint64)
    for number, name in enumerate(ticks.dtype.names or (), 1):
        column = np.ascontiguousarray(ticks[name])
        bits = column.view(np.uint64) if column.itemsize == 8 else column.astype(np.uint64)
        drawn = (drawn ^ (bits >> np.uint64(29)) ^ bits) * np.uint64((_GOLDEN * number | 1) % 2**64)
    return drawn
