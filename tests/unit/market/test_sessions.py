"""The exchange's days and hours, by themselves and against recorded days."""

import os
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest

from patang.errors import StopTrading
from patang.market.sessions import IST, expiry_moment, minute_of, previous_session, session_on

DATA = Path(os.environ.get("PATANG_DATA", Path(__file__).parents[4] / "shared" / "data"))

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


def hours(day: date, segment=None) -> tuple[time, time] | None:
    session = session_on(day, segment)
    return None if session is None else (session.open.time(), session.close.time())


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2016, 8, 15), None),
        (date(2016, 8, 16), (time(9, 15), time(15, 30))),
        (date(2016, 8, 20), None),
        (date(2016, 10, 30), (time(18, 30), time(19, 30))),
        (date(2020, 2, 1), (time(9, 15), time(15, 30))),
        (date(2021, 2, 24), (time(9, 15), time(17, 0))),
        (date(2024, 5, 18), (time(9, 15), time(12, 40))),
        (date(2025, 10, 21), (time(13, 45), time(14, 45))),
        (date(2026, 2, 1), (time(9, 15), time(15, 30))),
        (date(2026, 12, 25), None),
    ],
)
def test_days_and_hours(day, expected):
    assert hours(day) == expected


def test_segments_part_when_the_closing_auction_begins():
    before, after = date(2026, 7, 31), date(2026, 8, 3)
    for segment in ("cash", "cash_with_auction", "derivatives", "index"):
        assert hours(before, segment) == (time(9, 15), time(15, 30))
    assert hours(after, "cash") == (time(9, 15), time(15, 30))
    assert hours(after, "cash_with_auction") == (time(9, 15), time(15, 15))
    assert hours(after, "derivatives") == (time(9, 15), time(15, 40))
    assert hours(after) == (time(9, 15), time(15, 40))


@pytest.mark.parametrize("year", [2014, 2027])
def test_an_unknown_year_stops_trading_and_says_what_to_do(year):
    with pytest.raises(StopTrading, match=f"nothing of {year}.*market/calendar"):
        session_on(date(year, 6, 3))


def test_a_special_session_without_hours_stops_trading():
    with pytest.raises(StopTrading, match=r"2026-11-08.*special_sessions\.csv"):
        session_on(date(2026, 11, 8))


def test_hours_hold_their_open_and_not_their_close():
    session = session_on(date(2016, 8, 16))
    assert session.holds(session.open)
    assert session.holds(session.close - timedelta(microseconds=1))
    assert not session.holds(session.close)
    assert session.last_minute() == datetime(2016, 8, 16, 15, 29, tzinfo=IST)


def test_the_previous_session_passes_over_weekend_and_holiday():
    assert previous_session(date(2016, 8, 16)).day == date(2016, 8, 12)


def test_a_contract_of_a_year_without_a_calendar_still_expires_at_the_close():
    assert expiry_moment(date(2027, 3, 30)) == datetime(2027, 3, 30, 15, 40, tzinfo=IST)
    assert expiry_moment(date(2016, 8, 25)) == datetime(2016, 8, 25, 15, 30, tzinfo=IST)


def test_a_minute_begins_in_ist():
    assert minute_of(datetime.fromisoformat("2016-08-16T03:45:59.9+00:00")) == datetime(
        2016, 8, 16, 9, 15, tzinfo=IST
    )


def recorded_days(path: str, column: str) -> set[date]:
    pq = pytest.importorskip("pyarrow.parquet")
    import pyarrow.compute as pc

    if not (DATA / path).exists():
        pytest.skip(f"{DATA / path} is absent: set PATANG_DATA to the folder of recorded market data")
    values = pq.read_table(DATA / path, columns=[column])[column]
    if column == "ts":
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
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    assert {day for day in days if session_on(day) is not None} - traded <= HOLES
