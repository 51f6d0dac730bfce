"""Asking for a backtest: once for the same question, bounded a day, audited, whatever breaks."""

from datetime import date, timedelta

import pytest

from patang.audit.event import AuditEvent
from patang.backtest.asked import BacktestWish
from patang.backtest.asking import MOST_A_DAY, Backtests
from patang.backtest.jobs import JobResult
from patang.backtest.worker import JobEvent, result_path
from patang.errors import AskOwner, BadInput, Refused, TryAgain
from patang.keys import outbox_partition
from patang.records import load_all
from patang.settings import Settings
from patang.settings.changes import DESK_CHAIN
from tests.fakes import FixedClock, MemoryObjects, MemoryStore
from tests.unit.api.sample_desk import NOW

DAY = date(2026, 6, 1)


class RecordedMachine:
    """A ResearchMachine whose executions stand as they are told to; `failing` starts raise."""

    def __init__(self) -> None:
        self.executions: dict[str, tuple[str, str]] = {}
        self.states: dict[str, str] = {}
        self.failing = False

    def start(self, name: str, manifest: str, report: str) -> bool:
        if self.failing:
            raise TryAgain("Step Functions does not answer")
        if name in self.executions:
            return False
        self.executions[name] = (manifest, report)
        self.states[name] = "RUNNING"
        return True

    def state(self, name: str):
        return self.states.get(name)


class Room:
    """A desk that can be asked, with one wish for each day of June."""

    def __init__(self, machine: RecordedMachine | None) -> None:
        self.store, self.objects, self.clock = MemoryStore(), MemoryObjects(), FixedClock(NOW)
        self.machine = machine
        self.backtests = self.asker()

    def asker(self, models: str = "m1") -> Backtests:
        return Backtests(self.store, self.objects, self.machine, self.clock, models)

    def ask(self, day: int = 1, changed=None, by: Backtests | None = None):
        last = DAY + timedelta(days=day)
        wish = BacktestWish(first=DAY, last=last, symbols=("NIFTY",), settings=Settings())
        return (by or self.backtests).ask(wish, changed or {}, "person:asha", NOW)

    def events(self) -> list[AuditEvent]:
        return load_all(self.store, AuditEvent, outbox_partition(DESK_CHAIN, NOW.date()))

    def end(self, asked, state: str, refused: str | None = None) -> None:
        """The execution of an asked backtest ends; the worker has left what it would."""
        self.machine.states[asked.execution] = state
        if refused is not None:
            kept = JobResult(key=asked.job_key, refused=refused).model_dump_json().encode()
            self.objects.put(result_path(asked.run, asked.job_key), kept)
        elif state == "SUCCEEDED":
            self.objects.put(f"reports/{asked.report}/report.html", b"<!doctype html>")


@pytest.fixture
def room() -> Room:
    return Room(RecordedMachine())


def test_the_map_gets_one_line_that_the_worker_understands(room):
    found = room.ask()
    ((name, (manifest, report)),) = room.machine.executions.items()
    line = JobEvent.model_validate_json(room.objects.blobs[manifest])
    assert (line.run, line.job.key) == (found.asked.run, found.asked.job_key)
    assert (line.job.kind, line.job.inputs) == ("backtest", ())
    assert name == f"{found.asked.run}-1"
    assert report.startswith(f"research/runs/{found.asked.run}/")
    assert (found.state, found.asked.report) == ("RUNNING", f"backtest-{found.asked.run}")


def test_the_audit_log_hears_who_asked_for_what_with_the_record_of_it(room):
    found = room.ask(changed={"risk.max_daily_loss_pct": 1.5})
    (event,) = room.events()
    assert (event.kind, event.actor) == ("BACKTEST_ASKED", "person:asha")
    assert event.details == {
        "report": found.asked.report,
        "first": "2026-06-01",
        "last": "2026-06-02",
        "symbols": ["NIFTY"],
        "changed": {"risk.max_daily_loss_pct": 1.5},
        "attempt": 1,
    }


def test_the_same_question_is_one_run_whoever_asks_it_and_whenever(room):
    first = room.ask()
    room.clock.advance(60)
    for again in (room.ask(), room.ask(by=room.asker())):
        assert again.asked.model_copy(update={"revision": 0}) == first.asked
    room.end(first.asked, "SUCCEEDED")
    assert room.ask().state == "DONE"
    assert len(room.machine.executions) == len(room.events()) == 1
    assert room.ask(by=room.asker("m2")).asked.run != first.asked.run, "other models answer otherwise"


