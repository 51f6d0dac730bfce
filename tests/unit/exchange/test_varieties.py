from typing import Any

import pytest

from patang_workbench.exchange.errors import InputError, OrderError
from tests.unit.exchange.floor_desk import Desk


def test_an_order_after_hours_waits_for_the_open(desk: Desk) -> None:
    desk.at("08:30")
    order = desk.send(desk.infy, "amo", price=1490)
    assert (order.status, desk.statuses()) == (
        "AMO REQ RECEIVED",
        ["PUT ORDER REQ RECEIVED", "AMO REQ RECEIVED"],
    )
    changed = desk.broker.modify(desk.account, order.order_id, {"price": "1495"}, "amo")
    assert (changed.status, changed.terms.price) == ("AMO REQ RECEIVED", 149_500)
    desk.book(desk.infy, 148_000, 148_100)
    assert order.status == "AMO REQ RECEIVED", "nothing is matched before the open"
    desk.at("09:15")
    assert (order.status, order.average) == ("COMPLETE", 148_100)


def test_an_order_that_waits_for_the_open_can_be_cancelled(desk: Desk) -> None:
    desk.at("08:30")
    order = desk.send(desk.infy, "amo", price=1490)
    desk.broker.cancel(desk.account, order.order_id, "amo")
    assert (order.status, order.cancelled) == ("CANCELLED", 1)
    desk.at("09:15")
    assert order.status == "CANCELLED"


def test_no_after_market_order_in_market_hours(desk: Desk) -> None:
    order = desk.send(desk.infy, "amo", price=1490)
    assert order.status == "REJECTED"
    assert "not accepted while the market is open" in str(order.message)


def test_an_after_market_order_is_checked_at_the_open(desk: Desk) -> None:
    desk.at("08:30")
    order = desk.send(desk.infy, "amo", price=1490, quantity=60_000)
    assert order.status == "AMO REQ RECEIVED"
    desk.at("09:15")
    assert "Insufficient funds" in str(order.message)


@pytest.fixture
def cover(desk: Desk) -> tuple[Desk, Any, Any]:
    """A cover order bought at 1481 with its stop at 1470."""
    desk.book(desk.infy, 148_000, 148_100, units=6)
    first = desk.send(desk.infy, "co", price=1481, trigger_price=1470, quantity=10)
    (stop,) = (order for order in desk.account.orders.values() if order.parent_id)
    return desk, first, stop


def test_a_cover_orders_stop_covers_what_is_filled(cover: tuple[Desk, Any, Any]) -> None:
    desk, first, stop = cover
    assert (first.status, first.filled, first.terms.product) == ("OPEN", 6, "CO")
    shown = stop.describe()
    assert (shown["parent_order_id"], shown["variety"], shown["status"]) == (
        first.order_id,
        "co",
        "TRIGGER PENDING",
    )
    assert (shown["quantity"], shown["transaction_type"], shown["order_type"]) == (6, "SELL", "SL-M")
    desk.book(desk.infy, 148_000, 148_100, units=100)
    assert (first.status, stop.terms.quantity, stop.blocked) == ("COMPLETE", 10, 0)
    desk.move(desk.infy, 146_900)
    assert (stop.status, stop.average) == ("COMPLETE", 146_890)
    assert desk.account.position(desk.infy, "CO").net == 0


def test_a_stop_that_was_met_between_two_fills_is_not_sold_again(cover: tuple[Desk, Any, Any]) -> None:
    desk, first, stop = cover
    first.piece = 1
    desk.move(desk.infy, 146_900)
    assert (stop.status, first.status) == ("COMPLETE", "OPEN")
    first.piece = None
    desk.book(desk.infy, 148_000, 148_100, units=100)
    (second,) = (order for order in desk.account.live.values() if order.parent_id)
    assert (first.status, second.terms.quantity) == ("COMPLETE", 10 - stop.filled)
    desk.move(desk.infy, 146_900)
    assert desk.account.position(desk.infy, "CO").net == 0


