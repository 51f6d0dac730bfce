"""Shares that are carried into a day: the price known of them before it, and from when it is another."""

from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache

from patang.errors import StopTrading
from patang.market.session_override import SessionOverride
from patang.market.sessions import IST, previous_session, session_on
from patang.portfolio.position import Mark, Position

__all__ = ["day_before", "has_opened", "is_carried_share", "kept_before"]

_SHARES_TRADE_ON = ("NSE", "BSE")


def is_carried_share(position: Position, day: date) -> bool:
    """Whether it is a share that was bought on a day before `day`."""
    return position.exchange in _SHARES_TRADE_ON and position.entry_time.astimezone(IST).date() < day


def kept_before(mark: Mark | None, day: date) -> tuple[Decimal, date] | None:
    """Our last price of a day before `day`, and that day."""
    if mark is None:
        return None
    marked = mark.as_of.astimezone(IST).date()
    if marked < day:
        return mark.last_price, marked
    if mark.earlier_price is None or mark.earlier_day is None:
        return None
    return mark.earlier_price, mark.earlier_day


def has_opened(as_of: datetime, sessions: tuple[SessionOverride, ...]) -> bool:
    """Whether the day's session has: until the open the broker may still tell the close of a day earlier. A
    day that the calendar does not know counts as open."""
    opening = _opening(as_of.astimezone(IST).date(), sessions)
    return opening is None or as_of >= opening


@lru_cache(16)
def _opening(day: date, sessions: tuple[SessionOverride, ...]) -> datetime | None:
    try:
        session = session_on(day, overrides=sessions)
    except StopTrading:
        return None
    return None if session is None else session.open


@lru_cache(16)
def day_before(day: date, sessions: tuple[SessionOverride, ...]) -> date | None:
    """The day of the session before `day`, None where the calendar does not reach so far."""
    try:
        return previous_session(day, sessions).day
    except StopTrading:
        return None
