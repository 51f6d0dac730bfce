"""The clock that stands still while nobody trades."""

from datetime import date, datetime

import numpy as np
import pytest

from patang.market.sessions import IST
from patang.training.trading_minutes import TradingMinutes

# Friday and Monday.
FRIDAY, MONDAY = date(2024, 3, 15), date(2024, 3, 18)


@pytest.fixture(scope="module")
def minutes():
    return TradingMinutes("index", FRIDAY, MONDAY)


def at(day, clock):
    hour, minute = map(int, clock.split(":"))
    return int(datetime(day.year, day.month, day.day, hour, minute, tzinfo=IST).timestamp())


@pytest.mark.parametrize(
    ("day", "clock", "expected"),
    [
        (FRIDAY, "08:00", 0),
        (FRIDAY, "09:15", 0),
        (FRIDAY, "09:16", 1),
        (FRIDAY, "15:30", 375),
        (date(2024, 3, 16), "12:00", 375),
        (MONDAY, "09:15", 375),
        (MONDAY, "09:30", 390),
    ],
)
def test_it_runs_with_the_sessions(minutes, day, clock, expected):
    assert minutes.at(at(day, clock)) == expected


def test_a_weekend_is_no_hole(minutes):
    assert minutes.longest_hole(np.array([at(FRIDAY, "15:29"), at(MONDAY, "09:15")])) == 0


def test_minutes_without_a_bar_are(minutes):
    starts = np.array([at(FRIDAY, "10:00"), at(FRIDAY, "10:01"), at(FRIDAY, "10:08")])
    assert minutes.longest_hole(starts) == 6
    assert minutes.longest_hole(np.array([at(FRIDAY, "15:20"), at(MONDAY, "09:20")])) == 14


def test_one_bar_has_no_hole(minutes):
    assert minutes.longest_hole(np.array([at(FRIDAY, "10:00")])) == 0
