"""After-market, cover and iceberg orders on paper, and the broker's square-off: what needs no exchange."""

from datetime import timedelta
from decimal import Decimal

import pytest

from patang.adapters.paper.broker import PaperBroker
from patang.adapters.paper.exchange import PaperExchange
from patang.errors import BrokerRefused
from patang.execution.market_clock import MarketClock
from patang.ports import OrderRequest, WriteConflict
from patang.records import create
from patang.settings import Settings
from tests.fakes import FixedClock, MemoryStore
from tests.unit.adapters_paper.book import NOW, UNIVERSE, ticks


def request(side="BUY", quantity=10, **terms):
    fields = {"variety": "regular", "order_type": "LIMIT", "product": "MIS", "validity": "DAY", "tag": "t1"}
    named = {"exchange": "NSE", "tradingsymbol": "INFY", "transaction_type": side, "quantity": quantity}
    return OrderRequest(**({"price": "1500.00"} | fields | named | terms))


def states(broker):
    return sorted((o.transaction_type, o.quantity, o.filled_quantity, o.status) for o in broker.orders())


def at(moment, settings=Settings):
    """A broker and its exchange at this market time."""
    store, clock = MemoryStore(), FixedClock(moment)
    store.write(create(MarketClock(market_time=moment, seen_at=moment)))
    broker = PaperBroker("main", store, clock, settings, dict.fromkeys([moment.date()], UNIVERSE).get)
    return broker, PaperExchange(store, clock, settings)


def test_an_order_after_the_close_waits_for_the_next_session_and_fills_there():
    evening = NOW.replace(hour=17)
    broker, exchange = at(evening)
    before = broker.margins()["equity"]["net"]
    order_id = broker.place(request(variety="amo", product="CNC"))
    (order,) = broker.orders()
    assert (order.order_id, order.status) == (order_id, "AMO REQ RECEIVED")
    assert broker.margins()["equity"]["net"] < before - 15_000
    # Ticks of the evening, and the morning before its open, fill nothing.
    assert exchange.match(ticks((7 * 3600, 1490, 1491)), evening + timedelta(hours=1)) == []
    (frame,) = exchange.match(ticks((86_400, 1490, 1491)), NOW + timedelta(days=1))
    assert (frame["status"], frame["filled_quantity"]) == ("COMPLETE", 10)


def test_an_after_market_order_is_changed_while_it_waits_and_can_be_taken_back():
    broker, _ = at(NOW.replace(hour=17))
    order_id = broker.place(request(variety="amo", product="CNC"))
    broker.modify("amo", order_id, {"price": "1400.00"})
    (order,) = broker.orders()
    assert (order.status, order.raw["price"]) == ("AMO REQ RECEIVED", 1400.0)
    broker.cancel("amo", order_id)
    assert [order.status for order in broker.orders()] == ["CANCELLED"]
    assert broker.margins()["equity"]["net"] == broker.margins()["equity"]["available"]["cash"]


def test_the_stop_of_a_cover_order_grows_with_its_fills_and_is_hit(broker, exchange):
    broker.place(request(variety="co", trigger_price="1480.00", quantity=10))
    part = ticks((1, 1499, 1500))
    part["ask_quantity"], part["bid_quantity"] = 1, 1
    # Five levels of one unit each, of which the limit reaches one.
    exchange.match(part, NOW + timedelta(seconds=1))
    assert ("SELL", 1, 0, "TRIGGER PENDING") in states(broker)
    exchange.match(ticks((2, 1499, 1500)), NOW + timedelta(seconds=2))
    assert states(broker) == [("BUY", 10, 10, "COMPLETE"), ("SELL", 10, 0, "TRIGGER PENDING")]
    exchange.match(ticks((3, 1479, 1480)), NOW + timedelta(seconds=3))
    assert states(broker) == [("BUY", 10, 10, "COMPLETE"), ("SELL", 10, 10, "COMPLETE")]
    assert [row.quantity for row in broker.positions()] == [0]


def test_leaving_a_cover_order_cancels_what_it_still_buys(broker, exchange):
    parent = broker.place(request(variety="co", trigger_price="1480.00", quantity=10))
    part = ticks((1, 1499, 1500))
    part["ask_quantity"], part["bid_quantity"] = 4, 4
    exchange.match(part, NOW + timedelta(seconds=1))
    (stop,) = [order for order in broker.orders() if order.transaction_type == "SELL"]
    with pytest.raises(BrokerRefused, match="no second leg of another"):
        broker.cancel("co", stop.order_id, "another")
    broker.cancel("co", stop.order_id, parent)
    exchange.match(ticks((2, 1499, 1500)), NOW + timedelta(seconds=2))
    assert states(broker) == [("BUY", 10, 4, "CANCELLED"), ("SELL", 4, 4, "COMPLETE")]


