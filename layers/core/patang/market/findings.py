"""What a check of candles works on, and what it finds."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from patang.market.exchange_calendar import Segment
from patang.market.sessions import IST

__all__ = [
    "INTERVAL_MINUTES",
    "CandleColumns",
    "Finding",
    "FindingKind",
    "Interval",
    "day_of",
    "days_of",
    "moment_of",
]

type Interval = Literal["minute", "3minute", "5minute", "10minute", "15minute", "30minute", "60minute", "day"]

# The broker's names of its candles, and their lengths.
INTERVAL_MINUTES: dict[Interval, int] = {
    "minute": 1,
    "3minute": 3,
    "5minute": 5,
    "10minute": 10,
    "15minute": 15,
    "30minute": 30,
    "60minute": 60,
    "day": 24 * 60,
}

type FindingKind = Literal[
    "gap",
    "thin",
    "missing_day",
    "outside_session",
    "off_grid",
    "wrong_timezone",
    "labelled_at_end",
    "unsorted",
    "duplicate",
    "conflict",
    "no_price",
    "high_below_low",
    "outside_range",
    "negative_volume",
    "outlier",
    "jump",
    "unknown_hours",
]

# Told, and no reason to doubt the candles: a contract that few trade has no bar in many minutes, a split is
# real, and an unknown calendar is no fault of the data.
_NOTES: frozenset[FindingKind] = frozenset({"thin", "jump", "unknown_hours"})

_IST_SECONDS = int(timedelta(hours=5, minutes=30).total_seconds())
_DAY_SECONDS = 86_400
_FIRST_DAY = date(1970, 1, 1)


@dataclass(frozen=True, slots=True, eq=False)
class CandleColumns:
    """One symbol's bars of one interval, in the order in which they were found.

    `start` is each bar's start in epoch seconds (int64); prices are rupees, `volume` units (float64), all of
    one length. `segment` says whose hours the bars should keep.
    """

    symbol: str
    interval: Interval
    segment: Segment
    start: NDArray[np.int64]
    open: NDArray[np.float64]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    close: NDArray[np.float64]
    volume: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.start)

    @property
    def step(self) -> int:
        """Length of a bar in seconds."""
        return INTERVAL_MINUTES[self.interval] * 60


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with a symbol's candles on a day, or worth a look.

    `value` is what was measured and `meaning` says what it is and what follows. `rows` are the places of the
    bars that cannot be trusted; there are none where bars are missing.
    """

    kind: FindingKind
    symbol: str
    day: date
    timestamp: datetime
    value: float
    meaning: str
    rows: tuple[int, ...] = ()

    @property
    def is_note(self) -> bool:
        """Reported only: it says nothing against the candles."""
        return self.kind in _NOTES


def days_of(start: NDArray[np.int64]) -> NDArray[np.int64]:
    """The IST day of each moment in epoch seconds, as days since 1970-01-01."""
    return (start + _IST_SECONDS) // _DAY_SECONDS


def day_of(number: int) -> date:
    """The date of a day counted by `days_of`."""
    return _FIRST_DAY + timedelta(days=number)


def moment_of(epoch: int) -> datetime:
    """Epoch seconds as IST."""
    return datetime.fromtimestamp(epoch, UTC).astimezone(IST)
