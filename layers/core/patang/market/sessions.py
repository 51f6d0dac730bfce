"""Trading days and hours of the exchange, in IST, from the tables in `calendar/`."""

import csv
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from typing import Literal
from zoneinfo import ZoneInfo

from patang.errors import StopTrading

__all__ = ["IST", "Segment", "Session", "expiry_moment", "minute_of", "previous_session", "session_on"]

IST = ZoneInfo("Asia/Kolkata")

type Segment = Literal["cash", "derivatives"]

_SEGMENTS: tuple[Segment, ...] = ("cash", "derivatives")
_ONE_DAY = timedelta(days=1)
_LONGEST_BREAK_DAYS = 14


@dataclass(frozen=True, slots=True)
class Session:
    """Trading hours of a day: from `open` until just before `close`, both IST."""

    day: date
    open: datetime
    close: datetime

    def holds(self, moment: datetime) -> bool:
        """Whether `moment` lies within the hours."""
        return self.open <= moment < self.close

    def last_minute(self) -> datetime:
        """The start of the session's last minute."""
        return self.close - timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class _Hours:
    open: time
    close: time


@dataclass(frozen=True, slots=True)
class _Calendar:
    years: frozenset[int]
    holidays: frozenset[date]
    special: dict[date, _Hours | None]
    regular: dict[str, list[tuple[date, _Hours]]]


def minute_of(moment: datetime) -> datetime:
    """The start of the minute that `moment` lies in, in IST."""
    return moment.astimezone(IST).replace(second=0, microsecond=0)


def session_on(day: date, segment: Segment | None = None) -> Session | None:
    """The hours of a segment on a day, or None on a day without trading.

    Without a segment: from the first open to the last close, which is how long the desk watches.
    Raises StopTrading for a year, or a special session, that the tables do not hold.
    """
    calendar = _calendar()
    if day.year not in calendar.years:
        raise StopTrading(
            f"the exchange calendar knows nothing of {day.year}: "
            "enter that year's holidays in patang/market/calendar and deploy"
        )
    if day in calendar.special:
        hours = calendar.special[day]
        if hours is None:
            raise StopTrading(
                f"the hours of the special session on {day} are not known: "
                "enter them in patang/market/calendar/special_sessions.csv and deploy"
            )
        return _session(day, [hours])
    if day.weekday() >= 5 or day in calendar.holidays:
        return None
    segments = _SEGMENTS if segment is None else (segment,)
    return _session(day, [_regular(calendar, name, day) for name in segments])


def previous_session(day: date) -> Session:
    """The last session before `day`. Raises StopTrading as `session_on` does."""
    for _ in range(_LONGEST_BREAK_DAYS):
        day -= _ONE_DAY
        session = session_on(day)
        if session is not None:
            return session
    raise StopTrading(f"the exchange calendar shows no session in the two weeks from {day}: check its tables")


def expiry_moment(expiry: date) -> datetime:
    """When a contract expires: the close of derivatives on its last day.

    Contracts reach into years whose holidays are not announced yet, so this asks for the hours alone.
    """
    calendar = _calendar()
    hours = calendar.special.get(expiry) or _regular(calendar, "derivatives", expiry)
    return datetime.combine(expiry, hours.close, IST)


def _session(day: date, hours: list[_Hours]) -> Session:
    first, last = min(h.open for h in hours), max(h.close for h in hours)
    return Session(day, datetime.combine(day, first, IST), datetime.combine(day, last, IST))


def _regular(calendar: _Calendar, segment: Segment, day: date) -> _Hours:
    return [hours for start, hours in calendar.regular[segment] if start <= day][-1]


@cache
def _calendar() -> _Calendar:
    holidays = frozenset(date.fromisoformat(row["date"]) for row in _rows("holidays.csv"))
    special = {date.fromisoformat(row["date"]): _hours(row) for row in _rows("special_sessions.csv")}
    regular: dict[str, list[tuple[date, _Hours]]] = {}
    for row in _rows("hours.csv"):
        hours = _hours(row)
        if hours is None:
            raise StopTrading(f"hours.csv has a row without hours: {row}")
        regular.setdefault(row["segment"], []).append((date.fromisoformat(row["from"]), hours))
    return _Calendar(frozenset(day.year for day in holidays), holidays, special, regular)


def _hours(row: dict[str, str]) -> _Hours | None:
    if not row["open"]:
        return None
    return _Hours(time.fromisoformat(row["open"]), time.fromisoformat(row["close"]))


def _rows(name: str) -> list[dict[str, str]]:
    text = (files("patang.market") / "calendar" / name).read_text()
    return list(csv.DictReader(text.splitlines()))