def test_the_leg_of_an_iceberg_that_nobody_can_pay_is_rejected_and_ends_it(broker, exchange):
    # Of the 300,000 rupees the first leg takes 195,000.
    broker.place(request(variety="iceberg", quantity=260, iceberg_legs=2, iceberg_quantity=130))
    exchange.match(ticks((1, 1499, 1500)), NOW + timedelta(seconds=1))
    first, second = sorted(broker.orders(), key=lambda order: order.status)
    assert (first.status, first.filled_quantity) == ("COMPLETE", 130)
    assert (second.status, second.quantity) == ("REJECTED", 130)
    assert "Insufficient funds" in second.status_message


def test_the_margin_of_an_iceberg_is_that_of_all_its_legs(broker):
    whole = request(quantity=20)
    legs = request(quantity=20, variety="iceberg", iceberg_legs=2, iceberg_quantity=10)
    told = [row["total"] for row in broker.order_margins([whole, legs])]
    assert told[0] == told[1]


def test_the_broker_takes_his_fee_for_ending_a_position_and_ends_it_once():
    late = NOW.replace(hour=15, minute=9)
    broker, exchange = at(late)
    broker.place(request())
    open_for = int((late - NOW).total_seconds())
    exchange.match(ticks((open_for + 1, 1499, 1500)), late + timedelta(seconds=1))
    cash = broker.margins()["equity"]["net"]
    hour = late.replace(minute=10)
    (frame,) = exchange.match(ticks((open_for + 60, 1499, 1500)), hour)
    assert (frame["placed_by"], frame["transaction_type"], frame["quantity"]) == ("RMS", "SELL", 10)
    # Not twice, though it has not traded yet; nor for a person to take back.
    assert exchange.match(ticks(), hour) == []
    with pytest.raises(BrokerRefused, match="There is no regular order"):
        broker.cancel("regular", frame["order_id"])
    (sold,) = exchange.match(ticks((open_for + 61, 1499, 1500)), hour + timedelta(seconds=1))
    assert sold["status"] == "COMPLETE"
    paid = 10 * 1499 - (broker.margins()["equity"]["net"] - cash)
    assert Decimal(str(paid)) > 59
    assert exchange.match(ticks((open_for + 62, 1499, 1500)), hour + timedelta(seconds=2)) == []


def test_an_early_close_is_squared_off_in_its_last_minute():
    """At the broker's hour there would be nobody left to buy."""
    early = {"day": NOW.date(), "segment": "cash", "open": "09:15", "close": "12:00", "reason": "a test"}
    settings = Settings.model_validate({"sessions": [early]})
    broker, exchange = at(NOW, lambda: settings)
    broker.place(request())
    exchange.match(ticks((1, 1499, 1500)), NOW + timedelta(seconds=1))
    noon = NOW.replace(hour=11, minute=59)
    assert exchange.match(ticks(), noon - timedelta(seconds=1)) == []
    assert [frame["placed_by"] for frame in exchange.match(ticks(), noon)] == ["RMS"]


def test_the_broker_ends_a_position_only_once_nothing_else_sells_it(monkeypatch):
    late = NOW.replace(hour=15, minute=9)
    broker, exchange = at(late)
    broker.place(request())
    open_for = int((late - NOW).total_seconds())
    exchange.match(ticks((open_for + 1, 1499, 1500)), late + timedelta(seconds=1))
    broker.place(request("SELL", price="1510.00", tag="t2"))
    hour, busy = late.replace(minute=10), [WriteConflict([])]
    write = MemoryStore.write

    def conflicting(store, *writes):
        if busy:
            raise busy.pop()
        write(store, *writes)

    monkeypatch.setattr(MemoryStore, "write", conflicting)
    # The sell that rests could not be taken back at this moment.
    assert exchange.match(ticks((open_for + 60, 1499, 1500)), hour) == []
    exchange.match(ticks((open_for + 61, 1499, 1500)), hour + timedelta(seconds=1))
    exchange.match(ticks((open_for + 62, 1510, 1511)), hour + timedelta(seconds=2))
    assert [row.quantity for row in broker.positions()] == [0]
    assert [order.status for order in broker.orders() if order.tag == "t2"] == ["CANCELLED"]


def test_an_after_market_order_stands_in_the_book_of_the_day_on_which_it_trades():
    evening = NOW.replace(hour=17)
    store, clock = MemoryStore(), FixedClock(evening)
    store.write(create(MarketClock(market_time=evening, seen_at=evening)))
    broker = PaperBroker("main", store, clock, Settings, lambda _: UNIVERSE)
    broker.place(request(variety="amo", product="CNC"))
    clock.moment = NOW + timedelta(days=1)
    exchange = PaperExchange(store, clock, Settings)
    exchange.match(ticks((86_400, 1490, 1491)), NOW + timedelta(days=1))
    assert [(order.status, order.filled_quantity) for order in broker.orders()] == [("COMPLETE", 10)]
    assert [trade.quantity for trade in broker.trades()] == [10]
