"""Sessions and trading days of the simulated exchange, and the unit of its prices.

Prices inside the simulator are integers of paise, so that a candle survives its ticks exactly.
"""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

__all__ = [
    "CLOSE",
    "IST",
    "MINUTES",
    "OPEN",
    "TradingDay",
    "closing",
    "is_weekday",
    "opening",
    "paise",
    "previous_days",
    "rupees",
]

IST = ZoneInfo("Asia/Kolkata")
OPEN = time(9, 15)
CLOSE = time(15, 30)
MINUTES = 375
"""Minutes of the continuous session, 09:15 to 15:30."""

TradingDay = Callable[[date], bool]


def is_weekday(day: date) -> bool:
    """Whether the synthetic market trades on `day`: Monday to Friday, no holidays."""
    return day.weekday() < 5


def previous_days(day: date, count: int, trades: TradingDay = is_weekday) -> tuple[date, ...]:
    """The `count` trading days before `day`, oldest first."""
    found: list[date] = []
    cursor = day
    while len(found) < count:
        cursor -= timedelta(days=1)
        if trades(cursor):
            found.append(cursor)
    return tuple(reversed(found))


def opening(day: date) -> datetime:
    """Start of the continuous session of `day`, in IST."""
    return datetime.combine(day, OPEN, IST)


def closing(day: date) -> datetime:
    """End of the continuous session of `day`, in IST."""
    return datetime.combine(day, CLOSE, IST)


def paise(rupee_amount: float) -> int:
    """A price of the wire or of a file in paise; float32 noise disappears in the rounding."""
    return round(rupee_amount * 100)


def rupees(amount: float) -> float:
    """Paise as the JSON number in rupees that Kite sends."""
    return round(amount / 100, 2)
