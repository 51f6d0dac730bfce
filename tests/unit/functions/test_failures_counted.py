"""Unexpected errors of every trading function are counted, for whom they met, and nothing else is written."""

import base64
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

import functions.features.handler as features
import functions.guard.handler as guard
import functions.order_lane.handler as order_lane
import functions.order_updates.handler as order_updates
import functions.order_workflow.handler as order_workflow
import functions.reconciler.handler as reconciler
import functions.risk.handler as risk
import functions.signals.handler as signals
from patang.accounts.health import DESK, counting_failures, failures_now, note_failure
from patang.errors import TryAgain
from patang.ports import WriteConflict
from patang.risk.account_view import view_account
from patang.risk.manager import account_gate
from patang.settings import Settings
from tests.fakes import FixedClock, MemoryStore, RecordedDeadLetters, RecordedMetrics
from tests.unit.execution.samples import MORNING
from tests.unit.execution.stages import bought
from tests.unit.execution.test_guard import marker, ticks
from tests.unit.execution.trading_desk import TradingDesk

CLOCK = FixedClock()
NOW = CLOCK.now()
KINESIS = {"eventID": "s1:1", "kinesis": {"sequenceNumber": "1", "data": base64.b64encode(b"x").decode()}}


def sqs(account: str) -> dict[str, Any]:
    body = {"account": account, "intent_id": "N1", "source": "poll", "order": {}}
    return {"Records": [{"messageId": "m", "body": json.dumps(body)}]}


FUNCTIONS = [
    (features, {"Records": [KINESIS]}, DESK),
    (guard, {"Records": [KINESIS]}, DESK),
    (reconciler, {"scheduled_time": NOW.isoformat()}, DESK),
    (signals, {"run_id": "r", "as_of": NOW.isoformat()}, DESK),
    (risk, {"op": "gate", "run_id": "r", "as_of": NOW.isoformat()}, DESK),
    (risk, {"op": "assess", "account": "main", "run_id": "r", "as_of": NOW.isoformat()}, "main"),
    (order_workflow, {"op": "construct", "account": "main", "order_id": "o"}, "main"),
    (order_lane, sqs("main"), "main"),
    (order_updates, sqs("main"), "main"),
]


class Service:
    """Stands for every service of the desk: whatever it is asked, it does this."""

    def __init__(self, act: Callable[..., Any]) -> None:
        self._act = act

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return self._act


def desk_whose_services(act: Callable[..., Any]) -> Any:
    names = (
        "features",
        "guard",
        "reconciler",
        "charge_check",
        "day_mail",
        "desk_figures",
        "notifications",
        "subscription_check",
        "signals",
        "risk_gate",
        "risk",
    )
    services = dict.fromkeys((*names, "order_flow", "order_lane", "order_updates"), lambda: Service(act))
    return SimpleNamespace(
        store=MemoryStore(),
        clock=CLOCK,
        metrics=RecordedMetrics(),
        dead_letters=RecordedDeadLetters(),
        standing_settings=Settings,
        pause=lambda seconds: None,
        **services,
    )


def raising(error: Exception) -> Callable[..., Any]:
    def act(*_: object) -> None:
        raise error

    return act


def tells_of(desk: Any, module: Any, event: dict[str, Any], text: str) -> None:
    """The function fails with the error, or hands back the one message of its batch and counts it."""
    if module is not order_updates:
        with pytest.raises(ZeroDivisionError, match=text):
            module.handler(event, None)
        return
    assert module.handler(event, None) == {"batchItemFailures": [{"itemIdentifier": "m"}]}
    assert desk.metrics.counts == {"order_updates_failed": 1}


def named(case: Any) -> str:
    module, _, account = case
    return f"{module.__name__.split('.')[1]}-{account}"


@pytest.mark.parametrize("case", FUNCTIONS, ids=named)
def test_an_unexpected_error_is_counted_for_whom_it_has_met_and_passes_on(monkeypatch, case):
    module, event, account = case
    store = MemoryStore()
    for text in ("the first", "the second"):
        desk = desk_whose_services(raising(ZeroDivisionError(text)))
        desk.store = store
        monkeypatch.setattr(module, "desk", desk)
        tells_of(desk, module, event, text)
    assert failures_now(store, "main", NOW) == 2
    assert failures_now(store, "other", NOW) == (2 if account == DESK else 0)


