"""(sessions): what it does at each time, and what goes out with it."""

from types import SimpleNamespace
from typing import Any

import pytest

from functions.sessions import handler as sessions
from patang.settings import Settings
from tests.fakes import FixedClock, MemoryStore, RecordedMetrics


class Desk(SimpleNamespace):
    """`fails` is what the day's login raises; `flushed` counts."""

    def __init__(self) -> None:
        super().__init__(store=MemoryStore(), clock=FixedClock(), metrics=RecordedMetrics())
        self.fails: Exception | None = None
        self.flushed = 0

    def standing_settings(self) -> Settings:
        return Settings()

    def daily_login(self) -> "Desk":
        return self

    def notifications(self) -> "Desk":
        return self

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
    assert sessions.handler(at(desk), None) == {"reason": "nothing is due", "told": 2}


def test_also_where_the_rest_fails(desk: Desk) -> None:
    desk.fails = KeyError("broken")
    with pytest.raises(KeyError):
        sessions.handler(at(desk), None)
    assert desk.flushed == 1


def test_a_stale_time_does_nothing(desk: Desk) -> None:
    assert not sessions.handler({"scheduled_time": "2026-01-01T08:15:00+05:30"}, None)["ok"]
    assert desk.flushed == 0
