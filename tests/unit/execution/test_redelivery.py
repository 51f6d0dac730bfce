"""Whatever comes back, however often and at whatever step its process died: one send, and a known end."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Lock
from typing import Any

import pytest
from botocore.exceptions import ClientError

from patang.errors import OutcomeUnknown
from patang.execution.intent import OrderIntent
from patang.records import replace
from tests.unit.execution.lane_cases import KINDS, calls_counted, deliver, new_intent, stored, trigger
from tests.unit.execution.trading_desk import Killed, TradingDesk

# What the queue does with a message whose lane has died: seen again after a minute, three times in all.
VISIBLE_AFTER, RECEIVED_AT_MOST = 60, 3
DONE = {"ENTRY": "ACKED", "EXIT": "ACKED", "ORDER": "ACKED"}


def steps_of(kind: str) -> int:
    desk = TradingDesk()
    intent = new_intent(desk, kind)
    before = desk.fuse.steps
    assert deliver(desk, intent) == DONE.get(kind, "COMPLETE")
    return desk.fuse.steps - before


def settled(desk: TradingDesk, intent: OrderIntent, calls: list[str], sent_at_death: int) -> None:
    """After all deliveries: sent once at most, and what the desk believes is what the broker has."""
    after = stored(desk, intent)
    assert len(calls) <= 1, calls
    assert after.state not in ("NEW", "SENDING", "UNKNOWN")
    if after.state == "REJECTED":
        assert after.status_message == "never reached the broker"
        assert sent_at_death == 0
    assert after.task_token is None or after.answered
    orders = [row for row in desk.exchange.book.values() if row["tag"] == intent.intent_id]
    if intent.kind in DONE:
        assert len(orders) == (after.state == "ACKED")


@pytest.mark.parametrize("fate", ["before", "after"])
@pytest.mark.parametrize("kind", KINDS)
def test_killed_at_each_step_and_delivered_again(kind: str, fate: str) -> None:
    steps = steps_of(kind)
    assert steps >= 4
    for victim in range(1, steps + 1):
        desk = TradingDesk()
        intent = new_intent(desk, kind)
        begun, calls = desk.fuse.steps, calls_counted(desk)
        desk.fuse.kill = lambda step, at=begun + victim: fate if step == at else ""
        with pytest.raises(Killed):
            deliver(desk, intent)
        reached = effects(desk, intent)
        for _ in range(RECEIVED_AT_MOST - 1):
            desk.pass_time(VISIBLE_AFTER)
            deliver(desk, intent)
        desk.intent_sweep().run("main", desk.market_time)
        settled(desk, intent, calls, reached)


def effects(desk: TradingDesk, intent: OrderIntent) -> int:
    """How often the broker has done what this intent asks for."""
    exchange, target = desk.exchange, intent.target_order_id or ""
    match intent.kind:
        case "MODIFY":
            return int(exchange.book[target]["price"] == 1495.0)
        case "CANCEL":
            return int(exchange.book[target]["status"] == "CANCELLED")
        case "GTT_PLACE":
            return len(exchange.triggers)
        case "GTT_MODIFY":
            values = exchange.triggers[intent.target_gtt_id or ""].request.trigger_values
            return int(values[0] == "1460.00")
        case "GTT_DELETE":
            return int(exchange.triggers[intent.target_gtt_id or ""].status == "deleted")
        case "CONVERT":
            return int(next(row for row in exchange.positions() if row.product == "CNC").quantity == 20)
        case _:
            return sum(row["tag"] == intent.intent_id for row in exchange.book.values())


@pytest.mark.parametrize("kind", KINDS)
def test_ten_deliveries_of_one_message_are_one_send(kind: str) -> None:
    desk = TradingDesk()
    intent = new_intent(desk, kind)
    calls = calls_counted(desk)
    states = [deliver(desk, intent) for _ in range(10)]
    assert set(states) == {DONE.get(kind, "COMPLETE")}
    assert len(calls) == 1
    assert effects(desk, intent) == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("arrives", [True, False])
def test_a_lost_reply_is_resolved_and_never_sent_again(kind: str, arrives: bool) -> None:
    desk = TradingDesk()
    intent = new_intent(desk, kind)
    for name in ("place", "modify", "cancel", "place_gtt", "modify_gtt", "delete_gtt", "convert_position"):
        setattr(desk.exchange, name, unheard(getattr(desk.exchange, name), arrives))
    calls = calls_counted(desk)
    assert deliver(desk, intent) == "UNKNOWN"
    if not arrives:
        assert deliver(desk, intent) == "UNKNOWN", "within the grace absence proves nothing"
    desk.pass_time(31)
    assert deliver(desk, intent) == (DONE.get(kind, "COMPLETE") if arrives else "REJECTED")
    assert len(calls) == 1
    assert effects(desk, intent) == arrives


def unheard(act: Callable[..., Any], arrives: bool) -> Callable[..., Any]:
    def call(*args: Any, **named: Any) -> Any:
        if arrives:
            act(*args, **named)
        raise OutcomeUnknown("Order request timed out (HTTP 400)")

    return call


class LockedStore:
    """A store whose single calls are one after the other, as a table's are."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self._lock = Lock()

    def __getattr__(self, name: str) -> Any:
        act = getattr(self._store, name)

        def one_by_one(*args: Any, **named: Any) -> Any:
            with self._lock:
                return act(*args, **named)

        return one_by_one


