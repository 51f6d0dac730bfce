from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from patang_workbench.exchange.errors import InputError, KiteError, OrderError
from patang_workbench.exchange.faults import Fault
from patang_workbench.exchange.orders import Order
from patang_workbench.exchange.synthetic import synthetic_market
from tests.unit.exchange.floor_desk import Desk


def test_a_crossing_limit_gets_the_better_price_and_every_status(desk: Desk) -> None:
    desk.book(desk.infy, 148_000, 148_100)
    order = desk.send(desk.infy, quantity=10, price=1482)
    assert (order.status, order.filled, order.average) == ("COMPLETE", 10, 148_100)
    assert desk.statuses() == [
        "PUT ORDER REQ RECEIVED",
        "VALIDATION PENDING",
        "OPEN PENDING",
        "OPEN",
        "COMPLETE",
    ]
    assert [picture.row["status"] for picture in order.history] == desk.statuses()
    assert desk.published[-1]["average_price"] == 1481.0


def test_a_limit_below_the_ask_waits_until_the_ask_comes(desk: Desk) -> None:
    desk.book(desk.infy, 148_000, 148_100)
    order = desk.send(desk.infy, quantity=10, price=1480)
    assert order.status == "OPEN"
    desk.book(desk.infy, 147_900, 148_000)
    assert (order.status, order.average) == ("COMPLETE", 148_000)


def test_more_than_the_book_shows_is_filled_in_parts(desk: Desk) -> None:
    desk.book(desk.infy, 148_000, 148_100, units=60)
    order = desk.send(desk.infy, quantity=100, price=1481)
    assert (order.status, order.filled, order.pending) == ("OPEN", 60, 40)
    assert desk.statuses()[-1] == "UPDATE"
    desk.broker.match([desk.infy])
    assert order.filled == 60, "the same book cannot be bought twice"
    desk.book(desk.infy, 148_000, 148_050, units=60)
    assert (order.status, len(order.trades)) == ("COMPLETE", 2)
    assert order.average == pytest.approx((60 * 148_100 + 40 * 148_050) / 100)


def test_immediate_or_cancel_leaves_nothing_behind(desk: Desk) -> None:
    desk.book(desk.infy, 148_000, 148_100, units=60)
    order = desk.send(desk.infy, quantity=100, price=1481, validity="IOC")
    assert (order.status, order.filled, order.cancelled, order.pending) == ("CANCELLED", 60, 40, 0)


def test_a_market_order_stops_at_its_protection(desk: Desk) -> None:
    desk.book(desk.infy, 148_000, 151_000, last=148_000)
    order = desk.send(desk.infy, quantity=10, order_type="MARKET", market_protection=1)
    assert order.status == "OPEN"
    desk.book(desk.infy, 148_000, 149_400)
    assert (order.status, order.average) == ("COMPLETE", 149_400)
    assert order.describe()["market_protection"] == 0


def test_automatic_protection_depends_on_price_and_kind(desk: Desk) -> None:
    desk.book(desk.infy, 148_000, 151_000, last=148_000)
    assert desk.send(desk.infy, order_type="MARKET", market_protection=-1).limit == 148_740
    desk.book(desk.option, 9_000, 12_000, last=9_000)
    assert desk.send(desk.option, order_type="MARKET", market_protection=-1).limit == 9_270


def test_a_stop_waits_for_its_trigger_then_is_a_limit(desk: Desk) -> None:
    desk.book(desk.infy, 148_000, 148_100)
    desk.send(desk.infy, quantity=10, price=1482)
    stop = desk.send(
        desk.infy, transaction_type="SELL", quantity=10, order_type="SL", trigger_price=1470, price=1468
    )
    assert stop.status == "TRIGGER PENDING"
    desk.book(desk.infy, 147_100, 147_200, last=147_200)
    assert stop.status == "TRIGGER PENDING"
    desk.book(desk.infy, 146_900, 147_000, last=147_000)
    assert (stop.status, stop.average) == ("COMPLETE", 146_900)
    assert desk.statuses()[-3:] == ["TRIGGER PENDING", "OPEN", "COMPLETE"]
    position = desk.account.position(desk.infy, "MIS")
    assert (position.net, position.realised) == (0, 10 * (146_900 - 148_100))


