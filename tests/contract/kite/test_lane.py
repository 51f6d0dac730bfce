"""The lane through the official client: what a bad line does to a send, told by the exchange's own ledger."""

import time
from datetime import timedelta
from decimal import Decimal

import pytest

from patang.approvals.proposal import OrderTerms
from patang.execution.intent import OrderIntent
from patang.keys import intent_key
from patang.records import create, load
from patang_workbench.exchange.ledger import Entry, ledger
from tests.contract.kite.simulated_desk import resting_order, tell
from tests.fakes import RecordedIntentQueue, RecordedNotifier, RecordedPollQueue, RecordedWorkflows

TAG = "O260818LANEOVERHTTP"


@pytest.fixture
def desk(desk):
    desk.intent_queue, desk.poll_queue = RecordedIntentQueue(), RecordedPollQueue()
    desk.notifier, desk.workflows = RecordedNotifier(), RecordedWorkflows()
    return desk


@pytest.fixture
def intent(desk, simulator) -> OrderIntent:
    request, now = resting_order(simulator), desk.clock.now()
    made = OrderIntent(
        account="main",
        intent_id=TAG,
        kind="ORDER",
        terms=OrderTerms(
            account="main",
            mode="simulator",
            exchange=request.exchange,
            tradingsymbol=request.tradingsymbol,
            transaction_type=request.transaction_type,
            quantity=request.quantity,
            order_type=request.order_type,
            product=request.product,
            price=Decimal(str(request.price)),
        ),
        as_of=now,
        written_at=now,
        stale_after=now + timedelta(minutes=5),
    )
    desk.store.write(create(made))
    return made


def taken(simulator) -> list[Entry]:
    """What the broker took under our tag, whether or not the exchange has accepted it by now."""
    return [entry for entry in ledger(simulator.exchange) if (entry.user_id, entry.tag) == ("AB1234", TAG)]


def deliver(desk) -> str:
    return desk.order_lane().process({"account": "main", "intent_id": TAG})


@pytest.mark.parametrize("fault", ["timed_out_400", "timeout", "http_500"])
def test_an_order_that_appears_after_a_time_out_is_found_by_its_tag(desk, simulator, intent, fault):
    tell(simulator, "fault", kind=fault, delay=1.5, taken=True)

    assert deliver(desk) == "UNKNOWN"
    deadline = time.monotonic() + 10
    while deliver(desk) == "UNKNOWN" and time.monotonic() < deadline:
        desk.clock.advance(1)
        time.sleep(0.1)

    stored = load(desk.store, OrderIntent, intent_key("main", TAG))
    assert stored.state == "ACKED"
    (ours,) = [order for order in desk.broker("main").orders() if order.tag == TAG]
    assert stored.broker_order_id == ours.order_id
    assert len(taken(simulator)) == 1
    assert deliver(desk) == "ACKED"
    assert len(taken(simulator)) == 1


def test_what_has_left_is_one_request_and_the_second_delivery_reads_the_book_alone(desk, simulator, intent):
    assert deliver(desk) == "ACKED"
    assert [deliver(desk) for _ in range(5)] == ["ACKED"] * 5
    assert len(taken(simulator)) == 1
