"""(sessions): what it does at each time, and what goes out with it."""

from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest

from functions.sessions import handler as sessions
from patang.market.sessions import IST
from patang.settings import Settings
from tests.fakes import FixedClock, MemoryStore, RecordedMetrics


class Desk(SimpleNamespace):
    """`fails` is what the day's login raises; `flushed` counts, `mailed` are the times at which it was looked
    whether a report is to be told of."""

    def __init__(self) -> None:
        super().__init__(store=MemoryStore(), clock=FixedClock(), metrics=RecordedMetrics())
        self.fails: Exception | None = None
        self.flushed = 0
        self.mailed: list[datetime] = []

    def standing_settings(self) -> Settings:
        return Settings()

    def daily_login(self) -> "Desk":
        return self

    def notifications(self) -> "Desk":
        return self

    def day_mail(self) -> "Desk":
        return self

    def run(self, as_of: datetime) -> tuple[str, ...]:
        self.mailed.append(as_of)
        return ("daily",)

    def by_schedule(self, _moment: Any) -> dict[str, object]:
        if self.fails:
            raise self.fails
        return {"reason": "nothing is due"}

    def flush(self) -> int:
        self.flushed += 1
        return 2


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    made = Desk()
    monkeypatch.setattr(sessions, "desk", made)
    return made


def at(desk: Desk) -> dict[str, str]:
    return {"scheduled_time": desk.clock.now().isoformat()}


def test_what_was_held_goes_out_with_each_of_its_times(desk: Desk) -> None:
    """(reconciler) sends it in market hours; in the evening and on a weekend nobody else does."""
    done = {"reason": "nothing is due", "reports": ("daily",), "told": 2}
    assert sessions.handler(at(desk), None) == done


def test_a_session_in_the_evening_or_at_a_weekend_has_word_of_its_report(desk: Desk) -> None:
    sessions.handler(at(desk), None)
    assert desk.mailed == [desk.clock.now().astimezone(IST)]


def test_also_where_the_rest_fails(desk: Desk) -> None:
    desk.fails = KeyError("broken")
    with pytest.raises(KeyError):
        sessions.handler(at(desk), None)
    assert desk.flushed == 1


def test_a_stale_time_does_nothing(desk: Desk) -> None:
    assert not sessions.handler({"scheduled_time": "2026-01-01T08:15:00+05:30"}, None)["ok"]
    assert desk.flushed == 0
