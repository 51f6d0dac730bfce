"""Selling what protection rests for: one sell, whatever becomes of the change."""

from decimal import Decimal

import pytest

from patang.portfolio.position import OutsideSale
from patang.records import replace
from tests.unit.execution.protected import (
    carried_signal,
    entered,
    intents,
    keep,
    laid,
    live_sells,
    position,
    pump,
    resting,
)
from tests.unit.execution.stages import submitted, tell
from tests.unit.execution.test_guard import marker, ticks
from tests.unit.execution.trading_desk import TradingDesk

D = Decimal


def test_the_stop_sells_by_itself_while_the_bot_is_dead() -> None:
    desk = TradingDesk()
    entered(desk)
    desk.exchange.prices = {"INFY": 1489.5}
    desk.exchange.match()
    # Only much later does anybody hear of it, and not in order.
    desk.exchange.frames.reverse()
    pump(desk)
    found = position(desk)
    assert (found.state, found.exit_reason, found.exit_intent_id) == ("CLOSED", "STOP", laid(desk).intent_id)
    assert found.exit_price == D("1489.5")
    assert resting(desk).state == "GONE"
    assert desk.events().count("EXIT_BEGUN") == 1
    assert desk.day().closed_trades == 1
    assert live_sells(desk) == 0


def test_an_exit_turns_the_resting_stop_into_the_sell() -> None:
    desk = TradingDesk()
    held = entered(desk)
    desk.exchange.prices = {"INFY": 1515.0}
    assert desk.exits().begin(held, "TARGET", desk.market_time, D(1515), D("1514.90"))
    pump(desk)
    found = position(desk)
    assert (found.state, found.exit_reason) == ("CLOSED", "TARGET")
    sells = [o for o in desk.exchange.book.values() if o["transaction_type"] == "SELL"]
    assert [(o["order_type"], o["status"]) for o in sells] == [("LIMIT", "COMPLETE")]
    assert intents(desk, "EXIT") == []
    assert len(intents(desk, "MODIFY")) == 1
    assert desk.exchange.oversold == []


def test_a_trigger_is_deleted_before_its_position_is_sold() -> None:
    desk = TradingDesk()
    held = entered(desk, carried_signal())
    assert desk.exits().begin(held, "TIME", desk.market_time, D(1501), D("1500.90"))
    assert [i.kind for i in desk.intents() if i.state == "NEW"] == ["GTT_DELETE"]
    pump(desk)
    assert position(desk).state == "CLOSED"
    assert [gtt.status for gtt in desk.exchange.gtts()] == ["deleted"]
    assert len(intents(desk, "EXIT")) == 1
    assert desk.exchange.oversold == []


def test_a_persons_exit_of_what_he_has_sold_by_hand_meanwhile_takes_the_trigger_away() -> None:
    desk = TradingDesk()
    held = entered(desk, carried_signal())
    sold = OutsideSale(units=held.open_quantity, time=desk.market_time, cause="HAND_SALE")
    desk.store.write(replace(held.evolve(outside=sold, exit_reason="PERSON")))
    keep(desk)
    pump(desk)
    assert [gtt.status for gtt in desk.exchange.gtts()] == ["deleted"]
    assert intents(desk, "EXIT") == []


def test_until_a_lost_deletion_is_known_nothing_is_sold_beside_the_trigger() -> None:
    desk = TradingDesk()
    held = entered(desk, carried_signal())
    desk.exchange.slips = ["unheard"]
    desk.exits().begin(held, "TIME", desk.market_time, D(1501), D("1500.90"))
    pump(desk)
    assert position(desk).state == "CLOSING"
    assert intents(desk, "EXIT") == []
    desk.clock.advance(5)
    (deletion,) = intents(desk, "GTT_DELETE")
    desk.lane().process({"account": "main", "intent_id": deletion.intent_id})
    pump(desk)
    assert position(desk).state == "CLOSED"
    assert desk.exchange.oversold == []


def test_a_trigger_that_was_reached_while_it_is_deleted_is_the_exit() -> None:
    desk = TradingDesk()
    held = entered(desk, carried_signal())
    desk.exits().begin(held, "TIME", desk.market_time, D(1491), D("1490.90"))
    desk.exchange.prices = {"INFY": 1489.0}
    desk.exchange.match()
    frames = list(desk.exchange.frames)
    desk.exchange.frames.clear()
    (_, _, body), *_ = desk.queue.messages
    desk.queue.messages.clear()
    assert desk.lane().process(body) == "REJECTED"
    assert position(desk).state == "OPEN"
    # The reconciler hears of the trigger's order before, or after, its untagged frames are read as foreign.
    tell(desk, *frames)
    desk.trigger_watch().follow("main", "simulator", desk.exchange, desk.market_time)
    for order in desk.exchange.orders():
        desk.order_updates().apply_order("main", order, "poll")
    pump(desk)
    found = position(desk)
    assert (found.state, found.open_quantity) == ("CLOSED", 0)
    assert intents(desk, "EXIT") == []
    assert desk.exchange.net_quantity("INFY") == 0
    assert desk.exchange.oversold == []