@pytest.mark.parametrize(
    ("line", "form", "message"),
    [
        ("infy", {"price": 1480.03}, "Tick size for this script is 0.10"),
        ("infy", {"price": 1000}, "Price exceeds circuit limits"),
        ("infy", {"price": 1480, "quantity": 200_000}, "above the freeze quantity of 100000"),
        ("infy", {"price": 1480, "quantity": 50_000}, "Insufficient funds. Required margin is"),
        ("option", {"price": 100, "quantity": 64}, "Quantity 64 is not a multiple of the lot size 65"),
        ("option", {"price": 100, "quantity": 1820}, "above the freeze quantity of 1800"),
        ("infy", {"order_type": "SL", "trigger_price": 1400, "price": 1410}, "above the last traded price"),
        ("infy", {"transaction_type": "SELL", "product": "CNC", "price": 1490}, "Insufficient stock holding"),
    ],
)
def test_what_risk_checks_and_exchange_reject(
    desk: Desk, line: str, form: dict[str, Any], message: str
) -> None:
    desk.book(desk.infy, 148_000, 148_100)
    order = desk.send(getattr(desk, line), **form)
    assert order.status == "REJECTED"
    assert message in str(order.message)
    assert (order.pending, order.blocked) == (0, 0)
    assert desk.statuses()[-2:] == ["VALIDATION PENDING", "REJECTED"]


