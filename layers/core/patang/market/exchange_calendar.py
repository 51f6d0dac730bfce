"""The tables in `calendar/`: holidays, special sessions, the regular hours of a segment from a date on."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

from patang.errors import StopTrading

__all__ = ["SEGMENTS", "ExchangeCalendar", "Hours", "Segment", "exchange_calendar"]

# cash: shares without derivatives, funds. cash_with_auction: shares with derivatives, whose day ends in the
# closing auction. index: values that the exchange computes from the shares.
type Segment = Literal["cash", "cash_with_auction", "derivatives", "index"]

SEGMENTS: tuple[Segment, ...] = get_args(Segment.__value__)


@dataclass(frozen=True, slots=True)
class Hours:
    """Continuous trading from `open` to `close` but for the breaks; then the closing auction, if any."""

    open: time
    close: time
    auction_close: time | None = None
    breaks: tuple[tuple[time, time], ...] = ()


@dataclass(frozen=True, slots=True)
class ExchangeCalendar:
    """What the tables say. `special` holds None where a special session's hours have not been announced."""

    years: frozenset[int]
    holidays: dict[date, str]
    special: dict[tuple[date, Segment], Hours | None]
    regular: dict[Segment, list[tuple[date, Hours]]]

    def hours_on(self, day: date, segment: Segment) -> Hours | None:
        """The hours of a segment, None on a day without trading.

        Raises StopTrading for a year, or a special session, that the tables do not hold.
        """
        if day.year not in self.years:
            raise StopTrading(
                f"the exchange calendar knows nothing of {day.year}: enter that year's holidays in "
                f"patang/market/calendar and deploy, or say the hours of {day} in the settings (sessions)"
            )
        if (day, segment) in self.special:
            hours = self.special[day, segment]
            if hours is None:
                raise StopTrading(
                    f"the hours of the special session on {day} are not known: enter them in "
                    "patang/market/calendar/special_sessions.csv and deploy, or in the settings (sessions)"
                )
            return hours
        if day.weekday() >= 5 or day in self.holidays:
            return None
        return self.regular_hours(day, segment)

    def regular_hours(self, day: date, segment: Segment) -> Hours:
        """The hours of an ordinary day, whether or not `day` is one."""
        return [hours for start, hours in self.regular[segment] if start <= day][-1]


@cache
def exchange_calendar() -> ExchangeCalendar:
    """The calendar of this version of Patang. Raises StopTrading if a table does not say what it must."""
    holidays = {date.fromisoformat(row["date"]): row["reason"] for row in _rows("holidays.csv")}
    special: dict[tuple[date, Segment], Hours | None] = {}
    for row in _rows("special_sessions.csv"):
        for segment in _segments(row):
            special[date.fromisoformat(row["date"]), segment] = _hours(row)
    regular: dict[Segment, list[tuple[date, Hours]]] = {}
    for row in _rows("hours.csv"):
        hours = _hours(row)
        if hours is None:
            raise StopTrading(f"hours.csv has a row without hours: {row}")
        for segment in _segments(row):
            regular.setdefault(segment, []).append((date.fromisoformat(row["from"]), hours))
    return ExchangeCalendar(frozenset(day.year for day in holidays), holidays, special, regular)


def _segments(row: dict[str, str]) -> Iterable[Segment]:
    """The segment a row names, or all where it names none."""
    if not row["segment"]:
        return SEGMENTS
    found = [segment for segment in SEGMENTS if segment == row["segment"]]
    if not found:
        raise StopTrading(f"the exchange calendar names a segment that does not exist: {row}")
    return found


def _hours(row: dict[str, str]) -> Hours | None:
    if not row["open"]:
        return None
    breaks = (tuple(map(time.fromisoformat, text.split("-"))) for text in row.get("breaks", "").split())
    auction = row["auction_close"]
    return Hours(
        time.fromisoformat(row["open"]),
        time.fromisoformat(row["close"]),
        time.fromisoformat(auction) if auction else None,
        tuple((start, end) for start, end in breaks),
    )


def _rows(name: str) -> list[dict[str, str]]:
    text = (files("patang.market") / "calendar" / name).read_text()
    return list(csv.DictReader(text.splitlines()))
