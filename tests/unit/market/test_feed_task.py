"""The ingester's task: wanted while there is a market, and let alone while a new version proves itself."""

from datetime import datetime, timedelta

import pytest

from patang.market.feed_task import FeedTask
from patang.market.session_override import SessionOverride
from patang.market.sessions import IST
from patang.ports.tasks import TaskState
from patang.settings import Settings
from tests.fakes import RecordedMetrics

OPEN = datetime(2026, 8, 18, 11, 0, tzinfo=IST)
NIGHT = datetime(2026, 8, 18, 23, 0, tzinfo=IST)
EVERY = timedelta(minutes=5)


class Tasks:
    """A service whose tasks start between two looks, unless they cannot."""

    def __init__(self, wanted: int = 0, *, running: int | None = None, is_deploying: bool = False) -> None:
        self.wanted = wanted
        self.running = wanted if running is None else running
        self.is_deploying = is_deploying
        self.can_start = True
        self.changes: list[int] = []

    def state(self) -> TaskState:
        return TaskState(self.wanted, self.running, self.is_deploying)

    def want(self, count: int) -> None:
        self.changes.append(count)
        self.wanted = count
        self.running = count if self.can_start else 0


class Watched:
    def __init__(self, tasks: Tasks, settings: Settings | None = None) -> None:
        self.tasks = tasks
        self.metrics = RecordedMetrics()
        self.settings = settings or Settings()
        self.task = FeedTask(tasks, lambda: self.settings, self.metrics)

    @property
    def alarms(self) -> float:
        return self.metrics.counts.get("ingester_not_running", 0)

    def look(self, moment: datetime) -> dict[str, object]:
        return self.task.by_schedule(moment)


def test_a_week_of_looks_starts_and_ends_it_once_a_session():
    """Monday 2026-09-14 is a holiday."""
    watched = Watched(Tasks())
    moment, changed_at = datetime(2026, 9, 13, 0, 0, tzinfo=IST), []
    while moment.day < 20:
        before = len(watched.tasks.changes)
        watched.look(moment)
        if len(watched.tasks.changes) > before:
            changed_at.append((f"{moment:%d %H:%M}", watched.tasks.wanted))
        moment += EVERY
    assert changed_at == [
        (f"{day} {time}", count) for day in (15, 16, 17, 18) for time, count in (("08:45", 1), ("15:55", 0))
    ]
    assert watched.alarms == 0


def test_what_was_lost_is_made_good_by_the_next_look():
    watched = Watched(Tasks(0))
    assert watched.look(OPEN)["wanted"] == 1
    watched.tasks.wanted = watched.tasks.running = 0
    watched.look(OPEN + EVERY)
    assert watched.tasks.changes == [1, 1]
    watched.look(OPEN + 2 * EVERY)
    assert watched.tasks.changes == [1, 1]


def test_hours_that_are_entered_today_count_today():
    sunday = datetime(2026, 8, 16, 17, 40, tzinfo=IST)
    watched = Watched(Tasks())
    watched.look(sunday)
    assert watched.tasks.changes == []
    said = SessionOverride(day=sunday.date(), reason="Muhurat", open="18:00", close="19:00")
    watched.settings = Settings(sessions=(said,))
    watched.look(sunday + EVERY)
    assert watched.tasks.changes == [1]


def test_two_that_somebody_started_become_one_and_at_night_none():
    watched = Watched(Tasks(2))
    watched.look(OPEN)
    watched.look(NIGHT)
    assert watched.tasks.changes == [1, 0]


def test_a_new_version_is_let_run_at_night_until_it_has_proved_good():
    watched = Watched(Tasks(1, is_deploying=True))
    assert watched.look(NIGHT)["wanted"] == 1
    assert "deployed" in str(watched.look(NIGHT)["waits"])
    assert watched.tasks.changes == []
    watched.tasks.is_deploying = False
    assert watched.look(NIGHT + EVERY)["wanted"] == 0
    assert watched.tasks.changes == [0]


def test_a_deployment_does_not_keep_it_from_being_started():
    watched = Watched(Tasks(0, is_deploying=True))
    watched.look(OPEN)
    assert watched.tasks.changes == [1]


def test_one_that_cannot_start_rings_before_the_open():
    watched = Watched(Tasks())
    watched.tasks.can_start = False
    start = datetime(2026, 8, 18, 8, 45, tzinfo=IST)
    watched.look(start)
    assert watched.alarms == 0, "it was asked for this moment"
    watched.look(start + EVERY)
    assert watched.alarms == 1
    watched.tasks.running = 1
    watched.look(start + 2 * EVERY)
    assert watched.alarms == 1


@pytest.mark.parametrize("moment", [NIGHT, datetime(2026, 8, 16, 11, 0, tzinfo=IST)])
def test_none_that_runs_while_the_market_is_shut_is_no_fault(moment):
    watched = Watched(Tasks(1, running=0))
    watched.look(moment)
    assert watched.alarms == 0
