"""An order that risk management blocks: refused with HTTP 400, and a rejected row of its tag in the book."""

from collections.abc import Callable

import pytest

from patang.errors import BrokerRefused
from patang.ports import OrderRequest
from tests.unit.execution.lane_cases import deliver, stored
from tests.unit.execution.protected import pump, resting
from tests.unit.execution.stages import closing, submitted, tell, the_proposal
from tests.unit.execution.trading_desk import TradingDesk

FUNDS = "Insufficient funds. Required margin is 30000.00 but available margin is 0.00."


def blocking(
    desk: TradingDesk, heard_first: bool, only: Callable[[OrderRequest], bool] = lambda _: True
) -> None:
    """The row is told by a frame before the reply, or by the order book after it."""
    place = desk.exchange.place

    def place_and_block(request: OrderRequest) -> str:
        if not only(request):
            return place(request)
        order_id = place(request)
        desk.exchange.book[order_id] |= {"status": "REJECTED", "status_message": FUNDS}
        if heard_first:
            tell(desk, desk.exchange.book[order_id])
        desk.exchange.frames.clear()
        raise BrokerRefused(FUNDS)

    desk.exchange.place = place_and_block


def poll(desk: TradingDesk) -> None:
    """The order book is looked at three times."""
    for _ in range(3):
        desk.follower().follow("main", desk.market_time, "poll")


@pytest.mark.parametrize("heard_first", [True, False])
def test_a_blocked_entry_ends_once_and_frees_its_capital(heard_first: bool) -> None:
    desk = TradingDesk()
    intent = submitted(desk)
    blocking(desk, heard_first)
    assert deliver(desk, intent) == "REJECTED"
    poll(desk)
    ended = stored(desk, intent)
    assert (ended.state, ended.broker_order_id) == ("REJECTED", next(iter(desk.exchange.book)))
    assert (the_proposal(desk).outcome, desk.risk().reservations) == ("REJECTED", {})
    assert desk.metrics.counts["entry_rejected"] == 1
    assert not {"order_turned_up_late", "fill_after_end", "duplicate_orders"} & desk.metrics.counts.keys()
    assert desk.workflows.answers["lane-token"]["ok"] is False


@pytest.mark.parametrize("heard_first", [True, False])
def test_a_blocked_exit_leaves_its_position_to_be_sold_again(heard_first: bool) -> None:
    desk = TradingDesk()
    _, intent = closing(desk)
    blocking(desk, heard_first)
    assert deliver(desk, intent) == "REJECTED"
    poll(desk)
    (position,) = desk.positions()
    assert (position.state, position.exit_intent_id) == ("OPEN", None)
    assert desk.metrics.counts["exit_failed"] == 1
    assert not {"stray_exit", "order_turned_up_late"} & desk.metrics.counts.keys()


@pytest.mark.parametrize("heard_first", [True, False])
def test_a_blocked_stop_is_one_refusal_and_told_once(heard_first: bool) -> None:
    desk = TradingDesk()
    desk.exchange.prices["INFY"] = 1500.0
    submitted(desk)
    blocking(desk, heard_first, lambda request: request.order_type == "SL")
    pump(desk)
    poll(desk)
    assert (resting(desk).state, resting(desk).refusals) == ("GONE", 1)
    assert [subject for subject, _ in desk.notifier.sent].count("Protection refused") == 1


@pytest.mark.parametrize("status", ["PUT ORDER REQ RECEIVED", "VALIDATION PENDING", "OPEN PENDING"])
def test_late_word_of_its_way_does_not_bring_a_blocked_order_back(status: str) -> None:
    desk = TradingDesk()
    intent = submitted(desk)
    blocking(desk, heard_first=False)
    assert deliver(desk, intent) == "REJECTED"
    (row,) = desk.exchange.book.values()
    assert tell(desk, row | {"status": status, "status_message": None}) == ["UNCHANGED"]
    poll(desk)
    assert stored(desk, intent).state == "REJECTED"
    assert desk.metrics.counts["entry_rejected"] == 1
    assert "order_turned_up_late" not in desk.metrics.counts


def test_an_order_that_stands_after_all_is_taken_back_whatever_the_reply_has_said() -> None:
    desk = TradingDesk()
    intent = submitted(desk)
    blocking(desk, heard_first=False)
    assert deliver(desk, intent) == "REJECTED"
    (row,) = desk.exchange.book.values()
    assert tell(desk, row | {"status": "OPEN", "status_message": None}) == ["APPLIED"]
    assert stored(desk, intent).state == "ACKED"
    assert desk.metrics.counts["order_turned_up_late"] == 1
