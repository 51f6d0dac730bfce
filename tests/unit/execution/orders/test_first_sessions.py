"""Until an account's first live sessions are over a person buys as the desk does: one lot at a time."""

from decimal import Decimal
from typing import Any

import pytest

from patang.execution.graduation import Graduation
from patang.execution.orders.requests import Basket, ModifyOrder, PlaceGtt
from patang.market.preflight import Check, Preflight
from patang.records import create
from tests.unit.execution.orders.order_room import OrderRoom
from tests.unit.execution.orders.samples import OPTION, SHARE, option_order, share_order

ONE_LOT = "one lot is bought at a time: give 65"


def room(stage: str = "FIRST_SESSIONS", mode: str = "live") -> OrderRoom:
    """An account whose preflight has passed today."""
    made = OrderRoom(mode=mode)
    moment = made.market_time
    passed = Check(name="session", account="main", passed=True, found="the session of AB1234")
    found = {"day": moment.date(), "mode": mode, "scheduled_time": moment, "ran_at": moment}
    made.store.write(
        create(Preflight.model_validate(found | {"passed": True, "checks": (passed,)})),
        create(Graduation(account="main", day=moment.date(), stage=stage, conditions=(), live_sessions=2)),
    )
    return made


def trigger(units: int, side: str = "BUY") -> dict[str, Any]:
    leg = {"transaction_type": side, "quantity": units, "product": "NRML", "price": "90"}
    return {
        "kind": "single",
        "exchange": OPTION.exchange,
        "tradingsymbol": OPTION.tradingsymbol,
        "trigger_values": ["95"],
        "legs": [leg],
    }


@pytest.mark.parametrize(
    "more", [{}, {"autoslice": True}, {"variety": "iceberg", "iceberg_legs": 2, "iceberg_quantity": 65}]
)
def test_a_purchase_of_two_lots_is_refused_and_one_lot_is_taken(more: dict[str, Any]) -> None:
    desk = room()
    (told,) = desk.refusals(option_order(quantity=130, **more))
    assert told.startswith("quantity is 130: ")
    assert ONE_LOT in told
    assert desk.taken(option_order(quantity=65), "r-2")


def test_a_share_counts_as_a_lot_of_one() -> None:
    desk = room()
    (told,) = desk.refusals(share_order(quantity=10))
    assert "give 1 " in told
    assert desk.taken(share_order(quantity=1), "r-2")


def test_a_basket_is_counted_together() -> None:
    desk = room()
    (told,) = desk.refusals(Basket(orders=(option_order(), share_order(quantity=1), option_order())))
    assert told.startswith("orders[2].quantity is 130: ")
    assert desk.taken(Basket(orders=(option_order(), share_order(quantity=1))), "r-2")


def test_a_purchase_does_not_grow_beyond_a_lot_and_may_become_dearer() -> None:
    desk = room()
    (placed,) = desk.taken(option_order(price="95"))
    desk.run_lane()
    (told,) = desk.refusals(ModifyOrder(order_id=placed.intent_id, quantity=130), "r-2")
    assert ONE_LOT in told
    assert desk.taken(ModifyOrder(order_id=placed.intent_id, price=Decimal(96)), "r-3")


def test_a_trigger_that_buys_more_is_refused() -> None:
    desk = room()
    (told,) = desk.refusals(PlaceGtt(**trigger(130)))
    assert ONE_LOT in told
    assert desk.taken(PlaceGtt(**trigger(65)), "r-2")


def test_what_is_held_is_sold_in_one_piece() -> None:
    desk = room()
    desk.hold(SHARE, "CNC", 10)
    assert desk.taken(share_order(transaction_type="SELL", quantity=10))


@pytest.mark.parametrize(("stage", "mode"), [("LIVE", "live"), ("FIRST_SESSIONS", "simulator")])
def test_afterwards_and_without_real_money_the_size_is_free(stage: str, mode: str) -> None:
    assert room(stage, mode).taken(option_order(quantity=130))
