"""The exchange's days and hours, and an owner's word on single days."""

from datetime import date, datetime, time, timedelta

import pytest
from pydantic import ValidationError

from patang.errors import StopTrading
from patang.market.exchange_calendar import SEGMENTS, exchange_calendar
from patang.market.session_override import SessionOverride
from patang.market.sessions import IST, expiry_moment, minute_of, previous_session, session_on, unknown_ahead
from patang.settings import Settings


def hours(day: date, segment=None, overrides=()) -> tuple[time, time] | None:
    session = session_on(day, segment, overrides)
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
        (date(2024, 5, 18), (time(9, 15), time(12, 30))),
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


def test_each_segment_ends_its_day_in_its_own_way():
    day = date(2026, 8, 18)
    ends = {segment: session_on(day, segment) for segment in SEGMENTS}
    assert {s: (h.close.time(), h.auction_close and h.auction_close.time()) for s, h in ends.items()} == {
        "cash": (time(15, 30), None),
        "cash_with_auction": (time(15, 15), time(15, 35)),
        "derivatives": (time(15, 40), None),
        "index": (time(15, 15), time(15, 35)),
    }
    assert {s: h.last_print().time() for s, h in ends.items()} == {
        "cash": time(15, 30),
        "cash_with_auction": time(15, 35),
        "derivatives": time(15, 40),
        "index": time(15, 35),
    }
    assert session_on(day).auction_close is None


def test_nothing_trades_in_a_break():
    session = session_on(date(2024, 3, 2))
    assert [(a.time(), b.time()) for a, b in session.breaks] == [(time(10, 0), time(11, 30))]
    at = lambda hour, minute: datetime(2024, 3, 2, hour, minute, tzinfo=IST)  # noqa: E731 - four uses below
    assert [session.holds(at(*m)) for m in ((9, 59), (10, 0), (11, 29), (11, 30))] == [
        True,
        False,
        False,
        True,
    ]


def test_the_tables_do_not_contradict_themselves():
    calendar = exchange_calendar()
    special = {day for day, _ in calendar.special}
    assert not special & set(calendar.holidays)
    assert {day.weekday() for day in calendar.holidays} <= set(range(5))
    assert calendar.years == frozenset(range(2015, 2027))
    assert all(sum(day.year == year for day in calendar.holidays) >= 10 for year in calendar.years)
    for day, segment in calendar.special:
        hours = calendar.special[day, segment]
        if hours is not None:
            moments = [hours.open, *(edge for pause in hours.breaks for edge in pause), hours.close]
            assert moments == sorted(set(moments)), day


def override(day: date, **values) -> SessionOverride:
    return SessionOverride.model_validate({"day": day, "reason": "said by the owner", **values})


def test_a_day_that_will_stop_trading_is_foretold_until_somebody_says_its_hours():
    november = date(2026, 11, 1)
    assert unknown_ahead(november, 6) is None
    assert unknown_ahead(november, 7).startswith("in 7 days trading stops: the hours of the special session")
    said = [override(date(2026, 11, 8), open="18:00", close="19:00")]
    assert unknown_ahead(november, 60, said) is None
    assert "nothing of 2027" in unknown_ahead(november, 61, said)


REGULAR = date(2026, 8, 18)


def test_an_owner_closes_a_day():
    closed = [override(REGULAR, closed=True)]
    assert session_on(REGULAR, overrides=closed) is None
    assert session_on(REGULAR + timedelta(days=1), overrides=closed) is not None
    assert previous_session(REGULAR + timedelta(days=1), closed).day == REGULAR - timedelta(days=1)


def test_an_owner_says_the_hours_of_a_session_that_was_not_known():
    muhurat = date(2026, 11, 8)
    said = [override(muhurat, open="18:00", close="19:00")]
    assert hours(muhurat, overrides=said) == (time(18), time(19))
    assert {hours(muhurat, segment, said) for segment in SEGMENTS} == {(time(18), time(19))}
    assert previous_session(date(2026, 11, 9), said).day == muhurat


@pytest.mark.parametrize("day", [date(2026, 8, 15), date(2026, 8, 16), date(2026, 12, 25)])
def test_an_owner_opens_a_weekend_or_a_holiday(day):
    assert session_on(day) is None
    assert hours(day, overrides=[override(day, open="09:15", close="15:30")]) == (time(9, 15), time(15, 30))


def test_a_word_on_one_segment_leaves_the_others_and_goes_before_a_word_on_all():
    said = [
        override(REGULAR, open="10:00", close="12:00"),
        override(REGULAR, segment="derivatives", open="10:00", close="12:30", breaks=[["11:00", "11:15"]]),
    ]
    assert hours(REGULAR, "cash", said) == (time(10), time(12))
    assert hours(REGULAR, "derivatives", said) == (time(10), time(12, 30))
    assert hours(REGULAR, overrides=said) == (time(10), time(12, 30))
    assert session_on(REGULAR, "derivatives", said).breaks
    assert not session_on(REGULAR, overrides=said).breaks
    alone = [override(REGULAR, segment="cash_with_auction", closed=True)]
    assert session_on(REGULAR, "cash_with_auction", alone) is None
    assert hours(REGULAR, "index", alone) == (time(9, 15), time(15, 15))


def test_a_day_of_an_unknown_year_is_known_once_its_owner_has_said_it_and_no_other_is():
    day = date(2027, 1, 4)
    said = [override(day, open="09:15", close="15:40")]
    assert hours(day, overrides=said) == (time(9, 15), time(15, 40))
    with pytest.raises(StopTrading, match=r"nothing of 2027.*settings \(sessions\)"):
        session_on(day + timedelta(days=1), overrides=said)
    with pytest.raises(StopTrading):
        session_on(day, overrides=[override(day, segment="cash", open="09:15", close="15:30")])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "needs open and close"),
        ({"open": "09:15"}, "needs open and close"),
        ({"closed": True, "open": "09:15", "close": "15:30"}, "cannot be closed and have hours"),
        ({"open": "15:30", "close": "09:15"}, "do not follow each other"),
        ({"open": "9:15", "close": "15:30"}, "pattern"),
        ({"open": "09:15", "close": "15:30", "breaks": [["10:00", "09:30"]]}, "do not follow"),
        ({"open": "09:15", "close": "15:30", "breaks": [["15:00", "16:00"]]}, "do not follow"),
        ({"open": "09:15", "close": "15:15", "auction_close": "15:35"}, "name one"),
        ({"open": "09:15", "close": "15:15", "auction_close": "15:10", "segment": "index"}, "do not follow"),
        ({"closed": True, "reason": ""}, "at least 3 characters"),
        ({"closed": True, "segment": "currency"}, "segment"),
    ],
)
def test_a_word_that_makes_no_sense_is_refused(values, message):
    with pytest.raises(ValidationError, match=message):
        override(REGULAR, **values)


def test_settings_take_one_word_a_day_and_segment_and_keep_it():
    said = (override(REGULAR, closed=True), override(REGULAR, segment="index", open="09:15", close="15:15"))
    kept = Settings.model_validate_json(Settings(sessions=said).model_dump_json())
    assert kept.sessions == said
    with pytest.raises(ValidationError, match=r"says two things of 2026-08-18, segment all"):
        Settings(sessions=(said[0], said[0]))
