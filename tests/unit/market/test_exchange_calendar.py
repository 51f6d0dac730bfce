"""The calendar's tables against an independent calendar, and against days and minutes that were recorded."""

import os
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path

import exchange_calendars
import pytest

from patang.market.exchange_calendar import exchange_calendar
from patang.market.sessions import IST, Session, session_on

DATA = Path(os.environ.get("PATANG_DATA") or Path(__file__).parents[4] / "shared" / "data")

FIRST, LAST = date(2015, 1, 1), date(2026, 12, 31)

_BUDGET = "XBOM knows no weekend session; budget day was a full one"
_EVENING = "XBOM knows no Muhurat session and calls the day a holiday or weekend"
_DRILL = "XBOM knows no weekend session; drill of the disaster-recovery site"
# Every day that XBOM sees otherwise, and why the table is right.
DIFFERENCES = {
    date(2015, 2, 28): _BUDGET,
    date(2015, 11, 11): _EVENING,
    date(2016, 10, 30): _EVENING,
    date(2017, 10, 19): _EVENING,
    date(2018, 11, 7): _EVENING,
    date(2019, 10, 27): _EVENING,
    date(2020, 2, 1): _BUDGET,
    date(2020, 11, 14): _EVENING,
    date(2021, 2, 24): "NSE stood still and traded until 17:00; XBOM is BSE, which closed on time at first",
    date(2021, 11, 4): _EVENING,
    date(2022, 10, 24): _EVENING,
    date(2023, 11, 12): _EVENING,
    date(2024, 1, 20): "XBOM knows no weekend session; a full one for Monday, which had become a holiday",
    date(2024, 3, 2): _DRILL,
    date(2024, 5, 18): _DRILL,
    date(2024, 11, 1): _EVENING,
    date(2025, 2, 1): _BUDGET,
    date(2025, 10, 21): _EVENING,
    date(2026, 2, 1): _BUDGET,
    date(2026, 11, 8): _EVENING + "; its hours are not known here either",
}
# From this day the table knows segments, XBOM still ends every day at 15:30, as cash shares without
# derivatives do.
CLOSING_AUCTION = date(2026, 8, 3)

# Index values of the mock trading on Saturdays.
MOCK_SATURDAYS = {
    date(2021, 8, 7),
    date(2021, 8, 21),
    date(2021, 11, 13),
    date(2022, 1, 8),
    date(2022, 1, 22),
    date(2022, 2, 5),
    date(2022, 4, 9),
    date(2022, 4, 30),
}
# Traded, but the only source of that time lacks them.
HOLES = {date(2024, 12, 27), date(2026, 2, 1)}