def test_what_cannot_be_made_says_why_and_is_not_tried_again(room):
    first = room.ask()
    room.end(first.asked, "SUCCEEDED", refused="the store has no minutes of NIFTY")
    again = room.ask()
    assert (again.state, again.told) == ("REFUSED", "the store has no minutes of NIFTY")
    assert len(room.machine.executions) == 1


@pytest.mark.parametrize("ended", ["FAILED", "SUCCEEDED without a word"])
def test_a_run_that_broke_off_is_started_anew_under_another_name(room, ended):
    first = room.ask().asked
    room.machine.states[first.execution] = ended.split()[0]
    broken = room.backtests.state(first)
    assert (broken.state, "the same run_backtest" in broken.told) == ("FAILED", True)
    again = room.ask()
    assert (again.state, again.asked.attempt, again.asked.run) == ("RUNNING", 2, first.run)
    assert list(room.machine.executions) == [f"{first.run}-1", f"{first.run}-2"]
    assert [event.details["attempt"] for event in room.events()] == [1, 2]


def test_a_start_that_was_lost_is_made_good_by_whoever_asks_next(room):
    room.machine.failing = True
    with pytest.raises(TryAgain):
        room.ask()
    assert (room.machine.executions, len(room.events())) == ({}, 1)

    room.machine.failing = False
    assert room.ask().asked.attempt == 1
    assert len(room.machine.executions) == len(room.events()) == 1


def test_a_start_that_was_lost_and_that_nobody_asked_for_again_is_told_as_broken_off(room):
    room.machine.failing = True
    with pytest.raises(TryAgain):
        room.ask()
    (asked,) = room.backtests.all()
    assert room.backtests.state(asked).state == "RUNNING"
    room.clock.advance(121)
    assert room.backtests.state(asked).state == "FAILED"


def test_two_who_ask_at_once_start_one_execution(room):
    """The other's write comes between what the first has read and what he writes."""
    write, store = room.store.write, room.store

    def late(*writes):
        store.write = write
        room.ask(by=room.asker())
        write(*writes)

    store.write = late
    found = room.ask()
    assert found.asked.attempt == 1
    assert list(room.machine.executions) == [f"{found.asked.run}-1"]
    assert len(room.events()) == 1


def test_a_day_has_so_many_and_the_next_day_begins_anew(room):
    for day in range(MOST_A_DAY):
        room.ask(day)
    with pytest.raises(Refused, match=rf"{MOST_A_DAY} backtests were started today"):
        room.ask(MOST_A_DAY)
    assert room.ask(3).state == "RUNNING", "what was asked before is answered"
    assert len(room.machine.executions) == len(room.events()) == MOST_A_DAY

    room.clock.advance(86_400)
    assert room.ask(MOST_A_DAY).asked.attempt == 1


def test_a_run_that_keeps_breaking_off_counts_each_time(room):
    for attempt in range(1, MOST_A_DAY + 1):
        asked = room.ask().asked
        assert asked.attempt == attempt
        room.machine.states[asked.execution] = "FAILED"
    with pytest.raises(Refused, match="tomorrow"):
        room.ask()


def test_where_nothing_does_research_it_says_what_to_do_and_keeps_nothing():
    room = Room(None)
    with pytest.raises(AskOwner, match=r"patang backtest.*patang report FOLDER --store.*-c research=true"):
        room.ask()
    assert (room.store.items, room.objects.blobs) == ({}, {})


def test_runs_of_a_desk_whose_workers_were_taken_away_are_told_as_broken_off(room):
    asked = room.ask().asked
    room.machine = None
    assert room.asker().state(asked).state == "FAILED"


def test_what_is_too_large_is_refused_before_anything_is_written(room):
    wish = BacktestWish(first=DAY, last=DAY + timedelta(days=9_000), symbols=("NIFTY",), settings=Settings())
    with pytest.raises(BadInput, match="one backtest may have"):
        room.backtests.ask(wish, {}, "person:asha", NOW)
    assert (room.store.items, room.objects.blobs) == ({}, {})


def test_the_newest_is_told_first(room):
    for day in (3, 1, 2):
        room.ask(day)
        room.clock.advance(1)
    assert [asked.last.day for asked in room.backtests.all()] == [3, 2, 4]