def test_a_cover_orders_second_leg_is_exited_at_market(cover: tuple[Desk, Any, Any]) -> None:
    desk, first, stop = cover
    desk.broker.modify(desk.account, stop.order_id, {"trigger_price": "1475", "quantity": "2"}, "co")
    assert (stop.terms.trigger, stop.terms.quantity) == (147_500, 6), "only its trigger can be changed"
    with pytest.raises(OrderError, match="stoploss sell orders should be below"):
        desk.broker.modify(desk.account, stop.order_id, {"trigger_price": "1490"}, "co")
    desk.broker.cancel(desk.account, stop.order_id, "co")
    assert (first.status, first.filled) == ("CANCELLED", 6), "what is not filled goes with it"
    assert (stop.status, stop.average) == ("COMPLETE", 148_000)


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"product": "CNC"}, "for MIS in shares and futures only"),
        ({"trigger_price": None}, "needs the stoploss"),
        ({"trigger_price": 1490}, "on the losing side"),
        ({"order_type": "SL"}, "MARKET or LIMIT and needs the stoploss"),
        ({"validity": "IOC"}, "not allowed for an order of variety co"),
    ],
)
def test_cover_orders_that_cannot_be(desk: Desk, form: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        desk.send(desk.infy, "co", **{"price": 1481, "trigger_price": 1470, **form})


def test_the_legs_of_an_iceberg_follow_each_other(desk: Desk) -> None:
    desk.book(desk.infy, 148_000, 148_100, units=40)
    first = desk.send(
        desk.infy, "iceberg", price=1481, quantity=100, iceberg_legs=3, iceberg_quantity=40, tag="ice"
    )
    assert (first.status, first.terms.quantity) == ("COMPLETE", 40)
    legs = list(desk.account.orders.values())
    assert [leg.terms.quantity for leg in legs] == [40, 40]
    assert legs[1].describe()["meta"] == {
        "iceberg": {"leg": 2, "legs": 3, "leg_quantity": 40, "total_quantity": 100, "remaining_quantity": 20}
    }
    assert legs[1].status == "OPEN", "the exchange sees a leg at a time"
    desk.book(desk.infy, 148_000, 148_100, units=60)
    legs = list(desk.account.orders.values())
    assert [(leg.terms.quantity, leg.status, leg.terms.tag) for leg in legs] == [
        (40, "COMPLETE", "ice"),
        (40, "COMPLETE", "ice"),
        (20, "COMPLETE", "ice"),
    ]


def test_no_leg_follows_one_that_was_cancelled(desk: Desk) -> None:
    desk.book(desk.infy, 148_000, 148_100)
    leg = desk.send(desk.infy, "iceberg", price=1470, quantity=100, iceberg_legs=4, iceberg_quantity=25)
    desk.broker.cancel(desk.account, leg.order_id, "iceberg")
    assert (leg.status, len(desk.account.orders)) == ("CANCELLED", 1)


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"iceberg_legs": 1}, "use 2 to 50"),
        ({"iceberg_legs": 51}, "use 2 to 50"),
        ({"iceberg_quantity": 10}, "do not make 100 units"),
        ({"iceberg_quantity": 60}, "do not make 100 units"),
        ({"iceberg_legs": None}, "Invalid `iceberg_legs`"),
        ({"order_type": "SL", "trigger_price": 1500}, "MARKET or LIMIT only"),
        ({"validity": "IOC"}, "not allowed for an order of variety iceberg"),
    ],
)
def test_icebergs_that_cannot_be(desk: Desk, form: dict[str, Any], message: str) -> None:
    words = {"price": 1481, "quantity": 100, "iceberg_legs": 4, "iceberg_quantity": 25, **form}
    with pytest.raises(InputError, match=message):
        desk.send(desk.infy, "iceberg", **words)


def test_an_icebergs_legs_are_whole_lots(desk: Desk) -> None:
    with pytest.raises(InputError, match="not a multiple of the lot 65"):
        desk.send(desk.option, "iceberg", price=100, quantity=130, iceberg_legs=2, iceberg_quantity=70)


def auction(desk: Desk, price: float, **form: Any) -> Any:
    itc = desk.floor.by_key["NSE:ITC"]
    words = {"transaction_type": "SELL", "product": "CNC", "quantity": 10, "auction_number": "7", **form}
    return desk.send(itc, "auction", price=price, **words)


