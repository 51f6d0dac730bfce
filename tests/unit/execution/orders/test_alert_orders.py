"""Alerts that place orders: the road of every order, what they may ask for, and what becomes of an answer
that nobody heard."""

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from patang.execution.lane.resolution import GRACE
from patang.execution.orders.requests import DeleteAlert, ModifyAlert, PlaceAlert
from tests.unit.approvals.asking import AskingRoom
from tests.unit.execution.orders.order_room import OrderRoom
from tests.unit.execution.orders.samples import SHARE


def order(**changes: Any) -> dict[str, Any]:
    said = {"exchange": "NSE", "tradingsymbol": "INFY", "transaction_type": "BUY", "product": "CNC"}
    return said | {"quantity": 10, "price": "790"} | changes


def alert(*orders: dict[str, Any], **changes: Any) -> dict[str, Any]:
    left = {"exchange": "INDICES", "tradingsymbol": "NIFTY 50"}
    said = {"name": "dip", "left": left, "operator": "<=", "constant": 24000}
    return said | {"orders": orders or (order(),)} | changes


def wish(*orders: dict[str, Any], **changes: Any) -> PlaceAlert:
    return PlaceAlert.model_validate({"alert": alert(*orders, **changes)})


def test_an_alert_goes_by_the_lane_once_and_is_followed() -> None:
    room = OrderRoom()
    (intent,) = room.taken(wish())
    assert (intent.kind, intent.lane, intent.terms.quantity) == ("ALERT_PLACE", "entry", 10)
    assert room.exchange.alerts() == ()
    room.run_lane()
    (made,) = room.exchange.alerts()
    after = room.intent(intent.intent_id)
    assert (after.state, after.broker_order_id) == ("COMPLETE", made.uuid)
    room.ask(wish())
    room.run_lane()
    assert len(room.exchange.alerts()) == 1


@pytest.mark.parametrize(("slip", "made"), [("unheard", 1), ("late", 1), ("lost", 0)])
def test_an_answer_that_nobody_heard_is_looked_up_and_nothing_sent_again(slip: str, made: int) -> None:
    room = OrderRoom()
    room.exchange.slips = [slip]
    (intent,) = room.taken(wish())
    room.run_lane()
    assert room.intent(intent.intent_id).state == "UNKNOWN"
    room.clock.advance(GRACE.total_seconds())
    for _, act in room.exchange.coming:
        act()
    room.resolution().look_up(room.intent(intent.intent_id))
    after = room.intent(intent.intent_id)
    assert after.state == ("COMPLETE" if made else "REJECTED")
    assert len(room.exchange.alerts()) == made
    assert (after.broker_order_id is not None) == bool(made)


def test_what_turns_up_after_it_was_given_up_is_not_made_twice() -> None:
    room = OrderRoom()
    room.exchange.slips = ["lost"]
    room.taken(wish())
    room.run_lane()
    room.exchange.create_alert(wish().alert)
    (told,) = room.refusals(wish(), "r-2")
    assert "it stands already" in told


def test_it_is_changed_and_deleted_by_the_lane() -> None:
    room = OrderRoom()
    room.taken(wish())
    room.run_lane()
    (made,) = room.exchange.alerts()
    changed = ModifyAlert.model_validate({"alert": alert(order(quantity=5)), "uuid": made.uuid})
    room.taken(changed, "r-2")
    room.run_lane()
    (now,) = room.exchange.alerts()
    assert now.basket is not None
    assert now.basket.items[0].params.quantity == 5
    (gone,) = room.taken(DeleteAlert(uuid=made.uuid), "r-3")
    assert gone.lane == "exit"
    room.run_lane()
    assert room.exchange.alerts() == ()
    assert "no such alert" in room.refusals(DeleteAlert(uuid=made.uuid), "r-4")[0]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (wish(order(price="790.03")), "multiple of the tick"),
        (wish(order(tradingsymbol="NOSUCH")), "not listed"),
        (wish(order(exchange="NFO", tradingsymbol="NIFTY26AUG24500CE", product="NRML")), "lot of 65"),
        (wish(order(transaction_type="SELL", product="MIS")), "sells delivered shares"),
        (wish(order(transaction_type="SELL")), "0 may be sold"),
    ],
)
def test_what_its_orders_break_is_told_before_anything_is_sent(asked: PlaceAlert, message: str) -> None:
    (told,) = OrderRoom().refusals(asked)
    assert told.startswith("orders[0].")
    assert message in told


def test_it_sells_what_is_held() -> None:
    room = OrderRoom()
    room.hold(SHARE, "CNC", 10)
    (intent,) = room.taken(wish(order(transaction_type="SELL")))
    assert intent.reducing


def test_on_paper_it_is_refused() -> None:
    (told,) = OrderRoom(mode="paper").refusals(wish())
    assert "real orders" in told


def test_an_alert_without_orders_and_a_product_that_none_has_are_no_wish() -> None:
    with pytest.raises(ValidationError, match="say at least one"):
        PlaceAlert.model_validate({"alert": alert() | {"orders": ()}})
    with pytest.raises(ValidationError, match="product"):
        wish(order(product="NRML"))


def test_halts_stop_one_that_buys() -> None:
    room = AskingRoom()
    room.halt()
    (told,) = room.refusals(wish())
    assert "entries are stopped" in told


def test_a_program_waits_for_the_owners_yes_to_all_of_its_orders() -> None:
    room = AskingRoom()
    room.wants(wish(order(), order(quantity=5, price="780")))
    figures = room.request().figures
    assert (figures.value, figures.orders) == (Decimal("11800.00"), 2)
    (line,) = figures.lines
    assert line == (
        'alert place LastTradedPrice("INDICES:NIFTY 50") <= 24000: '
        "BUY 10 NSE:INFY CNC for 790, BUY 5 NSE:INFY CNC for 780"
    )
    assert (room.queue.messages, room.exchange.alerts()) == ([], ())
    assert room.say("approve") == "APPROVED"
    room.sweep_requests("main")
    room.run_lane()
    (made,) = room.exchange.alerts()
    assert made.type == "ato"
