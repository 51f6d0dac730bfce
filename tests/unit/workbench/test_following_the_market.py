"""The loop of a run: schedules by the market's clock, the limit that holds the market back, what is told."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from patang.audit.chain import link
from patang.audit.event import AuditEvent
from patang.audit.log import AuditLog
from patang.market.cycle import Cycle
from patang.market.sessions import IST
from patang.records import create
from patang_workbench.demo.clockwork import Clockwork
from patang_workbench.demo.feed import EventFeed
from patang_workbench.demo.outbox import Outbox
from patang_workbench.demo.pacing import Pacer
from patang_workbench.local_stack.schedules import Cron, ScheduledCall
from tests.fakes import MemoryStore

OPEN = datetime(2026, 8, 18, 9, 15, tzinfo=IST)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


class Calls:
    """Schedules of one function called every minute and one called at 09:20; a call takes what is set."""

    def __init__(self) -> None:
        self.made: list[tuple[str, str]] = []
        self.may_end = threading.Event()
        self.may_end.set()
        self.fault: Exception | None = None
        self._calls = (
            ScheduledCall("minutely", Cron.parse("cron(* 9-15 ? * MON-FRI *)")),
            ScheduledCall("once", Cron.parse("cron(20 9 ? * MON-FRI *)")),
        )

    def due(self, after: datetime, until: datetime) -> Iterator[tuple[datetime, ScheduledCall]]:
        minute = after.replace(second=0, microsecond=0) + MINUTE
        while minute <= until:
            yield from ((minute, call) for call in self._calls if call.cron.matches(minute))
            minute += MINUTE

    def call(self, name: str, moment: datetime) -> dict[str, Any]:
        assert self.may_end.wait(5)
        if self.fault:
            raise self.fault
        self.made.append((name, f"{moment:%H:%M}"))
        return {}


@dataclass
class Wall:
    seconds: float = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def calls() -> Calls:
    return Calls()


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def clockwork(calls: Calls, wall: Wall) -> Iterator[Clockwork]:
    made = Clockwork(calls, OPEN, wall)
    yield made
    calls.may_end.set()
    made.finish()


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_minute_is_raised_once_however_often_it_is_looked_at(calls: Calls, clockwork: Clockwork) -> None:
    for seconds in (1, 30, 59, 60, 61, 90):
        clockwork.tick(OPEN + seconds * SECOND)
    until(lambda: len(calls.made) == 1)
    clockwork.finish()
    assert calls.made == [("minutely", "09:16")]


def test_of_minutes_that_passed_during_a_call_the_last_is_raised(calls: Calls, clockwork: Clockwork) -> None:
    calls.may_end.clear()
    clockwork.tick(OPEN + MINUTE)
    clockwork.tick(OPEN + 4 * MINUTE)
    clockwork.tick(OPEN + 6 * MINUTE)
    calls.may_end.set()
    until(lambda: len(calls.made) == 1)

    def caught_up() -> bool:
        clockwork.tick(OPEN + 6 * MINUTE)
        return len(calls.made) == 3

    until(caught_up)
    assert calls.made == [("minutely", "09:16"), ("minutely", "09:21"), ("once", "09:20")]


def test_the_fault_of_a_call_ends_the_run(calls: Calls, clockwork: Clockwork) -> None:
    calls.fault = RuntimeError("(minutely) failed at 09:16")

    def tick_for_ever() -> None:
        while True:
            clockwork.tick(OPEN + MINUTE)
            time.sleep(0.005)

    with pytest.raises(RuntimeError, match="failed at 09:16"):
        tick_for_ever()


def test_a_market_that_stands_still_has_its_minute_raised_again(
    calls: Calls, wall: Wall, clockwork: Clockwork
) -> None:
    held = OPEN + 70 * SECOND
    clockwork.tick(held)
    until(lambda: len(calls.made) == 1)
    wall.seconds += 4
    clockwork.tick(held)
    clockwork.tick(held)
    wall.seconds += 2
    clockwork.tick(held)
    until(lambda: len(calls.made) == 2)
    clockwork.tick(held)
    clockwork.finish()
    assert calls.made == [("minutely", "09:16"), ("minutely", "09:16")]


def test_a_market_at_its_own_speed_does_not_count_as_standing(
    calls: Calls, wall: Wall, clockwork: Clockwork
) -> None:
    for second in range(60, 120):
        wall.seconds += 1
        clockwork.tick(OPEN + second * SECOND)
    clockwork.finish()
    assert calls.made == [("minutely", "09:16")]


@dataclass
class Executions:
    """As much of Step Functions as a pacer asks."""

    statuses: dict[str, str] = field(default_factory=dict)
    orders: list[str] = field(default_factory=list)

    class exceptions:  # noqa: N801 - as boto3 names it
        class ExecutionDoesNotExist(Exception):
            pass

    def describe_execution(self, executionArn: str) -> dict[str, str]:  # noqa: N803
        try:
            return {"status": self.statuses[executionArn.rpartition(":")[2]]}
        except KeyError:
            raise self.exceptions.ExecutionDoesNotExist from None

    def list_executions(self, stateMachineArn: str, statusFilter: str) -> dict[str, Any]:  # noqa: N803
        assert (stateMachineArn, statusFilter) == ("arn:x:stateMachine:orders", "RUNNING")
        return {"executions": self.orders}


class Stack:
    """The parts of a local stack that a pacer uses."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.executions = Executions()
        self.limits: list[str] = []
        self.outputs = {
            "OrderWorkflowArn": "arn:x:stateMachine:orders",
            "TradingCycleArn": "arn:x:stateMachine:cycles",
        }
        self.desk = self.emulator = self.exchange = self

    def client(self, service: str) -> Executions:
        assert service == "stepfunctions"
        return self.executions

    def set_clock(self, limit: str, paused: bool) -> None:
        assert not paused
        self.limits.append(limit[11:19])

    def cycle(self, minutes: int, state: str = "STARTED", status: str | None = None) -> None:
        as_of = OPEN + minutes * MINUTE
        run_id = f"{as_of:%Y-%m-%d-%H%M}"
        self.store.write(create(Cycle(run_id=run_id, as_of=as_of, state=state)))
        if status is not None:
            self.executions.statuses[run_id] = status


