"""Candles by HTTP: what the desk has kept of an instrument, and wishes that make no sense."""

import pytest

from tests.unit.api.sample_desk import NOW
from tests.unit.desk_view.closed_minutes import bar, closed

MINUTE = NOW.replace(second=0)
RELIANCE = {"exchange": "NSE", "symbol": "RELIANCE"}


def test_the_running_day_is_shown_without_naming_it(owner, desk):
    closed(desk.objects, MINUTE, bar("RELIANCE", MINUTE, 1002.5))
    told = owner.get("/api/candles", params=RELIANCE).json()
    assert told == {
        "exchange": "NSE",
        "symbol": "RELIANCE",
        "day": "2026-08-18",
        "interval": "minute",
        "candles": [
            {
                "start": "2026-08-18T10:47:00+05:30",
                "open": 1002.5,
                "high": 1004.5,
                "low": 1001.5,
                "close": 1003.5,
                "volume": 10,
                "oi": None,
            }
        ],
        "next": None,
    }
    assert owner.get("/api/candles", params=RELIANCE | {"start": "10:48"}).json()["candles"] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"start": "9:15"},
        {"end": "24:00"},
        {"interval": "3minute"},
        {"limit": 0},
        {"limit": 61},
        {"symbol": ""},
        {"day": "1"},
    ],
)
def test_what_makes_no_sense_is_told_at_its_field(owner, wrong):
    answer = owner.get("/api/candles", params=RELIANCE | wrong)
    assert answer.status_code == 422
    assert next(iter(wrong)) in answer.text


def test_a_day_without_minutes_has_no_candles(owner):
    assert owner.get("/api/candles", params=RELIANCE | {"day": "2026-08-17"}).json()["candles"] == []
