"""Whether bars start when the exchange's hours say: missing, outside, shifted, or labelled at their end."""

import math
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from patang.errors import StopTrading
from patang.market.exchange_calendar import Segment
from patang.market.findings import CandleColumns, Finding, FindingKind, day_of, days_of, moment_of
from patang.market.sessions import IST, session_on

__all__ = ["DayHours", "check_hours", "day_hours", "expected_starts"]

type Epochs = NDArray[np.int64]

# How far a wrong time zone moves a bar: UTC taken for IST, and IST shifted once more.
_SHIFTS = {-19_800: "they look like UTC taken for IST", 19_800: "they look like IST shifted once more"}
_MOST, _HALF = 0.9, 0.5
_RUNS_SHOWN = 3
# A thin contract lacks this share of its bars at least, in this many holes, none far longer than by chance.
_THIN, _THIN_RUNS, _TOO_LONG = 0.05, 5, 3.0


@dataclass(frozen=True, slots=True)
class DayHours:
    """A segment's session of a day in epoch seconds; `last` is the last moment a trade may print."""

    open: int
    close: int
    last: int
    breaks: tuple[tuple[int, int], ...]


@cache
def day_hours(day: date, segment: Segment) -> DayHours | None:
    """The hours of a day, None on a day without a session. Raises StopTrading where the calendar is blank."""
    session = session_on(day, segment)
    if session is None:
        return None
    breaks = tuple((_epoch(start), _epoch(end)) for start, end in session.breaks)
    return DayHours(_epoch(session.open), _epoch(session.close), _epoch(session.last_print()), breaks)


def _epoch(moment: datetime) -> int:
    return int(moment.timestamp())


def expected_starts(day: date, hours: DayHours, step: int) -> Epochs:
    """The starts, in epoch seconds, of all bars of `step` seconds that a day with trades throughout has.

    A bar that lies wholly within a break is not expected. A day's bar is stamped at midnight IST.
    """
    if step >= 86_400:
        return np.array([_epoch(datetime.combine(day, time(), IST))], np.int64)
    starts = np.arange(hours.open, hours.close, step, dtype=np.int64)
    for begin, end in hours.breaks:
        starts = starts[(starts < begin) | (starts + step > end)]
    return starts


def check_hours(candles: CandleColumns, known_empty: Collection[date], set_aside: Epochs) -> list[Finding]:
    """Findings about when the bars start, day by day, and about the days between that are missing.

    Days that are known to be empty, and bars that were set aside, are not missed.
    """
    order = np.argsort(candles.start, kind="stable")
    days = days_of(candles.start[order])
    numbers, begins = np.unique(days, return_index=True)
    found: list[Finding] = []
    unknown: list[date] = []
    for number, rows in zip(numbers.tolist(), np.split(order, begins[1:]), strict=True):
        day = day_of(number)
        try:
            hours = day_hours(day, candles.segment)
        except StopTrading:
            unknown.append(day)
            continue
        found += _Day(candles, day, hours, rows, set_aside).findings()
    present = frozenset(day_of(number) for number in numbers.tolist())
    emptied = (day_of(number) for number in np.unique(days_of(set_aside)).tolist())
    absent, unknown_between = _absent_days(candles.segment, present, frozenset((*known_empty, *emptied)))
    found += [_missing_day(candles.symbol, day) for day in absent]
    found += _unknown_hours(candles.symbol, sorted((*unknown, *unknown_between)))
    return found


def _absent_days(
    segment: Segment, present: frozenset[date], known_empty: Collection[date]
) -> tuple[list[date], list[date]]:
    """Sessions between the first and the last day that have no bar; and days nothing is known of."""
    absent, unknown = [], []
    day, last = min(present), max(present)
    while day < last:
        day += timedelta(days=1)
        if day in present or day in known_empty:
            continue
        try:
            if day_hours(day, segment) is not None:
                absent.append(day)
        except StopTrading:
            # A week-end of an unknown year most likely had no session.
            if day.weekday() < 5:
                unknown.append(day)
    return absent, unknown


def _missing_day(symbol: str, day: date) -> Finding:
    moment = datetime.combine(day, time(), IST)
    return Finding("missing_day", symbol, day, moment, 1.0, "a session without a single bar")


def _unknown_hours(symbol: str, days: list[date]) -> list[Finding]:
    found = []
    for year, some in groupby(days, key=lambda day: day.year):
        those = list(some)
        meaning = (
            f"the exchange calendar does not know the hours of {len(those)} days of {year}: "
            "gaps and times of these days were not checked"
        )
        moment = datetime.combine(those[0], time(), IST)
        found.append(Finding("unknown_hours", symbol, those[0], moment, float(len(those)), meaning))
    return found


