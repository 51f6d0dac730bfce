"""A clock that runs only while the market does: minutes of continuous trading, over days and holes."""

from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from patang.market.bar_hours import day_hours, expected_starts
from patang.market.exchange_calendar import Segment

__all__ = ["TradingMinutes"]

type Epochs = NDArray[np.int64]

_MINUTE = 60


class TradingMinutes:
    """The minutes of a segment's sessions from `first` to `last`, both included, by the calendar.

    Raises StopTrading for a day that the calendar does not know.
    """

    def __init__(self, segment: Segment, first: date, last: date) -> None:
        days = (first + timedelta(days=n) for n in range((last - first).days + 1))
        hours = ((day, day_hours(day, segment)) for day in days)
        minutes = [expected_starts(day, of_day, _MINUTE) for day, of_day in hours if of_day is not None]
        self._starts: Epochs = np.concatenate(minutes) if minutes else np.zeros(0, np.int64)

    def at(self, moment: int) -> int:
        """How many of the minutes start before this epoch second."""
        return int(np.searchsorted(self._starts, moment))

    def longest_hole(self, starts: Epochs) -> int:
        """The most minutes of trading that lie between two bars that follow each other, by their starts."""
        places = np.searchsorted(self._starts, starts)
        return int(np.diff(places).max(initial=1)) - 1
