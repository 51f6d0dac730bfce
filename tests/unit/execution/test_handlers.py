"""The five functions: events in, one service called, what AWS is told back."""

import base64
import json
from datetime import datetime
from typing import Any

import pytest

from functions.guard import handler as guard
from functions.order_lane import handler as order_lane
from functions.order_updates import handler as order_updates
from functions.order_workflow import handler as order_workflow
from functions.reconciler import handler as reconciler
from patang.accounts.account import Account
from patang.errors import BadInput, SettingsError
from patang.keys import account_key
from patang.ports import WriteConflict
from patang.records import load
from patang.risk.desk_figures import DeskFigures
from patang.settings import Settings
from tests.unit.execution.stages import entry_of, submitted
from tests.unit.execution.trading_desk import TradingDesk


class Wired:
    """A TradingDesk behind the names that patang.app.Desk has."""

    def __init__(self, desk: TradingDesk) -> None:
        self.desk = desk
        self.clock, self.metrics, self.dead_letters = desk.clock, desk.metrics, desk.dead_letters
        self.store, self.pause = desk.store, desk.clock.advance
        self.order_flow, self.order_lane = desk.flow, desk.lane
        self.order_updates, self.reconciler, self.guard = desk.order_updates, desk.reconciler, desk.guard

    def warm_lane(self) -> None:
        self.desk.metrics.count("warmed")
        if self.desk.exchange.session_dead:
            raise SettingsError("the settings do not validate")

    def standing_settings(self) -> Settings:
        return self.desk.settings

    def desk_figures(self) -> DeskFigures:
        accounts = [load(self.desk.store, Account, account_key("main"))]
        known = [account for account in accounts if account is not None]
        return DeskFigures(self.desk.store, lambda: known, self.standing_settings, self.clock, self.metrics)

    def charge_check(self) -> "Wired":
        return self

    def day_mail(self) -> "Wired":
        return self

    def subscription_check(self) -> "Wired":
        return self

    def notifications(self) -> "Wired":
        return self

    def run(self, _as_of: datetime | None = None) -> dict[str, str]:
        """As the charges' and the subscriptions' checks in the morning: it is too early."""
        return {}

    def flush(self) -> int:
        self.desk.metrics.count("messages_flushed")
        return 0


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> TradingDesk:
    desk = TradingDesk()
    for module in (guard, order_lane, order_updates, order_workflow, reconciler):
        monkeypatch.setattr(module, "desk", Wired(desk))
    return desk


def sqs(*bodies: str) -> dict[str, Any]:
    return {"Records": [{"messageId": f"m{n}", "body": body} for n, body in enumerate(bodies)]}


def test_the_lane_answers_with_states_and_never_raises(desk: TradingDesk) -> None:
    intent = submitted(desk)
    body = json.dumps({"account": "main", "intent_id": intent.intent_id})
    bad = ("nonsense", "[]", '{"account": "main", "intent_id": "N404"}')
    done = order_lane.handler(sqs(body, '{"warm": true}', *bad), None)
    assert done == {"states": ["ACKED", "WARM", "UNREADABLE", "UNREADABLE", "UNREADABLE"]}
    assert desk.metrics.counts["bad_messages"] == 3