@pytest.fixture
def stack() -> Stack:
    return Stack()


@pytest.fixture
def pacer(stack: Stack) -> Pacer:
    return Pacer(stack, OPEN)


def test_the_market_goes_as_far_as_the_first_minute_needs_to_close(stack: Stack, pacer: Pacer) -> None:
    assert not pacer.step()
    assert not pacer.step()
    assert stack.limits == ["09:16:06"]


@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED", "TIMED_OUT"])
def test_the_limit_follows_the_last_cycle_that_has_ended(stack: Stack, pacer: Pacer, status: str) -> None:
    stack.cycle(1, status=status)
    stack.cycle(2, status="RUNNING")
    stack.cycle(3, status="SUCCEEDED")
    pacer.step()
    assert stack.limits == ["09:17:06"]
    assert pacer.finished == OPEN + MINUTE


def test_a_cycle_that_was_not_started_yet_holds_the_market(stack: Stack, pacer: Pacer) -> None:
    stack.cycle(1)
    pacer.step()
    assert stack.limits == ["09:16:06"]


def test_a_skipped_minute_is_passed_over(stack: Stack, pacer: Pacer) -> None:
    stack.cycle(1, state="SKIPPED")
    stack.cycle(2, status="SUCCEEDED")
    pacer.step()
    assert stack.limits == ["09:18:06"]


def test_the_market_waits_for_an_order_on_its_way(stack: Stack, pacer: Pacer) -> None:
    pacer.step()
    stack.cycle(1, status="SUCCEEDED")
    stack.executions.orders.append("an order")
    assert pacer.step()
    assert stack.limits == ["09:16:06"]
    stack.executions.orders.clear()
    assert not pacer.step()
    assert stack.limits == ["09:16:06", "09:17:06"]


def event(number: int, kind: str, **details: Any) -> AuditEvent:
    moment = OPEN + number * MINUTE
    return AuditEvent(
        event_id=f"e{number}",
        account="main",
        kind=kind,
        as_of=moment,
        written_at=moment,
        actor="desk",
        details=details,
    )


def test_the_feed_tells_each_event_once_and_in_the_words_of_the_trade() -> None:
    audit, day = MemoryStore(), date(2026, 8, 18)
    feed = EventFeed(AuditLog(MemoryStore(), audit), "main", day)
    assert list(feed.news()) == []
    terms = {
        "transaction_type": "BUY",
        "quantity": 65,
        "tradingsymbol": "NIFTY26AUG24800CE",
        "price": "145.2",
    }
    link(audit, "main", day, [event(1, "APPROVAL_ASKED", terms=terms), event(2, "ASSESSED", proposals=1)])
    assert list(feed.news()) == [
        ("09:16:00", "approval   BUY 65 NIFTY26AUG24800CE 145.2: waits for the owner")
    ]
    link(audit, "main", day, [event(3, "PROPOSAL_CONCLUDED", order_id="o1", outcome="FILLED")])
    assert list(feed.news()) == [("09:18:00", "order      o1 ended: FILLED")]
    assert list(feed.news()) == []


class Queue:
    """As much of SQS as the outbox asks: what is read and not deleted comes again."""

    def __init__(self, *texts: str) -> None:
        self.waiting = {f"r{n}": text for n, text in enumerate(texts)}

    def receive_message(self, **_: Any) -> dict[str, Any]:
        bodies = {receipt: json.dumps({"Message": text}) for receipt, text in self.waiting.items()}
        return (
            {"Messages": [{"ReceiptHandle": r, "Body": body} for r, body in bodies.items()]} if bodies else {}
        )

    def delete_message(self, ReceiptHandle: str, **_: Any) -> None:  # noqa: N803
        del self.waiting[ReceiptHandle]


def test_the_outbox_finds_the_approval_links_in_the_owners_mail() -> None:
    link_ = "http://127.0.0.1:1234/approvals/pwzhx3db_Oty-CqX"
    queue = Queue(f"BUY 65\n\nDecide until 10:46: {link_}\nor not.", "Bought 65 at 144.9", "see /approvals/")
    outbox = Outbox(queue, "the queue")
    assert outbox.links() == [link_]
    assert outbox.links() == []
    assert queue.waiting == {}
