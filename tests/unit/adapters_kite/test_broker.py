"""What the broker adapter passes to the official client, and makes of its answers."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from patang.adapters.kite.broker import KiteBroker
from patang.adapters.kite.foreign_rows import ForeignRows
from patang.errors import BadInput, OutcomeUnknown
from patang.ports import GttLeg, GttRequest, OrderRequest
from tests.fakes import RecordedMetrics

ORDER = OrderRequest("regular", "NSE", "INFY", "BUY", 1, "LIMIT", "MIS", "DAY", "t1", price="1500.00")
GTT = GttRequest("single", "NSE", "INFY", ("1400",), "1500", (GttLeg("SELL", 1, "CNC", "1390"),))


class Client:
    """Stands for the official client: writes down its calls and gives a prepared order book."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any]] = []
        self.book: list[dict[str, Any]] = []

    def place_order(self, **terms: Any) -> int:
        self.asked.append(("place", terms))
        return 151220000000000

    def modify_order(self, variety: str, order_id: str, **changes: Any) -> str:
        self.asked.append(("modify", (variety, order_id, changes)))
        return order_id

    def orders(self) -> list[dict[str, Any]]:
        return self.book


class Calls:
    def __init__(self) -> None:
        self.client = Client()

    def read(self, kind: str, call: Callable[[Any], Any]) -> Any:
        return call(self.client)

    def send(self, call: Callable[[Any], Any]) -> Any:
        return call(self.client)


@pytest.fixture
def calls():
    return Calls()


def broker_on(calls):
    return KiteBroker(calls, ForeignRows(lambda identifier: True, RecordedMetrics()))


def test_prices_go_out_as_the_text_they_came_as(calls):
    request = OrderRequest(
        "regular", "NFO", "X", "SELL", 65, "SL", "NRML", "DAY", "t1", price="100.10", trigger_price="100.20"
    )
    assert broker_on(calls).place(request) == "151220000000000"
    ((_, terms),) = calls.client.asked
    assert (terms["price"], terms["trigger_price"], terms["quantity"]) == ("100.10", "100.20", 65)
    assert terms["market_protection"] is None


def test_the_book_keeps_the_brokers_own_words(calls):
    calls.client.book = [
        {
            "order_id": "1",
            "tag": "t1",
            "status": "COMPLETE",
            "exchange": "NSE",
            "tradingsymbol": "INFY",
            "transaction_type": "BUY",
            "quantity": 1,
            "filled_quantity": 1,
            "average_price": 1500.05,
            "order_timestamp": datetime(2026, 8, 18, 10, 0),  # noqa: DTZ001 - as the client makes it
            "exchange_update_timestamp": "2026-08-18 10:00:01",
        }
    ]
    (order,) = broker_on(calls).orders()
    assert order.average_price == "1500.05"
    assert order.updated_at.isoformat() == "2026-08-18T10:00:01+05:30"
    assert order.raw["order_timestamp"] == "2026-08-18 10:00:00"


@pytest.mark.parametrize("order_id", ["", "../session/token", "1?x=y"])
def test_an_order_id_cannot_lead_elsewhere(calls, order_id):
    with pytest.raises(BadInput):
        broker_on(calls).modify("regular", order_id, {"price": "1"})
    with pytest.raises(BadInput):
        broker_on(calls).cancel("regular", order_id)
    with pytest.raises(BadInput):
        broker_on(calls).delete_gtt(order_id)


def test_only_what_an_order_has_can_be_changed(calls):
    with pytest.raises(BadInput, match="colour"):
        broker_on(calls).modify("regular", "1", {"colour": "red"})
    assert calls.client.asked == []


@pytest.mark.parametrize("reply", [None, "", {}])
def test_a_reply_without_an_id_leaves_it_open_whether_the_order_stands(calls, reply):
    calls.client.place_order = lambda **terms: reply
    calls.client.place_gtt = lambda **terms: {"trigger_id": reply}
    with pytest.raises(OutcomeUnknown):
        broker_on(calls).place(ORDER)
    with pytest.raises(OutcomeUnknown):
        broker_on(calls).place_gtt(GTT)