@pytest.mark.parametrize("case", FUNCTIONS, ids=named)
def test_counting_never_takes_the_place_of_the_error(monkeypatch, case):
    module, event, _ = case
    error = ZeroDivisionError("nobody has thought of it")
    desk = desk_whose_services(raising(error))
    desk.store.write = desk.store.get = raising(ConnectionError("the table is away"))
    monkeypatch.setattr(module, "desk", desk)
    tells_of(desk, module, event, "nobody has thought of it")
    (note,) = error.__notes__
    assert "could not be counted" in note
    assert "the table is away" in note


@pytest.mark.parametrize("case", FUNCTIONS, ids=named)
def test_an_expected_error_is_not_counted(monkeypatch, case):
    module, event, _ = case
    desk = desk_whose_services(raising(TryAgain("busy")))
    monkeypatch.setattr(module, "desk", desk)
    if module is order_updates:
        assert module.handler(event, None)["batchItemFailures"]
    else:
        with pytest.raises(TryAgain):
            module.handler(event, None)
    assert desk.store.items == {}


def answers(*asked: Any) -> Any:
    """What all services answer alike: nothing to add up, nothing to report."""
    return {"reason": ""}


@pytest.mark.parametrize("case", [case for case in FUNCTIONS if case[0] not in (features, guard)], ids=named)
def test_without_an_error_the_table_is_left_alone(monkeypatch, case):
    module, event, _ = case
    desk = desk_whose_services(answers)
    desk.store.write = desk.store.get = raising(ConnectionError("the table is away"))
    monkeypatch.setattr(module, "desk", desk)
    module.handler(event, None)


@pytest.mark.parametrize(("module", "nothing"), [(features, []), (guard, 0)])
def test_without_an_error_a_batch_leaves_the_table_alone(monkeypatch, module, nothing):
    desk = desk_whose_services(lambda *_: nothing)
    desk.store.write = desk.store.get = raising(ConnectionError("the table is away"))
    monkeypatch.setattr(module, "desk", desk)
    module.handler({"Records": [KINESIS]}, None)


@pytest.mark.parametrize("record", [ticks(1480.0), marker(MORNING)], ids=["ticks", "marker"])
def test_the_guard_counts_for_the_account_whose_position_it_was(monkeypatch, record):
    desk = TradingDesk()
    bought(desk)
    service = desk.guard()
    for method in ("on_ticks", "on_time"):
        monkeypatch.setattr(service._watch, method, raising(KeyError("token")))
    with pytest.raises(KeyError), counting_failures(desk.store, desk.clock):
        service.process([record])
    assert failures_now(desk.store, "main", desk.clock.now()) == 1
    assert failures_now(desk.store, "other", desk.clock.now()) == 0


def test_the_reconciler_counts_for_the_account_whose_book_it_was(monkeypatch):
    desk = TradingDesk()
    bought(desk)
    monkeypatch.setattr(desk.exchange, "orders", raising(KeyError("order_id")))
    with pytest.raises(KeyError), counting_failures(desk.store, desk.clock):
        desk.reconciler().run(desk.market_time)
    assert failures_now(desk.store, "main", desk.clock.now()) == 1
    assert failures_now(desk.store, "other", desk.clock.now()) == 0


def test_the_desks_failures_and_an_accounts_own_are_too_many_together():
    store = MemoryStore()
    for account, times in ((DESK, 3), ("main", 2), ("other", 1)):
        for _ in range(times):
            note_failure(store, account, KeyError("x"), NOW)
    assert failures_now(store, "main", NOW) == 5
    assert failures_now(store, "other", NOW) == 4


def test_five_of_the_desk_in_a_minute_keep_every_account_from_entries():
    store = MemoryStore()
    for times, gate in ((4, None), (1, "TOO_MANY_EXCEPTIONS")):
        for _ in range(times):
            note_failure(store, DESK, KeyError("x"), NOW)
        for account in ("main", "other"):
            view = view_account(store, account, NOW, NOW, Settings())
            refusal = account_gate(view, Settings())
            assert (refusal and refusal.gate) == gate


def test_two_that_count_at_once_lose_nothing(monkeypatch):
    store = MemoryStore()
    note_failure(store, DESK, KeyError("x"), NOW)
    write, refused = store.write, [WriteConflict(())] * 2

    def contended(*writes: Any) -> None:
        if refused:
            # Somebody else's comes between the reading and the writing.
            error = refused.pop()
            monkeypatch.setattr(store, "write", write)
            note_failure(store, DESK, KeyError("y"), NOW)
            monkeypatch.setattr(store, "write", contended)
            raise error
        write(*writes)

    monkeypatch.setattr(store, "write", contended)
    note_failure(store, DESK, KeyError("z"), NOW)
    assert failures_now(store, "main", NOW) == 4