@pytest.mark.parametrize("slip", ["refuse", "busy", "expired", "lost", "unheard", "late"])
def test_whatever_becomes_of_the_change_the_position_is_sold_once(slip: str) -> None:
    desk = TradingDesk()
    held = entered(desk)
    desk.exchange.slips = [slip]
    assert desk.exits().begin(held, "TIME", desk.market_time, D(1500), D("1499.90"))
    guard = desk.guard()
    for _ in range(30):
        desk.pass_time(3)
        desk.exchange.match()
        for intent in desk.intents():
            if intent.state in ("UNKNOWN", "SENDING"):
                desk.lane().process({"account": "main", "intent_id": intent.intent_id})
        pump(desk)
        at = desk.market_time.replace(hour=15, minute=0)
        if position(desk).state == "OPEN" and (position(desk).exit_blocked_until or at) <= at:
            guard.process([ticks(1500.0, at=at), marker(at)])
        pump(desk)
    assert position(desk).state == "CLOSED"
    assert desk.exchange.net_quantity("INFY") == 0
    assert desk.exchange.oversold == []
    assert desk.day().closed_trades == 1


def test_a_stop_that_fills_while_an_exit_is_begun_is_the_exit() -> None:
    desk = TradingDesk()
    held = entered(desk)
    desk.exchange.prices = {"INFY": 1489.0}
    desk.exchange.match()
    # Nobody has heard of the fill when the guard begins its exit.
    assert desk.exits().begin(held, "STOP", desk.market_time, D(1489), D("1488.90"))
    frames = list(desk.exchange.frames)
    desk.exchange.frames.clear()
    (_, _, body), *_ = desk.queue.messages
    desk.queue.messages.clear()
    assert desk.lane().process(body) == "REJECTED"
    tell(desk, *frames)
    pump(desk)
    assert position(desk).state == "CLOSED"
    assert desk.exchange.net_quantity("INFY") == 0
    assert "exit_failed" not in desk.metrics.counts


def test_a_stop_that_its_owner_cancelled_is_laid_again_and_an_exit_meanwhile_goes_on() -> None:
    desk = TradingDesk()
    held = entered(desk)
    desk.exchange.cancel("regular", laid(desk).broker_order_id or "")
    assert desk.exits().begin(held, "TIME", desk.market_time, D(1500), D("1499.90"))
    for _ in range(4):
        pump(desk)
        desk.pass_time(5)
        keep(desk)
    if position(desk).state == "OPEN":
        desk.exits().begin(position(desk), "TIME", desk.market_time, D(1500), D("1499.90"))
        pump(desk)
    assert position(desk).state == "CLOSED"
    assert desk.exchange.oversold == []


def test_an_exit_before_the_stop_has_left_sends_no_stop() -> None:
    desk = TradingDesk()
    desk.exchange.prices = {"INFY": 1500.0}
    submitted(desk)
    (_, _, body), *_ = desk.queue.messages
    desk.queue.messages.clear()
    desk.lane().process(body)
    desk.exchange.match()
    tell(desk)
    assert resting(desk).state == "LAYING"
    assert desk.exits().begin(position(desk), "STOP", desk.market_time, D(1489))
    pump(desk)
    assert [i.state for i in intents(desk, "PROTECT")] == ["DROPPED"]
    assert position(desk).state == "CLOSED"


@pytest.mark.parametrize("mishap", ["lost", "unheard", "late", "refuse"])
def test_an_exit_waits_for_a_stop_of_which_nobody_knows(mishap: str) -> None:
    desk = TradingDesk()
    desk.exchange.prices = {"INFY": 1500.0}
    desk.exchange.mishaps = ["", mishap]
    submitted(desk)
    (_, _, body), *_ = desk.queue.messages
    desk.queue.messages.clear()
    desk.lane().process(body)
    desk.exchange.match()
    tell(desk)
    (_, _, stop), *_ = desk.queue.messages
    desk.queue.messages.clear()
    state = desk.lane().process(stop)
    desk.queue.messages.clear()
    assert state == ("REJECTED" if mishap == "refuse" else "UNKNOWN")
    desk.exchange.frames.clear()
    assert desk.exits().begin(position(desk), "TIME", desk.market_time, D(1500), D("1499.90"))
    for _ in range(15):
        desk.pass_time(3)
        desk.exchange.match()
        desk.exchange.frames.clear()
        desk.lane().process(stop)
        pump(desk)
    assert position(desk).state == "CLOSED"
    assert desk.exchange.net_quantity("INFY") == 0
    assert desk.exchange.oversold == []


