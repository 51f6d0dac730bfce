"""The time of a scheduled event."""

from datetime import timedelta

import pytest

from patang.errors import BadInput
from patang.market.schedule import scheduled_time
from patang.market.sessions import IST
from patang.settings import Settings
from tests.unit.market.market_day import at

NOW = at("08:30:20")
SIMULATED = Settings.model_validate({"mode": "simulator", "kite": {"root": "http://127.0.0.1:5000"}})


def test_the_schedulers_notation_becomes_ist():
    moment = scheduled_time({"scheduled_time": "2016-08-16T03:00:00Z"}, NOW, Settings())
    assert moment == at("08:30")
    assert moment.tzinfo is IST


@pytest.mark.parametrize(
    "event", [{}, {"scheduled_time": None}, {"scheduled_time": "today"}, {"scheduled_time": 5}]
)
def test_an_unreadable_time_is_refused(event):
    with pytest.raises(BadInput, match="scheduled_time"):
        scheduled_time(event, NOW, Settings())


def test_a_time_without_offset_is_refused():
    with pytest.raises(BadInput, match="offset"):
        scheduled_time({"scheduled_time": "2016-08-16T08:30:00"}, NOW, Settings())


@pytest.mark.parametrize("minutes", [-11, 11])
def test_a_stale_time_is_refused(minutes):
    event = {"scheduled_time": (NOW + timedelta(minutes=minutes)).isoformat()}
    with pytest.raises(BadInput, match="stale"):
        scheduled_time(event, NOW, Settings())


def test_a_simulated_market_has_a_clock_of_its_own():
    event = {"scheduled_time": (NOW - timedelta(days=3000)).isoformat()}
    assert scheduled_time(event, NOW, SIMULATED) == NOW - timedelta(days=3000)