def every_day(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def hours(session: Session | None) -> tuple[time, time] | None:
    return None if session is None else (session.open.time(), session.close.time())


@pytest.fixture(scope="module")
def independent() -> dict[date, tuple[time, time]]:
    """Open and close of XBOM by day."""
    schedule = exchange_calendars.get_calendar("XBOM", start=FIRST.isoformat(), end=LAST.isoformat()).schedule
    opens, closes = (schedule[name].dt.tz_convert(IST) for name in ("open", "close"))
    return {
        day.date(): (open_.time(), close.time())
        for day, open_, close in zip(schedule.index, opens, closes, strict=True)
    }


@pytest.mark.parametrize("year", range(FIRST.year, LAST.year + 1))
def test_an_independent_calendar_differs_only_where_it_is_explained(independent, year):
    unknown = {day for (day, _), hours in exchange_calendar().special.items() if hours is None}
    differing = set()
    for day in every_day(date(year, 1, 1), date(year, 12, 31)):
        if day in unknown or hours(session_on(day, "cash")) != independent.get(day):
            differing.add(day)
    assert differing == {day for day in DIFFERENCES if day.year == year}


def test_segments_differ_from_the_independent_calendar_from_the_closing_auction_on(independent):
    for segment in ("cash_with_auction", "derivatives", "index"):
        differing = {
            day
            for day in every_day(FIRST, LAST)
            if day not in DIFFERENCES and hours(session_on(day, segment)) != independent.get(day)
        }
        assert differing == {day for day in independent if day >= CLOSING_AUCTION}


def recorded(path: str, column: str):
    """A column of a recorded file; moments in IST. Skips where the data is absent."""
    pq = pytest.importorskip("pyarrow.parquet")
    if not (DATA / path).exists():
        pytest.skip(f"{DATA / path} is absent: set PATANG_DATA to the folder of recorded market data")
    return pq.read_table(DATA / path, columns=[column])[column]


def recorded_days(path: str, column: str) -> set[date]:
    values = recorded(path, column)
    if column == "ts":
        import pyarrow.compute as pc

        values = pc.cast(pc.floor_temporal(pc.local_timestamp(values), unit="day"), "date32")
    return set(values.unique().to_pylist())


RECORDS = {
    "daily/nse_eq_daily_2010_2026.parquet": "date",
    "index_1m/BANKNIFTY_1m.parquet": "ts",
    "index_1m/NIFTY_15m_2021_2026.parquet": "ts",
    "stocks_15m/liquid9_15m_2015_2024.parquet": "ts",
    "stocks_15m/nse_fno_15m_2024_2026.parquet": "ts",
    "options_daily/nse_fo_udiff_daily_2025-01_2026-03.parquet": "date",
}


@pytest.mark.parametrize("path", RECORDS)
def test_no_recorded_day_is_called_closed(path):
    traded = {day for day in recorded_days(path, RECORDS[path]) if 2015 <= day.year <= 2026}
    assert {day for day in traded if session_on(day) is None} <= MOCK_SATURDAYS


@pytest.mark.parametrize(
    ("first", "last"),
    [(date(2015, 1, 1), date(2025, 3, 28)), (date(2026, 1, 1), date(2026, 2, 13))],
)
def test_every_session_was_recorded_by_somebody(first, last):
    traded = set().union(*(recorded_days(path, column) for path, column in RECORDS.items()))
    days = every_day(first, last)
    assert {day for day in days if session_on(day) is not None} - traded <= HOLES


# Minutes without an index value that are no break of the exchange's.
SILENCES = {
    date(
        2017, 7, 10
    ): "the cash market stood still until 12:30; when derivatives did is told in different ways",
    date(2020, 10, 12): "a hole of the recorder, in both indices: shares traded on",
}


@pytest.mark.parametrize("path", ["index_1m/NIFTY_1m.parquet", "index_1m/BANKNIFTY_1m.parquet"])
def test_index_minutes_fall_silent_in_breaks_only(path):
    minutes = sorted(m.astimezone(IST) for m in recorded(path, "ts").to_pylist() if m.year >= 2015)
    silent: dict[date, list[tuple[datetime, datetime]]] = {}
    for before, after in pairwise(minutes):
        if before.date() == after.date() and after - before > timedelta(minutes=10):
            silent.setdefault(before.date(), []).append((before, after))
    for day, gaps in silent.items():
        breaks = session_on(day).breaks
        inside = [
            any(start - timedelta(minutes=1) <= a and b <= end for start, end in breaks) for a, b in gaps
        ]
        assert all(inside) != (day in SILENCES), (day, gaps, breaks)
    assert {date(2020, 3, 13), date(2020, 3, 23)} <= set(silent)


# A bar of a quarter of an hour that lies in a break has no trade.
@pytest.mark.parametrize(
    ("path", "day"),
    [
        ("stocks_15m/nifty25_15m_2018_2021.parquet", date(2020, 3, 13)),
        ("stocks_15m/nifty25_15m_2018_2021.parquet", date(2020, 3, 23)),
        ("stocks_15m/nifty25_15m_2018_2021.parquet", date(2021, 2, 24)),
        ("stocks_15m/nse_fno_15m_2024_2026.parquet", date(2024, 3, 2)),
        ("stocks_15m/nse_fno_15m_2024_2026.parquet", date(2024, 5, 18)),
    ],
)
def test_shares_traded_in_every_quarter_but_those_of_the_breaks(path, day):
    import pyarrow.compute as pc

    values = recorded(path, "ts")
    start = datetime.combine(day, time(), IST)
    some = values.filter(pc.and_(pc.greater_equal(values, start), pc.less(values, start + timedelta(days=1))))
    traded = {moment.astimezone(IST) for moment in some.unique().to_pylist()}
    session, quarter = session_on(day), timedelta(minutes=15)
    expected = set()
    moment = session.open
    while moment < session.close:
        if any(session.holds(moment + timedelta(minutes=n)) for n in range(15)):
            expected.add(moment)
        moment += quarter
    assert traded - {session.close} == expected
