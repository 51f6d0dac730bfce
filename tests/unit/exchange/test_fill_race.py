"""A fill that meets a cancel, and fills in many pieces."""

import pytest

from patang_workbench.exchange.errors import OrderError
from patang_workbench.exchange.faults import Fault
from patang_workbench.exchange.orders import Order
from tests.unit.exchange.floor_desk import Desk


def resting(desk: Desk, units: int = 10) -> Order:
    desk.book(desk.infy, 148_000, 148_100)
    return desk.send(desk.infy, price=1470, quantity=units)


def test_a_cancel_is_taken_and_the_order_fills_all_the_same(desk: Desk) -> None:
    order = resting(desk)
    desk.broker.faults.add(Fault("fill_race", race="filled"))
    assert desk.broker.cancel(desk.account, order.order_id) is order
    assert (order.status, order.filled, order.average) == ("COMPLETE", 10, 147_000)
    assert desk.statuses()[-2:] == ["CANCEL PENDING", "COMPLETE"]


def test_a_cancel_leaves_a_part_filled(desk: Desk) -> None:
    order = resting(desk, 11)
    desk.broker.faults.add(Fault("fill_race", race="partly"))
    desk.broker.cancel(desk.account, order.order_id)
    assert (order.status, order.filled, order.cancelled) == ("CANCELLED", 5, 6)
    assert desk.account.position(desk.infy, "MIS").net == 5


def test_a_cancel_is_refused_because_the_order_has_filled(desk: Desk) -> None:
    order = resting(desk)
    desk.broker.faults.add(Fault("fill_race", race="refused"))
    with pytest.raises(OrderError, match="cannot be cancelled: it is COMPLETE"):
        desk.broker.cancel(desk.account, order.order_id)
    assert order.filled == 10


def test_a_modification_comes_too_late(desk: Desk) -> None:
    order = resting(desk)
    desk.broker.faults.add(Fault("fill_race", race="refused", change="modify"))
    with pytest.raises(OrderError, match="cannot be modified: it is COMPLETE"):
        desk.broker.modify(desk.account, order.order_id, {"price": "1471"})
    assert (order.filled, order.modifications) == (10, 0)


def test_a_modification_meets_half_a_fill(desk: Desk) -> None:
    desk.book(desk.infy, 148_000, 148_100)
    desk.send(desk.infy, price=1481, quantity=10)
    stop = desk.send(
        desk.infy, transaction_type="SELL", quantity=10, order_type="SL", trigger_price=1460, price=1459
    )
    desk.broker.faults.add(Fault("fill_race", race="partly", change="modify"))
    desk.broker.modify(desk.account, stop.order_id, {"order_type": "LIMIT", "price": "1490"})
    assert (stop.status, stop.filled, stop.pending, stop.average) == ("OPEN", 5, 5, 145_900)


def test_a_modification_cannot_undo_the_fill_it_met(desk: Desk) -> None:
    order = resting(desk)
    desk.broker.faults.add(Fault("fill_race", race="partly", change="modify"))
    with pytest.raises(OrderError, match="below the 5 units that are filled"):
        desk.broker.modify(desk.account, order.order_id, {"quantity": "1"})
    assert (order.filled, order.pending) == (5, 5)


def test_while_a_cancel_is_under_way_nothing_else_is_taken(desk: Desk) -> None:
    order = resting(desk)
    later = []
    desk.broker.later = later.append
    desk.broker.faults.add(Fault("fill_race", race="partly"))
    desk.broker.cancel(desk.account, order.order_id)
    assert order.status == "CANCEL PENDING"
    for change in (
        lambda: desk.broker.cancel(desk.account, order.order_id),
        lambda: desk.broker.modify(desk.account, order.order_id, {"price": "1471"}),
    ):
        with pytest.raises(OrderError, match="being processed"):
            change()
    desk.book(desk.infy, 146_900, 147_000)
    for work in later:
        work()
    assert (order.status, order.filled) == ("COMPLETE", 10), "the market was there before the cancel"


def test_an_order_is_filled_in_pieces(desk: Desk) -> None:
    desk.broker.faults.add(Fault("partial_fills", pieces=4))
    desk.book(desk.infy, 148_000, 148_100)
    order = desk.send(desk.infy, price=1481, quantity=10)
    assert (order.filled, order.status) == (2, "OPEN")
    for _ in range(4):
        desk.book(desk.infy, 148_000, 148_100)
    assert (order.status, [trade.quantity for trade in order.trades]) == ("COMPLETE", [2, 2, 2, 2, 2])


def test_pieces_are_whole_lots(desk: Desk) -> None:
    lot = desk.option.instrument.lot
    desk.broker.faults.add(Fault("partial_fills", pieces=50))
    desk.book(desk.option, 10_000, 10_100)
    order = desk.send(desk.option, price=101, quantity=3 * lot)
    assert order.filled == lot


@pytest.mark.parametrize(
    ("reason", "error_type", "words"),
    [
        ("price_band", "OrderException", "execution range"),
        ("tick", "InputException", "Tick size"),
        ("freeze", "OrderException", "freeze quantity"),
        ("margin", "MarginException", "Insufficient funds"),
    ],
)
def test_rejections_to_order(desk: Desk, reason: str, error_type: str, words: str) -> None:
    desk.broker.faults.add(Fault("reject", reason=reason))
    order = desk.send(desk.infy, price=1480)
    assert (order.status, order.error_type) == ("REJECTED", error_type)
    assert words in str(order.message)
    assert desk.send(desk.infy, price=1480).status != "REJECTED"


def test_a_quantity_changed_to_what_is_filled_ends_the_order(desk: Desk) -> None:
    desk.book(desk.infy, 148_000, 148_100, units=4)
    order = desk.send(desk.infy, price=1481, quantity=10)
    desk.broker.modify(desk.account, order.order_id, {"quantity": "4"})
    assert (order.status, order.filled, order.pending) == ("COMPLETE", 4, 0)
    assert order not in desk.broker.book


def test_a_stop_whose_limit_was_jumped_stays_open_until_it_is_repriced(desk: Desk) -> None:
    desk.book(desk.option, 10_000, 10_100)
    desk.send(desk.option, price=101)
    stop = desk.send(desk.option, transaction_type="SELL", order_type="SL", trigger_price=90, price=89)
    desk.book(desk.option, 8_000, 8_010, last=8_000)
    assert (stop.status, stop.triggered, stop.filled) == ("OPEN", True, 0)
    desk.broker.modify(desk.account, stop.order_id, {"price": "79.5"})
    assert (stop.status, stop.average) == ("COMPLETE", 8_000)
