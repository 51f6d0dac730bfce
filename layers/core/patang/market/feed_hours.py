"""When the market's ticks are to be listened to, from the exchange's calendar."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from patang.errors import StopTrading
from patang.market.exchange_calendar import SEGMENTS
from patang.market.sessions import session_on
from patang.settings import Settings

__all__ = ["AFTER_CLOSE", "BEFORE_OPEN", "FeedHours", "feed_hours"]

# A task that is asked for runs within two minutes; one that cannot start is to be mended before the open.
BEFORE_OPEN: Final = timedelta(minutes=30)
# Late prints, the last frames of orders, and the archive's run ten minutes after the last close.
AFTER_CLOSE: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class FeedHours:
    """Whether ticks are to be listened to at a moment, and why, in words."""

    due: bool
    reason: str


def feed_hours(moment: datetime, settings: Settings) -> FeedHours:
    """From half an hour before the first open of `moment`'s day until a quarter of an hour after the last
    print of any segment, closing auctions included; the owner's word on a day goes before the calendar's.

    On a day whose hours nobody knows, all day: what is held is watched by its ticks, and a task that runs for
    nothing costs less in a day than a tick of an option. So it is while the market is simulated, whose hours
    are its own. `moment` is market time, IST.
    """
    if settings.simulated_market:
        return FeedHours(True, "the market is simulated: its hours are its own")
    day = moment.date()
    try:
        hours = _hours_of(day, settings)
    except StopTrading as unknown:
        return FeedHours(True, f"nobody knows the hours of {day}, so all day: {unknown}")
    if hours is None:
        return FeedHours(False, f"no session on {day}")
    start, end = hours
    return FeedHours(start <= moment < end, f"on {day} from {start:%H:%M} to {end:%H:%M}")


def _hours_of(day: date, settings: Settings) -> tuple[datetime, datetime] | None:
    found = [session_on(day, segment, settings.sessions) for segment in SEGMENTS]
    sessions = [session for session in found if session is not None]
    if not sessions:
        return None
    first = min(session.open for session in sessions)
    last = max(session.last_print() for session in sessions)
    return first - BEFORE_OPEN, last + AFTER_CLOSE
