"""Trading days and hours of the exchange, in IST, from the calendar's tables and the owner's overrides."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from patang.errors import StopTrading
from patang.market.exchange_calendar import SEGMENTS, Hours, Segment, exchange_calendar
from patang.market.session_override import SessionOverride, override_of

__all__ = [
    "IST",
    "Segment",
    "Session",
    "expiry_moment",
    "is_open",
    "minute_of",
    "previous_session",
    "session_on",
    "unknown_ahead",
]

IST = ZoneInfo("Asia/Kolkata")

_ONE_DAY = timedelta(days=1)
_LONGEST_BREAK_DAYS = 14


@dataclass(frozen=True, slots=True)
class Session:
    """Trading hours of a day, IST: continuous from `open` until just before `close`, but for the breaks.

    `auction_close`: where a closing auction follows, the last moment at which it prints; else None. The
    desk's whole session has none, since an auction is a segment's.
    """

    day: date
    open: datetime
    close: datetime
    auction_close: datetime | None = None
    breaks: tuple[tuple[datetime, datetime], ...] = ()

    def holds(self, moment: datetime) -> bool:
        """Whether trading is continuous at `moment`: within the hours and in no break."""
        paused = any(start <= moment < end for start, end in self.breaks)
        return self.open <= moment < self.close and not paused

    def last_minute(self) -> datetime:
        """The start of the session's last minute."""
        return self.close - timedelta(minutes=1)

    def last_print(self) -> datetime:
        """Until when a trade may be told: the auction's end, or the close where there is none."""
        return self.auction_close or self.close


def minute_of(moment: datetime) -> datetime:
    """The start of the minute that `moment` lies in, in IST."""
    return moment.astimezone(IST).replace(second=0, microsecond=0)


def session_on(
    day: date, segment: Segment | None = None, overrides: Iterable[SessionOverride] = ()
) -> Session | None:
    """The hours of a segment on a day, or None on a day without trading.

    Without a segment: from the first open to the last close of all, which is how long the desk watches, with
    the breaks that they share. An override goes before the calendar, for its day.
    Raises StopTrading for a year, or a special session, that neither the tables nor an override know.
    """
    said = tuple(overrides)
    if segment is not None:
        return _session(day, _hours(day, segment, said))
    sessions = [s for name in SEGMENTS if (s := _session(day, _hours(day, name, said))) is not None]
    if not sessions:
        return None
    shared = set.intersection(*(set(s.breaks) for s in sessions))
    first, last = min(s.open for s in sessions), max(s.close for s in sessions)
    return Session(day, first, last, breaks=tuple(sorted(shared)))


def is_open(day: date, overrides: Iterable[SessionOverride] = ()) -> bool:
    """Whether the exchange trades on `day`; Monday to Friday in years the calendar does not know."""
    try:
        return session_on(day, overrides=overrides) is not None
    except StopTrading:
        return day.weekday() < 5


def previous_session(day: date, overrides: Iterable[SessionOverride] = ()) -> Session:
    """The last session before `day`. Raises StopTrading as `session_on` does."""
    said = tuple(overrides)
    for _ in range(_LONGEST_BREAK_DAYS):
        day -= _ONE_DAY
        session = session_on(day, overrides=said)
        if session is not None:
            return session
    raise StopTrading(f"the exchange calendar shows no session in the two weeks from {day}: check its tables")


def unknown_ahead(day: date, days: int, overrides: Iterable[SessionOverride] = ()) -> str | None:
    """Why one of the coming `days` will stop trading, its hours being unknown; None where all are known."""
    said = tuple(overrides)
    for ahead in range(1, days + 1):
        try:
            session_on(day + ahead * _ONE_DAY, overrides=said)
        except StopTrading as unknown:
            return f"in {ahead} days trading stops: {unknown}"
    return None


def expiry_moment(expiry: date) -> datetime:
    """When a contract expires: the close of derivatives on its last day.

    Contracts reach into years whose holidays are not announced yet, so this asks for the hours alone.
    """
    calendar = exchange_calendar()
    hours = calendar.special.get((expiry, "derivatives")) or calendar.regular_hours(expiry, "derivatives")
    return datetime.combine(expiry, hours.close, IST)


def _hours(day: date, segment: Segment, overrides: tuple[SessionOverride, ...]) -> Hours | None:
    said = override_of(overrides, day, segment)
    return exchange_calendar().hours_on(day, segment) if said is None else said.hours


def _session(day: date, hours: Hours | None) -> Session | None:
    if hours is None:
        return None

    def at(moment: time) -> datetime:
        return datetime.combine(day, moment, IST)

    auction = None if hours.auction_close is None else at(hours.auction_close)
    breaks = tuple((at(start), at(end)) for start, end in hours.breaks)
    return Session(day, at(hours.open), at(hours.close), auction, breaks)