@pytest.mark.parametrize(
    ("line", "form", "message"),
    [
        ("infy", {"tradingsymbol": "NOSUCH", "price": 1480}, "expired or does not exist"),
        ("infy", {"tradingsymbol": "NIFTY 50", "price": 1480}, "expired or does not exist"),
        ("infy", {"price": 1480, "tag": "x" * 21}, "at most 20 letters and digits"),
        ("infy", {"price": 1480, "tag": "exit-1"}, "at most 20 letters and digits"),
        ("infy", {}, "Price is required"),
        ("infy", {"price": 1480, "quantity": 0}, "Invalid `quantity`"),
        ("infy", {"price": 1480, "quantity": -5}, "Invalid `quantity`"),
        ("infy", {"price": "abc"}, "Invalid `price`"),
        ("infy", {"price": "nan"}, "Invalid `price`"),
        ("infy", {"price": 1480, "order_type": "STOP"}, "Invalid `order_type`"),
        ("infy", {"price": 1480, "product": "NRML"}, "not allowed on NSE"),
        ("option", {"price": 100, "product": "CNC"}, "not allowed on NFO"),
        ("infy", {"order_type": "MARKET"}, "without market protection"),
        ("infy", {"order_type": "MARKET", "market_protection": 0}, "without market protection"),
        ("infy", {"order_type": "MARKET", "market_protection": 101}, "Invalid `market_protection`"),
        (
            "option",
            {"order_type": "SL-M", "trigger_price": 50, "market_protection": -1},
            "not allowed for options",
        ),
        ("infy", {"transaction_type": None, "price": 1480}, "Missing or empty field `transaction_type`"),
    ],
)
def test_what_the_broker_cannot_read(desk: Desk, line: str, form: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        desk.send(getattr(desk, line), **form)
    assert desk.account.orders == {}
    assert desk.published == []


def test_before_april_2026_a_market_order_needs_no_protection() -> None:
    desk = Desk(synthetic_market(7, date(2026, 3, 30), 2))
    order = desk.send(desk.infy, order_type="MARKET")
    assert order.status == "COMPLETE"


def test_a_closed_market_rejects(desk: Desk) -> None:
    desk.epoch = desk.floor.opening - 1
    assert "Markets are closed" in str(desk.send(desk.infy, price=1480).message)
    desk.epoch = desk.floor.cash_closing
    assert "Markets are closed" in str(desk.send(desk.infy, price=1480).message)
    assert desk.send(desk.option, price=desk.option.ask / 100).status == "COMPLETE"


def test_what_is_open_at_the_close_is_cancelled(desk: Desk) -> None:
    desk.book(desk.infy, 148_000, 148_100)
    order = desk.send(desk.infy, price=1470)
    option = desk.send(desk.option, price=desk.option.bid / 100 - 1)
    desk.epoch = desk.floor.cash_closing
    desk.broker.close_session()
    assert (order.status, option.status) == ("CANCELLED", "OPEN")
    desk.epoch = desk.floor.closing
    desk.broker.close_session()
    assert option.status == "CANCELLED"
    assert desk.account.funds().blocked == 0


def test_margins_move_with_orders_and_positions(desk: Desk) -> None:
    desk.book(desk.option, 10_000, 10_100)
    waiting = desk.send(desk.option, price=99, quantity=130)
    assert desk.account.funds().premium == 130 * 9_900
    desk.broker.cancel(desk.account, waiting.order_id)
    assert desk.account.funds().available == 100_000_000
    desk.send(desk.option, price=101, quantity=65)
    assert desk.account.funds().available == 100_000_000 - 65 * 10_100
    desk.book(desk.option, 11_000, 11_100)
    desk.send(desk.option, transaction_type="SELL", price=110, quantity=65)
    assert desk.account.funds().available == 100_000_000 + 65 * 900
    desk.book(desk.infy, 148_000, 148_100)
    desk.send(desk.infy, price=1481, quantity=10)
    assert desk.account.funds().exposure == round(10 * 148_100 * 0.2)


def test_a_second_sell_over_a_resting_stop_is_margined_as_a_short(desk: Desk) -> None:
    small = Desk(desk.floor.market, cash=50_000)
    small.book(small.option, 10_000, 10_100)
    small.send(small.option, price=101)
    stop = small.send(small.option, transaction_type="SELL", order_type="SL", trigger_price=80, price=75)
    assert (stop.status, stop.blocked) == ("TRIGGER PENDING", 0)
    target = small.send(small.option, transaction_type="SELL", price=130)
    assert target.status == "REJECTED"
    assert "Insufficient funds" in str(target.message)


def test_an_exit_can_modify_the_resting_stop(desk: Desk) -> None:
    desk.book(desk.option, 10_000, 10_100)
    desk.send(desk.option, price=101)
    stop = desk.send(desk.option, transaction_type="SELL", order_type="SL", trigger_price=80, price=75)
    before = len(desk.published)
    desk.broker.modify(desk.account, stop.order_id, {"order_type": "LIMIT", "price": "100"})
    assert (stop.status, stop.average) == ("COMPLETE", 10_000)
    assert desk.statuses()[before:] == [
        "MODIFY VALIDATION PENDING",
        "MODIFY PENDING",
        "MODIFIED",
        "UPDATE",
        "COMPLETE",
    ]
    assert desk.account.position(desk.option, "NRML").net == 0


def test_a_limit_becomes_a_market_order_only_with_protection(desk: Desk) -> None:
    desk.book(desk.infy, 148_000, 148_100)
    order = desk.send(desk.infy, price=1470)
    with pytest.raises(InputError, match="without market protection"):
        desk.broker.modify(desk.account, order.order_id, {"order_type": "MARKET"})
    desk.broker.modify(desk.account, order.order_id, {"order_type": "MARKET", "market_protection": "2"})
    assert (order.status, order.average, order.terms.price) == ("COMPLETE", 148_100, 0)


def test_an_order_takes_twenty_five_modifications(desk: Desk) -> None:
    desk.book(desk.infy, 148_000, 148_100)
    order = desk.send(desk.infy, price=1470)
    for step in range(25):
        desk.broker.modify(desk.account, order.order_id, {"price": str(1460 + step % 2)})
    with pytest.raises(KiteError, match="Maximum allowed order modifications exceeded") as refusal:
        desk.broker.modify(desk.account, order.order_id, {"price": "1465"})
    assert refusal.value.error_type == "NetworkException"


def test_a_refused_modification_leaves_the_order_as_it_was(desk: Desk) -> None:
    desk.book(desk.infy, 148_000, 148_100)
    order = desk.send(desk.infy, price=1470, quantity=10)
    for form in ({"price": "1470.03"}, {"quantity": "99000"}, {"price": "10"}):
        with pytest.raises(OrderError):
            desk.broker.modify(desk.account, order.order_id, form)
    assert (order.status, order.terms.price, order.terms.quantity) == ("OPEN", 147_000, 10)
    assert order.modifications == 0


def test_what_has_ended_can_neither_be_modified_nor_cancelled(desk: Desk) -> None:
    desk.book(desk.infy, 148_000, 148_100)
    order = desk.send(desk.infy, price=1482)
    with pytest.raises(OrderError, match="cannot be cancelled: it is COMPLETE"):
        desk.broker.cancel(desk.account, order.order_id)
    with pytest.raises(OrderError, match="cannot be modified: it is COMPLETE"):
        desk.broker.modify(desk.account, order.order_id, {"price": "1"})
    with pytest.raises(OrderError, match="Couldn't find that `order_id`"):
        desk.broker.cancel(desk.account, "999")


def test_holdings_can_be_sold_once(desk: Desk) -> None:
    itc = desk.floor.by_key["NSE:ITC"]
    price = itc.bid / 100
    sell: Callable[[int], Order] = lambda units: desk.send(  # noqa: E731 - three calls that differ in one word
        itc, transaction_type="SELL", product="CNC", quantity=units, price=price
    )
    assert sell(60).status == "COMPLETE"
    assert sell(60).status == "REJECTED"
    assert sell(40).status == "COMPLETE"


def test_a_position_turns_from_long_to_short(desk: Desk) -> None:
    desk.book(desk.infy, 148_000, 148_100)
    desk.send(desk.infy, price=1481, quantity=10)
    desk.send(desk.infy, transaction_type="SELL", price=1480, quantity=25)
    position = desk.account.position(desk.infy, "MIS")
    assert (position.net, position.average, position.realised) == (-15, 148_000, -1_000)
    shown = position.describe()
    assert shown["pnl"] == pytest.approx(-10.0 - 15 * (desk.infy.last / 100 - 1480.0))


def test_the_next_order_can_be_made_to_fail(desk: Desk) -> None:
    desk.broker.faults.add(Fault("reject", message="RMS: blocked for a test"))
    assert desk.send(desk.infy, price=1480).message == "RMS: blocked for a test"
    assert desk.send(desk.infy, price=1480).status != "REJECTED"