def test_an_auction_takes_offers_of_shares_that_are_held_and_decides_at_its_end(desk: Desk) -> None:
    itc = desk.floor.by_key["NSE:ITC"]
    tick = itc.instrument.tick
    near, far = itc.last // tick * tick / 100, itc.last * 1.05 // tick * tick / 100
    assert "The auction takes orders from 14:30" in str(auction(desk, near).message)
    desk.at("14:40")
    fair, dear = auction(desk, near), auction(desk, far)
    assert "Insufficient stock holding" in str(auction(desk, near, quantity=90).message)
    assert (fair.status, dear.status, fair.describe()["auction_number"]) == ("OPEN", "OPEN", "7")
    desk.book(itc, itc.last + 10 * tick, itc.last + 11 * tick)
    assert fair.status == "OPEN", "an offer to the auction is not matched in the market"
    desk.at("15:00")
    assert (fair.status, fair.average, dear.status) == ("COMPLETE", near * 100, "CANCELLED")


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"transaction_type": "BUY"}, "CNC sell orders with a limit price"),
        ({"product": "MIS"}, "CNC sell orders with a limit price"),
        ({"auction_number": None}, "Missing or empty field `auction_number`"),
    ],
)
def test_auction_orders_that_cannot_be(desk: Desk, form: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        auction(desk, 400, **form)


def test_a_validity_of_minutes_ends(desk: Desk) -> None:
    desk.book(desk.infy, 148_000, 148_100)
    order = desk.send(desk.infy, price=1470, validity="TTL", validity_ttl=10)
    assert order.describe()["validity_ttl"] == 10
    desk.at("09:29")
    assert order.status == "OPEN"
    desk.at("09:31")
    assert (order.status, order.cancelled) == ("CANCELLED", 1)
    assert "validity has ended" in str(order.message)


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"validity": "TTL"}, "needs `validity_ttl` in minutes"),
        ({"validity_ttl": 5}, "goes with validity TTL"),
        ({"validity": "TTL", "validity_ttl": 1441}, "1 to 1440"),
        ({"validity": "IOC", "order_type": "SL", "trigger_price": 1490}, "not allowed for stoploss"),
        ({"disclosed_quantity": 5, "quantity": 100}, "10 % to 100 %"),
        ({"disclosed_quantity": 50, "quantity": 100, "validity": "IOC"}, "shares with validity DAY only"),
    ],
)
def test_conditions_on_validity_and_disclosed_quantity(
    desk: Desk, form: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        desk.send(desk.infy, price=1495, **form)


def test_a_disclosed_quantity_is_shown_and_changes_no_fill(desk: Desk) -> None:
    with pytest.raises(InputError, match="shares with validity DAY only"):
        desk.send(desk.option, price=100, quantity=130, disclosed_quantity=65)
    desk.book(desk.infy, 148_000, 148_100)
    order = desk.send(desk.infy, price=1481, quantity=100, disclosed_quantity=10)
    assert (order.filled, order.describe()["disclosed_quantity"]) == (100, 10)


def test_an_order_is_changed_and_cancelled_under_its_own_variety(desk: Desk) -> None:
    desk.book(desk.infy, 148_000, 148_100)
    order = desk.send(desk.infy, price=1470)
    for change in (
        lambda: desk.broker.cancel(desk.account, order.order_id, "amo"),
        lambda: desk.broker.modify(desk.account, order.order_id, {"price": "1471"}, "iceberg"),
    ):
        with pytest.raises(InputError, match="the order is of variety regular"):
            change()
    assert order.status == "OPEN"


def test_an_unknown_variety(desk: Desk) -> None:
    with pytest.raises(InputError, match="Invalid `variety`"):
        desk.send(desk.infy, "bracket", price=1490)


def test_shares_are_bought_with_the_brokers_money_too(desk: Desk) -> None:
    desk.book(desk.infy, 148_000, 148_100)
    desk.send(desk.infy, product="MTF", price=1481, quantity=100)
    assert desk.account.funds().delivery == round(100 * 148_100 * 0.25)
    with pytest.raises(InputError, match="MTF is not allowed on NFO"):
        desk.send(desk.option, product="MTF", price=100)
