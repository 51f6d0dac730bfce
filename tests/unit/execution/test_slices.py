"""An order that the broker cuts is followed, cancelled and ended as one."""

from dataclasses import replace as changed
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from patang.approvals.proposal import OrderTerms
from patang.errors import OutcomeUnknown
from patang.execution.following.slices import live_orders, sliced
from patang.execution.ids import intent_id
from patang.execution.intent import OrderIntent
from patang.ports import BrokerOrder, OrderRequest, SliceResult
from patang.records import create
from tests.unit.execution.lane_cases import deliver, stored
from tests.unit.execution.samples import MORNING
from tests.unit.execution.stages import tell
from tests.unit.execution.trading_desk import TradingDesk

WHOLE, FREEZE = 4000, 1800
TAG = intent_id("main", "order", MORNING.date(), "sliced")


def wanted(desk: TradingDesk, **fields: Any) -> OrderIntent:
    """A person's sale of more than the exchange takes at once, told to the lane."""
    intent = OrderIntent(
        account="main",
        intent_id=TAG,
        kind="ORDER",
        terms=OrderTerms(
            account="main",
            mode="simulator",
            exchange="NSE",
            tradingsymbol="INFY",
            transaction_type="SELL",
            quantity=WHOLE,
            order_type="LIMIT",
            product="CNC",
            price=Decimal("1500.00"),
            autoslice=True,
        ),
        as_of=MORNING,
        written_at=MORNING,
        reducing=True,
        **fields,
    )
    desk.store.write(create(intent))
    return intent


def cutting(desk: TradingDesk, refused_from: int = 10, heard: bool = True) -> None:
    """The broker cuts at the freeze quantity; slices from `refused_from` on he refuses at once."""

    def place_sliced(request: OrderRequest) -> tuple[SliceResult, ...]:
        results, left = [], request.quantity
        while left > 0:
            part = min(left, FREEZE)
            left -= part
            if len(results) >= refused_from:
                results.append(SliceResult(None, "Insufficient holdings."))
            else:
                results.append(SliceResult(desk.exchange.place(changed(request, quantity=part))))
        if not heard:
            raise OutcomeUnknown("connection reset")
        return tuple(results)

    desk.exchange.place_sliced = place_sliced


def fill(desk: TradingDesk, price: float = 1500.0) -> None:
    desk.exchange.prices = {"INFY": price}
    desk.exchange.match()
    tell(desk)


def test_slices_are_one_order_with_the_sum_of_their_fills() -> None:
    desk = TradingDesk()
    intent = wanted(desk)
    cutting(desk)
    assert deliver(desk, intent) == "ACKED"
    sent = stored(desk, intent)
    assert len(sent.slices) == 3
    assert sent.all_named
    desk.exchange.fill_at_most = 1000
    fill(desk, 1501.0)
    part = stored(desk, intent)
    assert (part.state, part.filled_quantity) == ("ACKED", 1000 + 1000 + 400)
    desk.exchange.fill_at_most = None
    fill(desk, 1502.0)
    done = stored(desk, intent)
    assert (done.state, done.filled_quantity) == ("COMPLETE", WHOLE)
    expected = (2400 * Decimal(1501) + 1600 * Decimal(1502)) / WHOLE
    assert round(done.average_price or 0, 6) == expected
    assert deliver(desk, intent) == "COMPLETE"
    assert len(desk.exchange.book) == 3


def test_a_slice_that_was_refused_leaves_the_rest_and_the_order_ends_with_it() -> None:
    desk = TradingDesk()
    intent = wanted(desk)
    cutting(desk, refused_from=2)
    assert deliver(desk, intent) == "ACKED"
    assert "Insufficient holdings" in stored(desk, intent).status_message
    fill(desk)
    done = stored(desk, intent)
    assert (done.state, done.filled_quantity) == ("CANCELLED", 2 * FREEZE)


def test_all_slices_refused_is_a_refusal() -> None:
    desk = TradingDesk()
    intent = wanted(desk)
    cutting(desk, refused_from=0)
    assert deliver(desk, intent) == "REJECTED"
    assert desk.exchange.book == {}
    assert desk.metrics.counts["order_rejected"] == 1


def test_slices_whose_reply_was_lost_are_found_by_their_tag_and_are_no_duplicates() -> None:
    desk = TradingDesk()
    intent = wanted(desk)
    cutting(desk, refused_from=2, heard=False)
    assert deliver(desk, intent) == "UNKNOWN"
    assert deliver(desk, intent) == "ACKED"
    assert "duplicate_orders" not in desk.metrics.counts
    fill(desk)
    assert stored(desk, intent).state == "ACKED", "more of it may still turn up"
    desk.pass_time(31)
    desk.resolution().resolve(stored(desk, intent), desk.exchange.orders())
    done = stored(desk, intent)
    assert (done.state, done.filled_quantity) == ("CANCELLED", 2 * FREEZE)
    assert len(desk.exchange.sent) == 2


