"""Exits of the demonstration models' entries: stop, target and time on bare bars, fast.

The live exits are `patang.backtest.fills.walk_exit`, which real data sets use; a test holds these to them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from patang.strategies.exits import ExitReason, exit_rule

__all__ = ["Bars", "Outcome", "outcome"]

type Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Bars:
    """The bars after an entry, oldest first, of what was bought; prices in rupees a unit."""

    open: Floats
    high: Floats
    low: Floats
    close: Floats


@dataclass(frozen=True, slots=True)
class Outcome:
    """`price`: where the position went, `bars`: how many it was held, the last one included."""

    reason: ExitReason
    price: float
    bars: int


def outcome(after: Bars, stop: float, target: float, max_bars: int) -> Outcome | None:
    """The exit of a long position, or None where the bars end before it.

    Within a bar the worst is assumed: the open, then the low, then the high, so that a bar which holds both
    stop and target is a loss. A gap through a level fills at the open.
    """
    for held in range(min(max_bars, len(after.close))):
        last = held + 1 == max_bars
        path = (
            (float(after.open[held]), None),
            (float(after.low[held]), stop),
            (float(after.high[held]), target),
        )
        for price, level in path:
            reason = exit_rule(price, stop, target, overdue=False)
            if reason is not None:
                return Outcome(reason, price if level is None else level, held + 1)
        if last:
            return Outcome("TIME", float(after.close[held]), held + 1)
    return None