@pytest.mark.parametrize("times", [1, 2])
def test_a_table_that_is_throttled_for_a_moment_does_not_keep_exits_waiting_for_a_minute(
    desk: TradingDesk, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    intent = submitted(desk)
    write, failed = desk.store.write, []

    def throttled(*writes: Any) -> None:
        claims = any(put.attributes.get("state") == "SENDING" for put in writes)
        if claims and len(failed) < times:
            failed.append(writes)
            raise RuntimeError("ThrottlingException")
        write(*writes)

    monkeypatch.setattr(desk.store, "write", throttled)
    body = json.dumps({"account": "main", "intent_id": intent.intent_id})
    assert order_lane.handler(sqs(body), None) == {"states": ["ACKED"]}
    assert len(failed) == times
    assert desk.exchange.sent == [intent.intent_id]


def test_a_table_that_stays_away_brings_the_message_back_and_nothing_is_sent(
    desk: TradingDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    intent = submitted(desk)

    def away(*writes: Any) -> None:
        raise RuntimeError("ThrottlingException")

    monkeypatch.setattr(desk.store, "write", away)
    body = json.dumps({"account": "main", "intent_id": intent.intent_id})
    with pytest.raises(RuntimeError):
        order_lane.handler(sqs(body), None)
    assert desk.exchange.sent == []


def test_a_warm_up_touches_no_intent_and_never_fails(desk: TradingDesk) -> None:
    submitted(desk)
    items = dict(desk.store.items)
    for dead in (False, True):
        desk.exchange.session_dead = dead
        assert order_lane.handler(sqs('{"warm": true}'), None) == {"states": ["WARM"]}
    assert desk.store.items == items
    assert desk.exchange.sent == []
    assert (desk.metrics.counts["warmed"], desk.metrics.counts["warm_up_failed"]) == (2, 1)


def test_an_update_that_does_not_parse_is_kept_and_one_that_may_work_later_comes_back(
    desk: TradingDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    submitted(desk)
    foreign = {
        "order_id": "1",
        "status": "OPEN",
        "exchange": "NSE",
        "tradingsymbol": "X",
        "transaction_type": "BUY",
        "quantity": 1,
        "filled_quantity": 0,
    }
    good = json.dumps({"account": "main", "source": "frame", "order": foreign})
    assert order_updates.handler(sqs("{", good, '{"account": "main"}'), None) == {"batchItemFailures": []}
    assert [letter[0] for letter in desk.dead_letters.letters] == ["order_updates", "order_updates"]

    def contended(*writes: object) -> None:
        raise WriteConflict(())

    monkeypatch.setattr(desk.store, "write", contended)
    other = json.dumps({"account": "main", "source": "frame", "order": foreign | {"order_id": "2"}})
    failed = order_updates.handler(sqs(good, other), None)
    assert failed == {"batchItemFailures": [{"itemIdentifier": "m1"}]}

    def throttled(*writes: object) -> None:
        raise RuntimeError("ThrottlingException")

    monkeypatch.setattr(desk.store, "write", throttled)
    failed = order_updates.handler(sqs(other, good), None)
    assert failed == {"batchItemFailures": [{"itemIdentifier": "m0"}]}, "the others are not told again for it"


def test_each_step_of_the_workflow_is_reached_by_its_name(desk: TradingDesk) -> None:
    submitted(desk)
    order = {"account": "main", "order_id": "o-s-infy"}
    steps = [
        ({"op": "construct"}, "CONSTRUCTED"),
        ({"op": "validate"}, "VALID"),
        ({"op": "request_approval", "task_token": "t"}, "SUBMITTED"),
        ({"op": "recheck"}, "SUBMITTED"),
        ({"op": "submit", "task_token": "lane-token"}, "SUBMITTED"),
        ({"op": "conclude", "reason": "SUBMITTED"}, "IN_FLIGHT"),
    ]
    for event, reason in steps:
        assert order_workflow.handler(event | order, None)["reason"] == reason, event
    assert len(desk.intents()) == 1
    with pytest.raises(BadInput, match="fly"):
        order_workflow.handler({"op": "fly"} | order, None)


def test_the_reconciler_takes_its_time_from_the_event_and_refuses_one_without(desk: TradingDesk) -> None:
    submitted(desk)
    desk.queue.messages.clear()
    desk.pass_time(30)
    done = reconciler.handler({"scheduled_time": desk.market_time.isoformat()}, None)
    assert done["accounts"] == {"main": "0 orders followed, books agree"}
    assert done["charges"] == {}
    assert {"day_result_inr", "exposure_inr", "slippage_inr", "open_positions"} <= desk.metrics.counts.keys()
    assert desk.metrics.counts["messages_flushed"] == 1
    assert len(desk.queue.messages) == 1
    assert "refused" in reconciler.handler({"scheduled_time": "<aws.scheduler.scheduled-time>"}, None)


def test_the_guard_reads_a_batch_and_reports_nothing_as_failed(desk: TradingDesk) -> None:
    record = {"kinesis": {"data": base64.b64encode(b"rubbish").decode()}}
    assert guard.handler({"Records": [record]}, None) == {"batchItemFailures": []}
    assert desk.dead_letters.letters[0][1] == b"rubbish"


def test_every_function_writes_a_line_for_every_event(desk: TradingDesk) -> None:
    intent = submitted(desk)
    order_lane.handler(sqs(json.dumps({"account": "main", "intent_id": intent.intent_id})), None)
    guard.handler({"Records": []}, None)
    reconciler.handler({"scheduled_time": desk.market_time.isoformat()}, None)
    assert entry_of(desk).state == "ACKED"
    assert {"lane_intents", "guard_records", "reconciled"} <= desk.metrics.counts.keys()
