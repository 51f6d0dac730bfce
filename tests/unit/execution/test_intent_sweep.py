"""What nothing moves on is moved on within a minute or two: unclaimed, unanswered, unresolved."""

from typing import Any

import pytest

from patang.execution.intent import OrderIntent
from patang.keys import LIVE_INTENTS, UNANSWERED_INTENTS
from patang.records import load_index
from tests.unit.execution.stages import closing, entry_of, submitted
from tests.unit.execution.trading_desk import Killed, TradingDesk


def lane(desk: TradingDesk, intent: OrderIntent) -> str:
    return desk.lane().process({"account": "main", "intent_id": intent.intent_id})


def sweep(desk: TradingDesk) -> int:
    return desk.intent_sweep().run("main", desk.market_time)


def unanswered(desk: TradingDesk) -> list[str]:
    return [intent.intent_id for intent in load_index(desk.store, OrderIntent, UNANSWERED_INTENTS)]


def test_an_intent_that_nobody_claims_is_told_again_under_an_id_that_the_queue_has_not_seen() -> None:
    desk = TradingDesk()
    _, intent = closing(desk)
    desk.queue.messages.clear()
    desk.pass_time(60)
    assert sweep(desk) == 0
    desk.pass_time(10)
    assert sweep(desk) == 1
    desk.pass_time(60)
    assert sweep(desk) == 1
    (first, second) = desk.queue.messages
    assert first[0] == second[0] == "main#exit"
    assert len({intent.intent_id, first[1], second[1]}) == 3
    assert first[2] == second[2] == {"account": "main", "intent_id": intent.intent_id}
    assert lane(desk, intent) == "ACKED"
    assert sweep(desk) == 0


@pytest.mark.parametrize("mishap", ["", "refuse", "unheard"])
def test_a_workflow_that_could_not_be_answered_is_answered_by_the_sweep(mishap: str) -> None:
    desk = TradingDesk()
    intent = submitted(desk)
    succeed, answers = desk.workflows.succeed, []

    def away(task_token: str, output: Any) -> bool:
        raise ConnectionError("the workflow engine is away")

    desk.exchange.mishaps = [mishap]
    desk.workflows.succeed = away
    state = lane(desk, intent)
    assert desk.metrics.counts["task_answer_failed"] == 1
    assert sweep(desk) == 1
    desk.workflows.succeed = lambda token, output: answers.append((token, output["reason"])) or True
    assert sweep(desk) == 1
    assert answers == [("lane-token", state)]
    desk.workflows.succeed = succeed
    assert sweep(desk) == 0
    assert unanswered(desk) == []


@pytest.mark.parametrize("end", ["DROPPED", "REJECTED"])
def test_an_order_that_has_ended_is_answered_too_when_its_lane_has_died(end: str) -> None:
    desk = TradingDesk()
    intent = submitted(desk)
    if end == "DROPPED":
        desk.clock.advance(45)
    else:
        desk.exchange.mishaps = ["refuse"]
    desk.workflows.succeed = dying = lambda token, output: (_ for _ in ()).throw(Killed)
    with pytest.raises(Killed):
        lane(desk, intent)
    assert entry_of(desk).state == end
    assert unanswered(desk) == [intent.intent_id]
    assert load_index(desk.store, OrderIntent, LIVE_INTENTS) == []
    assert desk.workflows.succeed is dying
    desk.workflows.succeed = lambda token, output: True
    assert sweep(desk) == 1
    assert unanswered(desk) == []


def test_a_doubt_that_lasts_calls_the_owner_and_ends_by_itself() -> None:
    desk = TradingDesk()
    intent = submitted(desk)
    desk.exchange.mishaps = ["unheard"]
    assert lane(desk, intent) == "UNKNOWN"
    desk.exchange.session_dead = True
    desk.pass_time(149)
    assert sweep(desk) == 0
    for minute in range(3):
        desk.pass_time(1 if minute == 0 else 60)
        assert sweep(desk) == 1
    assert desk.metrics.counts["order_unresolved"] == 3
    told = [text for subject, text in desk.notifier.sent if subject == "An order's fate is unknown"]
    assert len(told) == 1
    assert intent.intent_id in told[0]
    desk.exchange.session_dead = False
    assert lane(desk, intent) == "ACKED"
    assert sweep(desk) == 0
    assert desk.exchange.sent == [intent.intent_id]
