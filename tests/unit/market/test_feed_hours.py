"""When the market's ticks are listened to: ordinary days, holidays, special sessions, days nobody knows."""

from datetime import date, datetime, timedelta

import pytest

from patang.market.exchange_calendar import SEGMENTS
from patang.market.feed_hours import AFTER_CLOSE, BEFORE_OPEN, feed_hours
from patang.market.session_override import SessionOverride
from patang.market.sessions import IST, session_on
from patang.settings import KiteSettings, Settings

SETTINGS = Settings()
MINUTE = timedelta(minutes=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=IST)


def hours_due(day: date, settings: Settings = SETTINGS) -> list[tuple[str, str]]:
    """From which to which minute of the day ticks are listened to, each stretch."""
    found: list[tuple[str, str]] = []
    start, moment = None, datetime.combine(day, datetime.min.time(), IST)
    for _ in range(24 * 60):
        due = feed_hours(moment, settings).due
        if due and start is None:
            start = moment
        if not due and start is not None:
            found.append((f"{start:%H:%M}", f"{moment:%H:%M}"))
            start = None
        moment += MINUTE
    if start is not None:
        found.append((f"{start:%H:%M}", "24:00"))
    return found


def settings_with(*overrides: SessionOverride) -> Settings:
    return Settings(sessions=overrides)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        pytest.param("2026-07-31", ("08:45", "15:45"), id="until 15:30, before the closing auction came"),
        pytest.param("2026-08-18", ("08:45", "15:55"), id="until 15:40, the end of derivatives"),
        pytest.param("2026-02-01", ("08:45", "15:45"), id="a Sunday, the budget's"),
        pytest.param("2025-10-21", ("13:15", "15:00"), id="Muhurat, in an afternoon"),
        pytest.param("2024-11-01", ("17:30", "19:15"), id="Muhurat, in an evening"),
        pytest.param("2024-05-18", ("08:45", "12:45"), id="a Saturday, through its break"),
        pytest.param("2021-02-24", ("08:45", "17:15"), id="extended after an outage"),
    ],
)
def test_from_before_the_first_open_until_after_the_last_print(day, expected):
    assert hours_due(date.fromisoformat(day)) == [expected]


@pytest.mark.parametrize(
    "day", ["2026-08-15", "2026-08-16", "2026-09-14", "2026-11-10", "2026-11-24", "2026-12-25"]
)
def test_not_on_weekends_and_holidays(day):
    assert hours_due(date.fromisoformat(day)) == []


def test_every_minute_that_any_segment_trades_or_prints_is_within():
    day = date(2026, 1, 1)
    while day.year == 2026:
        if day != date(2026, 11, 8):
            every_segment_is_within(day)
        day += timedelta(days=1)


def every_segment_is_within(day: date) -> None:
    sessions = [s for segment in SEGMENTS if (s := session_on(day, segment)) is not None]
    for session in sessions:
        assert feed_hours(session.open - BEFORE_OPEN, SETTINGS).due
        assert feed_hours(session.last_print() + AFTER_CLOSE - MINUTE, SETTINGS).due
    if not sessions:
        assert not feed_hours(datetime.combine(day, datetime.min.time().replace(hour=11), IST), SETTINGS).due


def test_the_owners_word_goes_before_the_calendars():
    day = date(2026, 8, 18)
    closed = SessionOverride(day=day, reason="an election", closed=True)
    assert hours_due(day, settings_with(closed)) == []
    evening = SessionOverride(day=date(2026, 8, 16), reason="Muhurat", open="18:00", close="19:00")
    assert hours_due(date(2026, 8, 16), settings_with(evening)) == [("17:30", "19:15")]
    later = SessionOverride(day=day, reason="an outage", segment="derivatives", open="09:15", close="17:00")
    assert hours_due(day, settings_with(later)) == [("08:45", "17:15")]


def test_all_day_where_nobody_knows_the_hours():
    """What is held may be sold then, and only ticks tell when."""
    muhurat = date(2026, 11, 8)
    assert hours_due(muhurat) == [("00:00", "24:00")]
    assert hours_due(date(2031, 3, 5)) == [("00:00", "24:00")]
    assert "2031" in feed_hours(at("2031-03-05T11:00"), SETTINGS).reason
    told = SessionOverride(day=muhurat, reason="the circular came", open="18:00", close="19:00")
    assert hours_due(muhurat, settings_with(told)) == [("17:30", "19:15")]


def test_always_against_a_simulated_market():
    simulated = Settings(kite=KiteSettings(root="http://127.0.0.1:8080"))
    assert feed_hours(at("2026-08-16T03:00"), simulated).due


def test_why_is_told():
    assert feed_hours(at("2026-08-18T11:00"), SETTINGS).reason == "on 2026-08-18 from 08:45 to 15:55"
    assert feed_hours(at("2026-08-16T11:00"), SETTINGS).reason == "no session on 2026-08-16"
