"""(ingester_hours): what it hands on, and what it refuses."""

from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest

from functions.ingester_hours import handler as ingester_hours
from patang.market.feed_task import FeedTask
from patang.ports.tasks import TaskState
from patang.settings import Settings
from tests.fakes import FixedClock, RecordedMetrics


class Desk(SimpleNamespace):
    """A Tuesday at ten; the service wants nothing yet."""

    def __init__(self) -> None:
        super().__init__(clock=FixedClock(), metrics=RecordedMetrics(), wanted=[])

    def standing_settings(self) -> Settings:
        return Settings()

    def state(self) -> TaskState:
        return TaskState(0, 0, False)

    def want(self, count: int) -> None:
        self.wanted.append(count)

    def feed_task(self) -> FeedTask:
        return FeedTask(self, self.standing_settings, self.metrics)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    made = Desk()
    monkeypatch.setattr(ingester_hours, "desk", made)
    return made


def called_for(moment: datetime) -> dict[str, Any]:
    return ingester_hours.handler({"scheduled_time": moment.isoformat()}, None)


def test_the_scheduled_time_decides(desk: Desk) -> None:
    assert called_for(desk.clock.now()) == {
        "due": True,
        "reason": "on 2026-08-18 from 08:45 to 15:55",
        "running": 0,
        "wanted": 1,
    }
    assert desk.wanted == [1]


@pytest.mark.parametrize("text", ["2026-08-18T08:45:00+05:30", "soon", None])
def test_a_stale_or_unreadable_time_changes_nothing(desk: Desk, text: str | None) -> None:
    assert not ingester_hours.handler({"scheduled_time": text}, None)["ok"]
    assert desk.wanted == []
    assert desk.metrics.counts == {"stale_schedule": 1}
