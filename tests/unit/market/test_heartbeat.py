"""The heartbeat: that it beats, and when it says that silence is no trouble."""

from datetime import date, datetime, time

import pytest

from patang.errors import TryAgain
from patang.market.heartbeat import Heartbeat
from patang.market.session_override import SessionOverride
from patang.market.sessions import IST
from tests.fakes import RecordedMetrics

TUESDAY = date(2026, 8, 18)


class Metrics(RecordedMetrics):
    """Keeps also which values were counted."""

    def __init__(self) -> None:
        super().__init__()
        self.values: list[tuple[str, float]] = []

    def count(self, name: str, value: float = 1, **details: str) -> None:
        super().count(name, value, **details)
        self.values.append((name, value))


def beaten(moment: datetime, *sessions: SessionOverride) -> list[tuple[str, float]]:
    metrics = Metrics()
    Heartbeat(metrics, pytest.fail, None).beat(moment, sessions)
    return metrics.values


def at(text: str, day: date = TUESDAY) -> datetime:
    return datetime.combine(day, time.fromisoformat(text), IST)


@pytest.mark.parametrize(
    ("moment", "closed"),
    [
        (at("03:00"), 1),
        (at("09:14"), 1),
        # What flows has five minutes to begin with.
        (at("09:15"), 1),
        (at("09:19"), 1),
        (at("09:20"), 0),
        (at("12:00"), 0),
        (at("15:25"), 0),
        (at("23:55"), 1),
        # A Saturday, and a day of independence.
        (at("12:00", date(2026, 8, 22)), 1),
        (at("12:00", date(2026, 10, 2)), 1),
    ],
)
def test_it_says_whether_the_market_is_closed(moment: datetime, closed: int) -> None:
    assert set(beaten(moment)) == {("heartbeat", 1), ("market_closed", closed)}


def test_the_moment_may_come_in_any_zone() -> None:
    assert ("market_closed", 0) in beaten(datetime.fromisoformat("2026-08-18T06:30:00+00:00"))


def test_the_owners_own_hours_go_before_the_calendar() -> None:
    saturday = date(2026, 8, 22)
    drill = SessionOverride(day=saturday, open="10:00", close="11:00", reason="a drill")
    assert ("market_closed", 0) in beaten(at("10:30", saturday), drill)
    assert ("market_closed", 1) in beaten(at("12:00", saturday), drill)


def test_hours_that_nobody_knows_are_not_called_closed() -> None:
    """Else a calendar that has run out would keep every alarm of silence quiet."""
    told = beaten(at("12:00", date(2050, 3, 1)))
    assert ("heartbeat", 1) in told
    assert "market_closed" not in dict(told)
    assert "calendar_unknown" in dict(told)


def test_somebody_outside_hears_each_beat() -> None:
    asked: list[str] = []

    def call(url: str) -> str:
        asked.append(url)
        return "OK"

    heart = Heartbeat(Metrics(), call, "https://example.com/ping/1")
    assert heart.beat(at("03:00"), ()) == {"market_closed": True}
    assert asked == ["https://example.com/ping/1"]


def test_who_does_not_hear_it_stops_no_heart() -> None:
    def call(url: str) -> str:
        raise TryAgain(f"{url} does not answer")

    metrics = Metrics()
    told = Heartbeat(metrics, call, "https://example.com/ping/1").beat(at("12:00"), ())
    assert told["market_closed"] is False
    assert "does not answer" in str(told["unheard"])
    assert metrics.counts == {"heartbeat": 1, "market_closed": 0, "heartbeat_unheard": 1}
