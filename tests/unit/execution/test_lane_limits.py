"""The lane within the broker's limits: exits wait for tokens, entries not for long, and nobody is lost."""

from datetime import timedelta

import pytest

from patang.execution.intent import OrderIntent
from patang.execution.lane.rate_tokens import LIMITS, RateTokens
from patang.records import create
from tests.unit.execution.lane_cases import deliver, new_intent, stored
from tests.unit.execution.samples import MORNING
from tests.unit.execution.stages import closing, entry_of, submitted, the_proposal
from tests.unit.execution.trading_desk import TradingDesk

ORDERS = LIMITS["order"]


def use(desk: TradingDesk, calls: int, lane: str = "exit") -> None:
    """So many calls have just left."""
    tokens = RateTokens(desk.store)
    for _ in range(calls):
        assert tokens.take("main", "order", lane, desk.clock.now()) is None


def test_exits_have_tokens_when_entries_have_none() -> None:
    desk = TradingDesk()
    _, leaving = closing(desk)
    desk.pass_time(2)
    use(desk, ORDERS.second - ORDERS.reserved_second)
    before = desk.clock.now()
    assert deliver(desk, leaving) == "ACKED"
    assert desk.clock.now() == before


def test_an_entry_waits_for_the_next_second_and_then_leaves() -> None:
    desk = TradingDesk()
    intent = submitted(desk)
    use(desk, ORDERS.second - ORDERS.reserved_second)
    before = desk.clock.now()
    assert deliver(desk, intent) == "ACKED"
    assert timedelta(seconds=1) <= desk.clock.now() - before < timedelta(seconds=3)


def test_an_entry_that_would_wait_longer_is_dropped_and_told_so() -> None:
    desk = TradingDesk()
    spend_a_minute(desk, ORDERS.minute - ORDERS.reserved_minute)
    intent = submitted(desk)
    assert deliver(desk, intent) == "DROPPED"
    assert "calls a minute" in entry_of(desk).reason
    assert the_proposal(desk).outcome == "DROPPED"
    assert desk.workflows.answers["lane-token"]["ok"] is False
    assert desk.exchange.sent == []


def test_an_exit_that_would_wait_longer_is_told_again_until_it_leaves() -> None:
    desk = TradingDesk()
    _, leaving = closing(desk)
    spend_a_minute(desk, ORDERS.minute - 1)
    desk.queue.messages.clear()
    turns = 0
    while deliver(desk, leaving) == "NEW":
        turns += 1
        assert turns < 10
        ((group, name, body),) = desk.queue.messages
        assert (group, body["intent_id"]) == ("main#exit", leaving.intent_id)
        assert name != leaving.intent_id, "the queue would swallow an id that it has seen"
        desk.queue.messages.clear()
    assert turns >= 1
    assert stored(desk, leaving).state == "ACKED"
    assert desk.exchange.sent.count(leaving.intent_id) == 1


def spend_a_minute(desk: TradingDesk, calls: int) -> None:
    """Spread over most of a minute, so that no second is over its limit."""
    for number in range(calls):
        if number % ORDERS.second == 0:
            desk.clock.advance(1.1)
        use(desk, 1)


def test_on_a_day_that_is_used_up_an_exit_says_so_instead_of_waiting() -> None:
    desk = TradingDesk()
    _, leaving = closing(desk)
    use(desk, 1)
    key = next(key for key in desk.store.items if key.sort.startswith("RATE"))
    desk.store.items[key] |= {"sent": ORDERS.day}
    assert deliver(desk, leaving) == "DROPPED"
    assert "calls a day" in stored(desk, leaving).reason
    assert desk.metrics.counts["exit_failed"] == 1


def test_an_order_is_modified_twenty_five_times_and_no_more() -> None:
    desk = TradingDesk()
    _, leaving = closing(desk)
    assert deliver(desk, leaving) == "ACKED"
    for number in range(25):
        desk.pass_time(2)
        target = stored(desk, leaving)
        change = desk.amendments().modify(target, {"price": f"{1480 - number}.00"}, desk.market_time, "slow")
        assert change is not None
        assert desk.lane().process({"account": "main", "intent_id": change}) == "COMPLETE"
    assert desk.amendments().modify(stored(desk, leaving), {"price": "1400.00"}, MORNING, "slow") is None
    assert len(desk.exchange.modified) == 25
    one_more = stored(desk, next(i for i in desk.intents() if i.kind == "MODIFY")).evolve(
        intent_id="M260818ONEMORE", state="NEW", revision=0
    )
    desk.store.write(create(one_more))
    desk.pass_time(2)
    assert deliver(desk, one_more) == "REJECTED"
    assert "25 times" in stored(desk, one_more).status_message
    assert len(desk.exchange.modified) == 25, "the tokens count what has left, whatever the intents believe"


@pytest.mark.parametrize(
    ("kind", "reducing", "group"),
    [
        ("ENTRY", False, "main#entry"),
        ("ORDER", False, "main#entry"),
        ("ORDER", True, "main#exit"),
        ("MODIFY", False, "main#entry"),
        ("MODIFY", True, "main#exit"),
        ("GTT_PLACE", True, "main#exit"),
        ("EXIT", False, "main#exit"),
        ("PROTECT", False, "main#exit"),
        ("CANCEL", False, "main#exit"),
        ("GTT_DELETE", False, "main#exit"),
        ("CONVERT", False, "main#entry"),
    ],
)
def test_what_lowers_risk_queues_with_the_exits(kind: str, reducing: bool, group: str) -> None:
    intent: OrderIntent = new_intent(TradingDesk(), "ORDER")
    assert f"main#{intent.evolve(kind=kind, reducing=reducing).lane}" == group