def test_frames_that_come_before_the_reply_do_not_hide_that_a_slice_was_refused() -> None:
    """The reply names all orders that there are, whoever has told of some of them first."""
    for filled_first in (False, True):
        desk = TradingDesk()
        intent = wanted(desk)
        cutting(desk, refused_from=2)
        place_sliced = desk.exchange.place_sliced

        def hear_first(
            request: OrderRequest,
            desk: TradingDesk = desk,
            filled_first: bool = filled_first,
            place_sliced: Any = place_sliced,
        ) -> tuple[SliceResult, ...]:
            results: tuple[SliceResult, ...] = place_sliced(request)
            fill(desk) if filled_first else tell(desk)
            return results

        desk.exchange.place_sliced = hear_first
        assert deliver(desk, intent) == ("CANCELLED" if filled_first else "ACKED")
        fill(desk)
        done = stored(desk, intent)
        assert (done.state, done.filled_quantity) == ("CANCELLED", 2 * FREEZE)


def test_an_order_found_in_the_grace_ends_by_the_sweep_where_a_slice_was_refused() -> None:
    """What was found once is not looked up again by the book's follower."""
    desk = TradingDesk()
    intent = wanted(desk)
    cutting(desk, refused_from=2, heard=False)
    assert deliver(desk, intent) == "UNKNOWN"
    fill(desk)
    assert stored(desk, intent).state == "ACKED"
    desk.intent_sweep().run("main", desk.market_time)
    assert stored(desk, intent).state == "ACKED", "more of it may still turn up"
    desk.pass_time(31)
    desk.intent_sweep().run("main", desk.market_time)
    done = stored(desk, intent)
    assert (done.state, done.filled_quantity) == ("CANCELLED", 2 * FREEZE)


def test_rejected_slices_in_the_book_do_not_bring_a_refused_order_back() -> None:
    """Of what risk management blocks there is a row in the book, whatever the reply has said."""
    desk = TradingDesk()
    intent = wanted(desk)
    cutting(desk, refused_from=0)
    assert deliver(desk, intent) == "REJECTED"
    for order_id in ("A", "B"):
        desk.order_updates().apply_order("main", changed(row(order_id, "REJECTED", 0), tag=TAG), "poll")
        assert stored(desk, intent).state == "REJECTED"
    assert "order_turned_up_late" not in desk.metrics.counts


def test_a_cancel_reaches_every_slice_that_lives() -> None:
    desk = TradingDesk()
    intent = wanted(desk)
    cutting(desk)
    deliver(desk, intent)
    first = next(iter(desk.exchange.book.values()))
    desk.exchange.cancel("regular", first["order_id"])
    tell(desk)
    target = stored(desk, intent)
    assert len(live_orders(target)) == 2
    assert desk.amendments().modify(target, {"quantity": "10"}, MORNING, "smaller") is None
    assert desk.amendments().cancel(target, MORNING, "enough") is not None
    cancels = [other for other in desk.intents() if other.kind == "CANCEL"]
    assert {other.target_order_id for other in cancels} == set(live_orders(target))
    assert [deliver(desk, other) for other in cancels] == ["COMPLETE", "COMPLETE"]
    tell(desk)
    assert stored(desk, intent).state == "CANCELLED"


@pytest.mark.parametrize("order", permutations(range(4)))
def test_frames_of_slices_may_come_in_any_order_and_twice(order: tuple[int, ...]) -> None:
    rows = [
        row("A", "OPEN", 0),
        row("A", "COMPLETE", 2000),
        row("B", "OPEN", 500),
        row("B", "COMPLETE", 2000),
    ]
    intent = wanted(TradingDesk()).evolve(state="SENDING", sending_at=MORNING)
    for number in (*order, *order):
        intent = sliced(intent, rows[number])
    assert (intent.state, intent.filled_quantity) == ("COMPLETE", WHOLE)
    assert [one.status for one in intent.slices] == ["COMPLETE", "COMPLETE"]
    assert sliced(intent, rows[0]) == intent


def test_a_slice_that_filled_at_a_price_nobody_told_does_not_count_as_filled_for_nothing() -> None:
    intent = wanted(TradingDesk()).evolve(state="ACKED")
    intent = sliced(intent, row("A", "COMPLETE", 2000))
    intent = sliced(intent, changed(row("B", "COMPLETE", 2000), average_price="0"))
    assert (intent.filled_quantity, intent.average_price) == (WHOLE, Decimal(1500))


def row(order_id: str, status: str, filled: int) -> BrokerOrder:
    return BrokerOrder(
        order_id, "tag", status, "NSE", "INFY", "SELL", 2000, filled, "1500" if filled else "0"
    )