def test_a_stop_that_rests_at_the_broker_sells_before_the_guard_does() -> None:
    desk = TradingDesk()
    entered(desk)
    guard = desk.guard()
    desk.pass_time(5)
    assert guard.process([ticks(1489.0, at=desk.market_time)]) == 0
    # The exchange has not matched it, or nobody has told: then the guard sells after all.
    desk.pass_time(2)
    assert guard.process([ticks(1489.0, at=desk.market_time)]) == 0
    desk.pass_time(1)
    assert guard.process([ticks(1489.0, at=desk.market_time)]) == 1
    assert [i.changes and i.changes["order_type"] for i in intents(desk, "MODIFY")] == ["LIMIT"]


def test_what_nothing_at_the_broker_waits_for_the_guard_sells_at_once() -> None:
    desk = TradingDesk()
    entered(desk)
    desk.pass_time(5)
    assert desk.guard().process([ticks(1515.0, at=desk.market_time)]) == 1


@pytest.mark.parametrize("carried", [True, False])
def test_a_persons_exit_is_his_to_its_last_step(carried: bool) -> None:
    """Whatever rests has to go first, and the sale is written by whoever hears that it has."""
    desk = TradingDesk()
    held = entered(desk, carried_signal() if carried else None)
    assert desk.exits().begin(held, "PERSON", desk.market_time, D(1500), D("1499.90"), actor="asha")
    desk.exchange.mishaps = ["refuse"] if carried else []
    desk.exchange.slips = [] if carried else ["refuse"]
    pump(desk)
    assert position(desk).state == "OPEN"
    desk.pass_time(11)
    keep(desk)
    pump(desk)
    assert (position(desk).state, position(desk).exit_wanted_by) == ("CLOSED", "asha")
    assert {intent.wanted_by for intent in intents(desk, "EXIT")} == {"asha"}


def test_the_desks_own_exit_after_a_persons_is_the_desks() -> None:
    desk = TradingDesk()
    held = entered(desk)
    assert desk.exits().begin(held, "PERSON", desk.market_time, D(1500), D("1499.90"), actor="asha")
    desk.exchange.slips = ["refuse"]
    pump(desk)
    assert (position(desk).state, position(desk).exit_wanted_by) == ("OPEN", "asha")
    assert desk.exits().begin(position(desk), "STOP", desk.market_time, D(1489), D("1488.90"))
    pump(desk)
    assert (position(desk).exit_reason, position(desk).exit_wanted_by) == ("STOP", None)
    assert {intent.wanted_by for intent in intents(desk, "EXIT", "PROTECT")} == {None}


@pytest.mark.parametrize("relaid", [True, False])
def test_an_exit_that_turns_up_late_sells_nothing_beside_what_rests_again(relaid: bool) -> None:
    desk = TradingDesk()
    held = entered(desk)
    desk.exchange.cancel("regular", laid(desk).broker_order_id or "")
    tell(desk)
    desk.queue.messages.clear()
    # Its stop was cancelled by hand and is not laid again yet: the exit is an order of its own, and is lost.
    desk.exchange.mishaps = ["lost"]
    assert desk.exits().begin(position(desk), "TIME", desk.market_time, D(1520), D("1519.90"))
    (lost,) = intents(desk, "EXIT")
    body = {"account": "main", "intent_id": lost.intent_id}
    desk.queue.messages.clear()
    desk.lane().process(body)
    desk.pass_time(31)
    assert desk.lane().process(body) == "REJECTED"
    if relaid:
        pump(desk)
        assert resting(desk).state == "RESTING"
    else:
        assert resting(desk).state == "LAYING"
        desk.queue.messages.clear()
    late = desk.exchange.orders()[0].raw | {
        "order_id": "260818000099",
        "tag": lost.intent_id,
        "transaction_type": "SELL",
        "status": "OPEN",
        "filled_quantity": 0,
        "quantity": held.quantity,
    }
    tell(desk, late)
    cancels = [i for i in intents(desk, "CANCEL") if i.target_intent_id == lost.intent_id]
    assert len(cancels) == (1 if relaid else 0)
    assert desk.metrics.counts.get("stray_exit", 0) == (1 if relaid else 0)
    assert position(desk).state == ("OPEN" if relaid else "CLOSING")
    assert laid(desk).state == ("ACKED" if relaid else "DROPPED")