@pytest.mark.parametrize("kind", KINDS)
def test_eight_lanes_with_one_message_at_one_moment_are_one_send(kind: str) -> None:
    desk = TradingDesk()
    intent = new_intent(desk, kind)
    calls, together = calls_counted(desk), Barrier(8)
    desk.store = LockedStore(desk.store)

    def at_once(_: int) -> str:
        together.wait(timeout=10)
        return deliver(desk, intent)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(at_once, range(8)))

    assert len(calls) == 1
    assert effects(desk, intent) == 1
    assert stored(desk, intent).state == DONE.get(kind, "COMPLETE")


@pytest.mark.parametrize("written", [False, True], ids=["not written", "written, reply lost"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_throttled_table_raises_before_the_claim_alone_and_loses_nothing(kind: str, written: bool) -> None:
    unwritten = 0
    for victim in range(1, 12):
        desk = TradingDesk()
        intent = new_intent(desk, kind)
        calls = calls_counted(desk)
        writes = throttled(desk, victim, written)
        try:
            deliver(desk, intent)
        except ClientError:
            claimed = stored(desk, intent).state
            assert claimed in ("NEW", "SENDING"), claimed
            assert calls == [], "what fails after the call ends the message"
        unwritten += int(desk.metrics.counts.get("lane_record_failed", 0))
        if len(writes) < victim:
            assert victim > 2
            assert unwritten == 1, "the write of what the broker has answered, and no other"
            break
        for _ in range(RECEIVED_AT_MOST - 1):
            desk.pass_time(VISIBLE_AFTER)
            deliver(desk, intent)
        desk.intent_sweep().run("main", desk.market_time)
        settled(desk, intent, calls, len(calls))
    else:
        pytest.fail("a delivery has fewer writes than that")


def throttled(desk: TradingDesk, victim: int, written: bool) -> list[int]:
    """The `victim`th write from now on fails as DynamoDB fails; the list grows with each."""
    write, writes = desk.store.write, []

    def limited(*items: Any) -> None:
        writes.append(1)
        if len(writes) != victim:
            write(*items)
            return
        if written:
            write(*items)
        code = "ProvisionedThroughputExceededException"
        raise ClientError({"Error": {"Code": code, "Message": "slow down"}}, "TransactWriteItems")

    desk.store.write = limited
    return writes


def test_terms_that_were_changed_after_the_intent_was_written_are_not_sent() -> None:
    for kind in KINDS:
        desk = TradingDesk()
        intent = new_intent(desk, kind)
        calls = calls_counted(desk)
        other = intent.terms.model_copy(update={"quantity": intent.terms.quantity - 1})
        desk.store.write(replace(stored(desk, intent).evolve(terms=other)))
        assert deliver(desk, intent) == "DROPPED"
        assert stored(desk, intent).reason.startswith("TERMS_CHANGED")
        assert desk.metrics.counts["terms_changed"] == 1
        assert calls == []


def test_a_trigger_whose_content_was_changed_is_not_sent() -> None:
    desk = TradingDesk()
    intent = new_intent(desk, "GTT_PLACE")
    desk.store.write(replace(stored(desk, intent).evolve(gtt=trigger("1300.00"))))
    assert deliver(desk, intent) == "DROPPED"
    assert desk.exchange.triggers == {}
