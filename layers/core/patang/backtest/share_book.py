"""The book of a share where only its bars were recorded: an assumption, and a pessimistic one.

A liquid share of NSE stands at one tick or about a hundredth of a percent, whichever is wider; both sides
are put on the tick away from the price that was traded, so that what is shown is never narrower than that.
"""

from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from patang.market.contract_terms import equity_tick
from patang.market.findings import day_of, days_of

__all__ = ["SPREAD_PCT", "half_spread", "widest_tick"]

type Floats = NDArray[np.float64]

SPREAD_PCT = 0.01
"""Ask less bid in percent of the price, where that is more than a tick."""


def half_spread(price: Floats, tick: Decimal) -> Floats:
    """Rupees from the price traded to either side of the book."""
    # Without the noise of floats, which would move a fill that lies on the tick to the one beside it.
    found: Floats = (np.maximum(price * SPREAD_PCT / 100, float(tick)) / 2).round(6)
    return found


def widest_tick(starts: NDArray[np.int64], opened: Floats) -> Decimal:
    """The widest tick that a share had on the days of its bars, by each day's rules and the price that it
    opened at: one for all of them, and on none narrower than it was. `starts` in epoch seconds."""
    days, first = np.unique(days_of(starts), return_index=True)
    prices = (Decimal(f"{price:.2f}") for price in opened[first].tolist())
    return max(equity_tick(price, day_of(day)) for day, price in zip(days.tolist(), prices, strict=True))
