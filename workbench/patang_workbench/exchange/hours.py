"""Hours of a simulated day, from the desk's own calendar, and the unit of the simulator's prices.

Prices inside the simulator are integers of paise, so that a candle survives its ticks exactly.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache

from patang.errors import StopTrading
from patang.market.sessions import IST, is_open, session_on

__all__ = ["IST", "Hours", "hours_of", "previous_days", "rupees"]


@dataclass(frozen=True, slots=True)
class Hours:
    """Continuous trading of one day: shares until `cash_close`, indices until `index_close`, contracts until
    `close`. `auction_close`: the last moment of the shares' closing auction, None on a day without one.
    """

    day: date
    open: datetime
    cash_close: datetime
    close: datetime
    index_close: datetime
    auction_close: datetime | None

    @property
    def minutes(self) -> int:
        """Length of the derivatives' session."""
        return (self.close - self.open) // timedelta(minutes=1)

    @property
    def cash_minutes(self) -> int:
        """Length of the shares' session."""
        return (self.cash_close - self.open) // timedelta(minutes=1)


@cache
def hours_of(day: date) -> Hours:
    """The hours of a trading day. Raises ValueError on a holiday or a day the calendar does not know."""
    try:
        whole, cash = session_on(day), session_on(day, "cash_with_auction")
        index = session_on(day, "index")
    except StopTrading as unknown:
        raise ValueError(str(unknown)) from unknown
    if whole is None or cash is None or index is None:
        raise ValueError(f"the exchange is closed on {day:%A}, {day}: choose a trading day")
    return Hours(day, whole.open, cash.close, whole.close, index.close, cash.auction_close)


def previous_days(day: date, count: int) -> tuple[date, ...]:
    """The `count` trading days before `day`, oldest first."""
    found: list[date] = []
    cursor = day
    while len(found) < count:
        cursor -= timedelta(days=1)
        if is_open(cursor):
            found.append(cursor)
    return tuple(reversed(found))


def rupees(amount: float) -> float:
    """Paise as the JSON number in rupees that Kite sends."""
    return round(amount / 100, 2)
