"""Which expiry may still be entered: sessions are counted, not days."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from itertools import islice

from patang.errors import StopTrading
from patang.market.session_override import SessionOverride
from patang.market.sessions import IST, Session, expiry_moment, session_on
from patang.settings import OptionSettings

__all__ = ["expiry_exit_day", "first_expiry_to_enter", "session_after", "sessions_before_exit"]

_ONE_DAY = timedelta(days=1)
_LONGEST_BREAK_DAYS = 14


def first_expiry_to_enter(
    expiries: Iterable[date], day: date, options: OptionSettings, overrides: Iterable[SessionOverride] = ()
) -> date | None:
    """The nearest expiry that an entry on `day` leaves enough time, the same one all day."""
    said = tuple(overrides)
    last_entry = datetime.combine(day, time.fromisoformat(options.last_entry), IST)
    lead = timedelta(minutes=options.min_minutes_to_expiry)
    enough = options.min_sessions_to_expiry_exit
    return next(
        (
            expiry
            for expiry in sorted(set(expiries))
            if expiry_moment(expiry) - lead >= last_entry
            and sessions_before_exit(expiry, day, lead, enough, said) >= enough
        ),
        None,
    )


def sessions_before_exit(
    expiry: date, day: date, lead: timedelta, enough: int, overrides: Iterable[SessionOverride] = ()
) -> int:
    """How many sessions from `day` on, itself included, lie before the one of the expiry exit.

    Counts to `enough` and no further. The expiry exit is due `lead` before the contract expires: it falls
    into the last session that opens before then. A day whose hours nobody knows is no session.
    """
    opened = sum(1 for _ in islice(_sessions_before(expiry, day, lead, overrides), enough + 1))
    return max(opened - 1, 0)


def expiry_exit_day(
    expiry: date, day: date, lead: timedelta, overrides: Iterable[SessionOverride] = ()
) -> date | None:
    """The day from `day` on in whose session the expiry exit falls; None if it is past."""
    return max((session.day for session in _sessions_before(expiry, day, lead, overrides)), default=None)


def session_after(day: date, sessions: int, overrides: Iterable[SessionOverride] = ()) -> date | None:
    """The day that many sessions after `day`; None where the calendar does not reach so far."""
    ahead = _sessions(day + _ONE_DAY, day + (2 * sessions + _LONGEST_BREAK_DAYS) * _ONE_DAY, overrides)
    found = list(islice(ahead, sessions))
    return found[-1].day if len(found) == sessions else None


def _sessions_before(
    expiry: date, day: date, lead: timedelta, overrides: Iterable[SessionOverride]
) -> Iterator[Session]:
    due = expiry_moment(expiry) - lead
    return (session for session in _sessions(day, due.date(), overrides) if session.open < due)


def _sessions(first: date, last: date, overrides: Iterable[SessionOverride]) -> Iterator[Session]:
    """Sessions of derivatives, as far as their hours are known."""
    said = tuple(overrides)
    for ahead in range((last - first).days + 1):
        try:
            session = session_on(first + ahead * _ONE_DAY, "derivatives", said)
        except StopTrading:
            continue
        if session is not None:
            yield session
