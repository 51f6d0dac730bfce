"""People's orders through the composition root: the official client, the lane, the exchange's book."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from patang.execution.intent import OrderIntent
from patang.execution.market_clock import MarketClock
from patang.execution.orders.requests import CancelOrder, DeleteAlert, PlaceAlert, PlaceOrder
from patang.keys import intent_key
from patang.market.instrument_dumps import save_dump
from patang.market.instrument_table import InstrumentTable
from patang.market.sessions import IST
from patang.records import create, load
from patang_workbench.exchange.server import Simulator
from tests.contract.kite.simulated_desk import DAY, SimulatedDesk, tell
from tests.fakes import RecordedIntentQueue, RecordedNotifier, RecordedWorkflows


@pytest.fixture
def trading(desk: SimulatedDesk, simulator: Simulator) -> Iterator[SimulatedDesk]:
    desk.intent_queue = RecordedIntentQueue()
    desk.notifier, desk.workflows = RecordedNotifier(), RecordedWorkflows()
    now = simulator.exchange.clock.now().astimezone(IST)
    desk.store.write(create(MarketClock(market_time=now, seen_at=desk.clock.now())))
    return desk


def order(desk: SimulatedDesk, symbol: str, percent: str) -> PlaceOrder:
    """A purchase of five, so much of the last price, on a tick that all shares have."""
    last = Decimal(str(desk.market_data().quotes([f"NSE:{symbol}"])[f"NSE:{symbol}"]["last_price"]))
    price = (last * Decimal(percent) / 100).quantize(Decimal(1))
    return PlaceOrder(
        exchange="NSE",
        tradingsymbol=symbol,
        transaction_type="BUY",
        order_type="LIMIT",
        quantity=5,
        product="CNC",
        price=price,
    )


def run_lane(desk: SimulatedDesk) -> None:
    while desk.intent_queue.messages:
        _, _, body = desk.intent_queue.messages.pop(0)
        desk.order_lane().process(body)


def state(desk: SimulatedDesk, request_id: str):
    (view,) = desk.persons_orders().state("main", request_id, timedelta(0)).intents
    return view


def test_an_order_is_placed_told_and_cancelled(trading: SimulatedDesk) -> None:
    orders = trading.persons_orders()
    receipt = orders.submit("main", "r-1", order(trading, "INFY", "98"), "owner")
    assert receipt.accepted, receipt.broken
    assert not state(trading, "r-1").answered
    run_lane(trading)
    placed = state(trading, "r-1")
    assert (placed.state, placed.answered) == ("ACKED", True)
    (row,) = trading.broker("main").orders()
    assert (row.order_id, row.tag) == (placed.broker_order_id, receipt.intent_ids[0])
    again = trading.persons_orders().submit("main", "r-1", order(trading, "INFY", "98"), "owner")
    assert (again.intent_ids, again.repeated) == (receipt.intent_ids, True)
    assert orders.submit("main", "r-2", CancelOrder(order_id=row.order_id), "owner").accepted
    run_lane(trading)
    assert trading.broker("main").orders()[0].status == "CANCELLED"


def test_what_nobody_watches_is_found_in_the_newest_dump(trading: SimulatedDesk) -> None:
    universe = trading._universe_of(DAY)
    watched = set() if universe is None else set(universe.by_identifier())
    rows = trading.market_data().instruments("NSE")
    other = next(
        row["tradingsymbol"]
        for row in rows
        if row["segment"] == "NSE" and f"NSE:{row['tradingsymbol']}" not in watched
    )
    wish = order(trading, other, "98")
    assert "not listed" in trading.persons_orders().submit("main", "r-1", wish, "owner").broken[0].text
    save_dump(trading.objects, DAY, InstrumentTable.from_rows(rows))
    assert trading.persons_orders().submit("main", "r-1", wish, "owner").accepted


def test_a_refusal_that_can_be_cured_is_told_with_what_followed_it(
    trading: SimulatedDesk, simulator: Simulator
) -> None:
    message = "Quantity 5 is above the freeze quantity of 2. Split the order."
    tell(simulator, "fault", kind="reject", message=message)
    receipt = trading.persons_orders().submit("main", "r-1", order(trading, "INFY", "98"), "owner")
    run_lane(trading)
    for row in trading.broker("main").orders():
        trading.order_updates().apply({"account": "main", "source": "poll", "order": dict(row.raw)})
    run_lane(trading)
    view = state(trading, "r-1")
    assert view.intent_id == receipt.intent_ids[0]
    assert (view.state, view.quantity) == ("ACKED", 2)
    assert view.followed_by is not None
    assert [row.status for row in trading.broker("main").orders()] == ["REJECTED", "OPEN"]


def test_an_alert_that_places_orders_is_found_when_its_answer_was_lost(
    trading: SimulatedDesk, simulator: Simulator
) -> None:
    bought = order(trading, "INFY", "98")
    placed = bought.model_dump(include={"exchange", "tradingsymbol", "transaction_type", "product", "price"})
    wish = PlaceAlert.model_validate(
        {
            "alert": {
                "name": "higher",
                "left": {"exchange": "NSE", "tradingsymbol": "INFY"},
                "operator": ">=",
                "constant": bought.price * 2,
                "orders": [placed | {"quantity": 5}],
            }
        }
    )
    receipt = trading.persons_orders().submit("main", "r-7", wish, "owner")
    assert receipt.accepted, receipt.broken
    tell(simulator, "fault", kind="disconnect", path="/alerts", method="POST")
    run_lane(trading)
    assert state(trading, "r-7").state == "UNKNOWN"
    intent = load(trading.store, OrderIntent, intent_key("main", receipt.intent_ids[0]))
    assert intent is not None
    trading._resolution().look_up(intent)
    (alert,) = trading.broker("main").alerts()
    assert (alert.type, state(trading, "r-7").broker_order_id) == ("ato", alert.uuid)
    delete = DeleteAlert(uuid=alert.uuid)
    assert trading.persons_orders().submit("main", "r-8", delete, "owner").accepted
    run_lane(trading)
    assert (state(trading, "r-8").state, trading.broker("main").alerts()) == ("COMPLETE", ())
