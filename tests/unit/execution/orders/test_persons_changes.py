"""Standing orders of people: changed, cancelled, and looked at like new ones."""

from decimal import Decimal
from typing import Any

import pytest

from patang.execution.orders.requests import CancelOrder, ModifyOrder
from tests.unit.execution.orders.order_room import OrderRoom, bought_by_patang, halted
from tests.unit.execution.orders.samples import OPTION, option_order


def test_a_standing_order_is_changed_by_an_intent_and_stands_at_its_new_price() -> None:
    room = OrderRoom()
    (placed,) = room.taken(option_order(price="95"))
    room.run_lane()
    (change,) = room.taken(ModifyOrder(order_id=placed.intent_id, price=Decimal("96.5")), "r-2")
    assert (change.kind, change.target_intent_id) == ("MODIFY", placed.intent_id)
    assert change.changes == {"price": "96.5"}
    assert (change.terms.price, change.terms.quantity, change.lane) == (Decimal("96.5"), 65, "entry")
    room.run_lane()
    assert room.intent(change.intent_id).state == "COMPLETE"
    assert room.intent(placed.intent_id).limit_price == Decimal("96.5")
    assert room.intent(placed.intent_id).modifications == 1


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"price": Decimal("95.02")}, "price is 95.02"),
        ({"price": Decimal(120)}, "beyond 100"),
        ({"quantity": 66}, "quantity is 66"),
        ({"quantity": 6500}, "quantity is 6500: one order takes 1755"),
        ({"order_type": "SL"}, "trigger_price is None"),
        ({"order_type": "SL-M", "trigger_price": Decimal(110)}, "order_type is SL-M"),
        ({"variety": "co", "price": Decimal(96)}, "variety is co: the order is regular"),
    ],
)
def test_a_change_is_looked_at_like_a_new_order(change: dict[str, Any], text: str) -> None:
    room = OrderRoom()
    (placed,) = room.taken(option_order(price="95", quantity=130))
    room.run_lane()
    told = room.refusals(ModifyOrder(order_id=placed.intent_id, **change), "r-2")
    assert any(text in each for each in told), told


def test_while_halted_a_purchase_may_only_become_smaller() -> None:
    room = OrderRoom()
    (placed,) = room.taken(option_order(price="95", quantity=130))
    room.run_lane()
    halted(room)
    for change in ({"price": Decimal(96)}, {"quantity": 195}):
        assert (
            "entries are stopped" in room.refusals(ModifyOrder(order_id=placed.intent_id, **change), "r-2")[0]
        )
    (smaller,) = room.taken(ModifyOrder(order_id=placed.intent_id, quantity=65), "r-2")
    assert smaller.lane == "exit"


def test_a_sale_does_not_grow_beyond_what_is_held() -> None:
    room = OrderRoom()
    room.hold(OPTION, "NRML", 130)
    (placed,) = room.taken(option_order(transaction_type="SELL", price="110"))
    room.run_lane()
    assert room.refusals(ModifyOrder(order_id=placed.intent_id, quantity=195), "r-2")
    assert room.ask(ModifyOrder(order_id=placed.intent_id, quantity=130), "r-2").accepted


def test_a_cancel_goes_by_the_intents_id_or_the_brokers_and_before_sending_needs_no_broker() -> None:
    room = OrderRoom()
    (first,), (second,) = (room.taken(option_order(price="95"), f"p-{n}") for n in (1, 2))
    receipt = room.ask(CancelOrder(order_id=first.intent_id), "c-1")
    assert receipt.intent_ids == (first.intent_id,)
    assert room.intent(first.intent_id).state == "DROPPED"
    room.run_lane()
    assert room.exchange.sent == [second.intent_id]
    broker_id = room.intent(second.intent_id).broker_order_id or ""
    (cancel,) = room.taken(CancelOrder(order_id=broker_id), "c-2")
    assert (cancel.kind, cancel.target_intent_id, cancel.lane) == ("CANCEL", second.intent_id, "exit")
    room.run_lane()
    room.hear()
    assert room.intent(second.intent_id).state == "CANCELLED"
    assert "it has ended CANCELLED" in room.refusals(CancelOrder(order_id=broker_id), "c-3")[0]
    assert "no such order" in room.refusals(CancelOrder(order_id="99"), "c-4")[0]


def test_an_order_that_was_placed_elsewhere_can_be_changed_and_cancelled() -> None:
    room = OrderRoom()
    row = {
        "order_id": "260818000009999",
        "tag": "byhand",
        "status": "OPEN",
        "variety": "regular",
        "validity": "DAY",
        "exchange": "NFO",
        "tradingsymbol": OPTION.tradingsymbol,
        "transaction_type": "BUY",
        "quantity": 65,
        "filled_quantity": 0,
        "average_price": 0.0,
        "product": "NRML",
        "order_type": "LIMIT",
        "price": 95.0,
        "trigger_price": 0.0,
        "order_timestamp": "2026-08-18 09:59:00",
    }
    room.exchange.book[row["order_id"]] = row
    (change,) = room.taken(ModifyOrder(order_id=row["order_id"], price=Decimal(96)))
    assert (change.target_intent_id, change.target_order_id) == (None, row["order_id"])
    room.run_lane()
    assert room.exchange.book[row["order_id"]]["price"] == 96.0
    room.taken(CancelOrder(order_id=row["order_id"]), "r-2")
    room.run_lane()
    assert room.exchange.book[row["order_id"]]["status"] == "CANCELLED"


def test_what_sells_for_a_position_of_patangs_is_not_changed_and_not_cancelled() -> None:
    room = OrderRoom()
    room.market["INFY"] = 1500.0
    position = bought_by_patang(room)
    room.run_lane()
    room.hear()
    resting = next(intent for intent in room.intents() if intent.kind == "PROTECT")
    for wish in (
        CancelOrder(order_id=resting.intent_id),
        ModifyOrder(order_id=resting.intent_id, price=Decimal(1400)),
    ):
        assert f"it sells position {position.position_id}" in room.refusals(wish)[0]