class _Day:
    """The bars of one day; `rows` are their places, in the order of time."""

    def __init__(
        self,
        candles: CandleColumns,
        day: date,
        hours: DayHours | None,
        rows: NDArray[np.intp],
        set_aside: Epochs,
    ) -> None:
        self.candles = candles
        self.day = day
        self.hours = hours
        self.rows = rows
        self.set_aside = set_aside
        self.starts = candles.start[rows]

    def findings(self) -> list[Finding]:
        hours = self.hours
        if hours is None:
            return [self._found("outside_session", self.rows, "on a day without a session")]
        expected = expected_starts(self.day, hours, self.candles.step)
        if np.array_equal(self.starts, expected):
            return []
        if self.candles.interval == "day":
            return self._day_bar(int(expected[0]))
        return self._whole_day(hours, expected) or [*self._bars(hours), *self._gap(expected)]

    def _day_bar(self, midnight: int) -> list[Finding]:
        wrong = self.starts != midnight
        if not wrong.any():
            return []
        stamped = moment_of(int(self.starts[wrong][0]))
        meaning = f"a day's bar is stamped at midnight IST, this one at {stamped:%H:%M}"
        return [self._found("wrong_timezone", self.rows[wrong], meaning)]

    def _whole_day(self, hours: DayHours, expected: Epochs) -> list[Finding]:
        """A fault of all the day's times at once, or nothing."""
        held = self._share_inside(hours, 0)
        if held < _HALF:
            for shift, looks in _SHIFTS.items():
                if self._share_inside(hours, -shift) >= _MOST:
                    meaning = f"the day's times are {abs(shift) // 60} minutes off: {looks}"
                    return [self._found("wrong_timezone", self.rows, meaning, float(shift))]
        # An auction may print a bar at the close, so there it takes a full day to tell.
        share = _HALF if hours.last == hours.close else _MOST
        full = np.count_nonzero(np.isin(expected[1:], self.starts)) >= share * (len(expected) - 1)
        if full and hours.close in self.starts and hours.open not in self.starts:
            meaning = "the day has a bar at the close and none at the open: bars look labelled at their end"
            return [self._found("labelled_at_end", self.rows, meaning, float(self.candles.step))]
        return []

    def _share_inside(self, hours: DayHours, shift: int) -> float:
        moved = self.starts + shift
        return float(np.mean((moved >= hours.open) & (moved < hours.close)))

    def _bars(self, hours: DayHours) -> list[Finding]:
        """Bars outside the session, and bars between the places where bars start."""
        starts = self.starts
        # What prints in a closing auction is the day's, if no minute's of continuous trading.
        inside = (starts >= hours.open) & ((starts < hours.close) | (starts < hours.last))
        off = inside & ((starts - hours.open) % self.candles.step != 0)
        found = []
        if not inside.all():
            session = f"{moment_of(hours.open):%H:%M} to {moment_of(hours.last):%H:%M}"
            meaning = f"outside the session of {session}: {self._times(starts[~inside])}"
            found.append(self._found("outside_session", self.rows[~inside], meaning))
        if off.any():
            meaning = f"no bar of this length starts then: {self._times(starts[off])}"
            found.append(self._found("off_grid", self.rows[off], meaning))
        return found

    def _gap(self, expected: Epochs) -> list[Finding]:
        missing = expected[~np.isin(expected, np.concatenate([self.starts, self.set_aside]))]
        if not len(missing):
            return []
        step = self.candles.step
        places = np.searchsorted(expected, missing)
        runs = np.split(missing, np.flatnonzero(np.diff(places) > 1) + 1)
        longest = sorted(runs, key=len, reverse=True)
        shown = ", ".join(
            _span(run, step) for run in sorted(longest[:_RUNS_SHOWN], key=lambda run: int(run[0]))
        )
        more = f" and {len(runs) - _RUNS_SHOWN} holes more" if len(runs) > _RUNS_SHOWN else ""
        counted = f"{len(missing)} of {len(expected)} bars are missing"
        start = moment_of(int(longest[0][0]))
        kind: FindingKind = "gap"
        meaning = f"{counted}: {shown}{more}"
        if self.candles.segment == "derivatives" and _scattered(len(missing), len(expected), longest):
            kind, meaning = (
                "thin",
                f"{counted}, in {len(runs)} short holes: minutes without a trade, it seems",
            )
        return [Finding(kind, self.candles.symbol, self.day, start, float(len(missing)), meaning)]

    def _found(
        self, kind: FindingKind, rows: NDArray[np.intp], meaning: str, value: float | None = None
    ) -> Finding:
        start = moment_of(int(self.candles.start[rows[0]]))
        measured = float(len(rows)) if value is None else value
        return Finding(kind, self.candles.symbol, self.day, start, measured, meaning, tuple(rows.tolist()))

    @staticmethod
    def _times(starts: Epochs) -> str:
        shown = ", ".join(f"{moment_of(epoch):%H:%M:%S}" for epoch in starts[:_RUNS_SHOWN].tolist())
        return shown if len(starts) <= _RUNS_SHOWN else f"{shown} and {len(starts) - _RUNS_SHOWN} more"


def _scattered(missing: int, expected: int, longest: list[Epochs]) -> bool:
    """Whether holes lie as they would if each bar were missing by chance, none of them much too long.

    The longest run of that many misses is about log(bars held) / log(1 / share missing).
    """
    share = missing / expected
    if share < _THIN or len(longest) < _THIN_RUNS or missing == expected:
        return False
    usual = math.log(max(expected - missing, 2)) / math.log(1 / share)
    return len(longest[0]) <= _TOO_LONG * usual


def _span(run: Epochs, step: int) -> str:
    first, end = moment_of(int(run[0])), moment_of(int(run[-1]) + step)
    return f"{first:%H:%M} to {end:%H:%M}"
