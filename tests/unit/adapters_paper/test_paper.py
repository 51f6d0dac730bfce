"""The paper broker and its exchange: what is refused, what fills and at which price, and what it costs."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from patang.adapters.paper.broker import PaperBroker
from patang.errors import BrokerRefused
from patang.execution.following.broker_order import parse_order
from patang.ports import OrderRequest, WriteConflict
from patang.risk.charges import exact_charges
from patang.settings import Settings
from tests.fakes import FixedClock, MemoryStore
from tests.unit.adapters_paper.book import CALL, NOW, UNIVERSE, ticks

BUY = OrderRequest("regular", "NSE", "INFY", "BUY", 10, "LIMIT", "MIS", "DAY", "buy1", price="1500.00")
SELL = replace(BUY, transaction_type="SELL", tag="sell1", price="1490.00")
OPTION = OrderRequest(
    "regular", "NFO", CALL.tradingsymbol, "BUY", 65, "LIMIT", "NRML", "DAY", "opt1", price="120.00"
)
LATER = NOW + timedelta(seconds=5)


def cost(side: str, value: str) -> float:
    """What an intraday order in a share costs on that day beyond its value, rupees."""
    charged = exact_charges("equity-intraday", "NSE", side, Decimal(value), NOW.date())
    return float(charged.in_rupees().total)


def cash(broker: PaperBroker) -> float:
    return broker.margins()["equity"]["available"]["cash"]


def free(broker: PaperBroker) -> float:
    return broker.margins()["equity"]["net"]


def status(broker: PaperBroker, tag: str) -> str:
    return next(order.status for order in broker.orders() if order.tag == tag)


@pytest.fixture
def holding(broker, exchange):
    """Ten shares bought at 1,499."""
    broker.place(BUY)
    exchange.match(ticks((1, 1498, 1499)), LATER)
    return broker


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"tradingsymbol": "NOSUCH"}, "NSE:NOSUCH"),
        ({"tradingsymbol": "NIFTY 50"}, "index"),
        ({"quantity": 0}, "above 0"),
        ({"price": None}, "need a price"),
        ({"price": "1500.03"}, "tick of 0.05"),
        ({"price": "many"}, "price"),
        ({"tag": "x" * 21}, "20 letters"),
        ({"tag": "not-this"}, "letters and digits"),
        ({"variety": "amo"}, "not accepted while the market is open"),
        ({"variety": "bo"}, "Invalid `variety`"),
        ({"order_type": "MARKET", "price": None}, "market protection"),
        ({"order_type": "SL"}, "trigger price"),
        ({"order_type": "SL", "trigger_price": "1501.00"}, "below the trigger"),
        ({"transaction_type": "SELL"}, "sell short"),
        ({"quantity": 201}, "Insufficient funds"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_no_trace(broker, wrong, said):
    with pytest.raises(BrokerRefused, match=said):
        broker.place(replace(BUY, **wrong))
    assert broker.orders() == []
    assert free(broker) == 300_000


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"quantity": 100}, "lot of 65"),
        ({"order_type": "SL-M", "trigger_price": "130", "market_protection": "-1"}, "SL-M"),
    ],
)
def test_options_have_lots_and_no_market_stops(broker, wrong, said):
    with pytest.raises(BrokerRefused, match=said):
        broker.place(replace(OPTION, **wrong))


def test_nothing_is_taken_before_the_market_has_a_time():
    broker = PaperBroker("main", MemoryStore(), FixedClock(NOW), Settings, {NOW.date(): UNIVERSE}.get)
    with pytest.raises(BrokerRefused, match="ingester"):
        broker.place(BUY)


def test_a_tag_is_placed_once(broker):
    assert broker.place(BUY) == broker.place(BUY)
    assert len(broker.orders()) == 1
    assert free(broker) == pytest.approx(300_000 - 15_000 - cost("BUY", "15000"))


def test_a_buy_fills_at_the_ask_and_not_above_its_limit(broker, exchange):
    broker.place(BUY)
    assert exchange.match(ticks((1, 1500, 1501), (2, 1500, 1500.5)), LATER) == []
    (frame,) = exchange.match(ticks((3, 1500, 1501), (4, 1498, 1499.55), (5, 1490, 1491)), LATER)
    order = parse_order(frame)
    assert (order.status, order.filled_quantity, order.average_price) == ("COMPLETE", 10, "1499.55")
    assert order.updated_at == NOW + timedelta(seconds=4)
    assert frame["account_id"] == "main"
    assert cash(broker) == free(broker) == pytest.approx(300_000 - 14_995.5 - cost("BUY", "14995.5"))
    (position,) = broker.positions()
    assert (position.tradingsymbol, position.quantity, position.average_price) == ("INFY", 10, "1499.55")


def test_a_fill_is_told_once(broker, exchange):
    broker.place(BUY)
    assert len(exchange.match(ticks((1, 1490, 1491)), LATER)) == 1
    assert exchange.match(ticks((2, 1490, 1491)), LATER) == []


def test_ticks_from_before_the_order_do_not_fill_it(broker, exchange):
    broker.place(BUY)
    assert exchange.match(ticks((-1, 1400, 1401)), LATER) == []


def test_a_sale_fills_at_the_bid_and_empties_the_position(holding, exchange):
    holding.place(SELL)
    exchange.match(ticks((6, 1495.5, 1496)), LATER)
    assert [position.quantity for position in holding.positions()] == [0]
    charges = cost("BUY", "14990") + cost("SELL", "14955")
    assert cash(holding) == pytest.approx(300_000 - 14_990 + 14_955 - charges)


def test_two_sales_cannot_rest_on_one_holding(holding):
    holding.place(replace(SELL, price="1600.00"))
    with pytest.raises(BrokerRefused, match="0 free"):
        holding.place(replace(SELL, tag="sell2"))


def test_a_stop_waits_for_its_trigger(holding, exchange):
    stop = replace(SELL, order_type="SL", trigger_price="1480.00", price="1478.00")
    holding.place(stop)
    assert exchange.match(ticks((6, 1485, 1486)), LATER) == []
    (frame,) = exchange.match(ticks((7, 1470, 1471, 1480), (8, 1479, 1480)), LATER)
    assert (frame["status"], frame["average_price"]) == ("COMPLETE", 1479)


def test_a_stop_that_is_jumped_over_stays_in_the_market(holding, exchange):
    holding.place(replace(SELL, order_type="SL", trigger_price="1480.00", price="1478.00"))
    (frame,) = exchange.match(ticks((7, 1470, 1471, 1470)), LATER)
    assert frame["status"] == "OPEN"


def test_a_market_order_is_protected(holding, exchange):
    holding.place(replace(SELL, order_type="MARKET", price=None, market_protection="1"))
    assert exchange.match(ticks((6, 1400, 1500, 1500)), LATER) == []
    (frame,) = exchange.match(ticks((7, 1486, 1487, 1500)), LATER)
    assert frame["average_price"] == 1486


def test_a_market_order_that_costs_more_than_there_is_is_rejected(broker, exchange):
    broker.place(replace(BUY, order_type="MARKET", price=None, market_protection="-1", quantity=250))
    (frame,) = exchange.match(ticks((1, 1500, 1501)), LATER)
    assert (frame["status"], frame["status_message"]) == ("REJECTED", "Insufficient funds.")
    assert free(broker) == 300_000


def test_a_cancelled_order_gives_its_money_back_and_is_never_filled(broker, exchange):
    order_id = broker.place(BUY)
    broker.cancel("regular", order_id)
    assert free(broker) == 300_000
    assert exchange.match(ticks((1, 1490, 1491)), LATER) == []
    with pytest.raises(BrokerRefused, match="CANCELLED"):
        broker.cancel("regular", order_id)


def test_a_changed_price_is_checked_and_used(holding, exchange):
    order_id = holding.place(replace(SELL, price="1600.00"))
    with pytest.raises(BrokerRefused, match="tick"):
        holding.modify("regular", order_id, {"price": "1494.99"})
    holding.modify("regular", order_id, {"price": "1495.00", "quantity": "4"})
    (frame,) = exchange.match(ticks((6, 1495, 1496)), LATER)
    assert (frame["status"], frame["quantity"]) == ("COMPLETE", 4)
    assert holding.positions()[0].quantity == 6


def test_a_stop_becomes_a_limit_order_when_the_exit_takes_it_over(holding, exchange):
    order_id = holding.place(replace(SELL, order_type="SL", trigger_price="1480.00", price="1478.00"))
    holding.modify("regular", order_id, {"order_type": "LIMIT", "price": "1490.00"})
    (frame,) = exchange.match(ticks((6, 1495, 1496)), LATER)
    assert (frame["status"], frame["average_price"]) == ("COMPLETE", 1495)


def test_an_order_that_finds_nobody_at_once_is_cancelled_if_it_must(broker, exchange):
    broker.place(replace(BUY, validity="IOC"))
    (frame,) = exchange.match(ticks((1, 1500, 1501)), LATER)
    assert (frame["status"], frame["cancelled_quantity"]) == ("CANCELLED", 10)
    assert free(broker) == 300_000


def test_a_days_order_does_not_live_to_the_next(broker, exchange):
    broker.place(BUY)
    (frame,) = exchange.match(ticks((1, 1500, 1501)), NOW + timedelta(days=1))
    assert frame["status"] == "CANCELLED"


def test_a_change_in_between_leaves_the_order_to_the_next_ticks(broker, exchange, store, monkeypatch):
    broker.place(BUY)
    write = store.write

    def cancelled_meanwhile(*writes):
        monkeypatch.setattr(store, "write", write)
        raise WriteConflict([writes[0].key])

    monkeypatch.setattr(store, "write", cancelled_meanwhile)
    assert exchange.match(ticks((1, 1490, 1491)), LATER) == []
    assert status(broker, "buy1") == "OPEN"
    assert len(exchange.match(ticks((2, 1490, 1491)), LATER)) == 1


def test_average_price_is_over_all_that_is_held(holding, exchange):
    holding.place(replace(BUY, tag="buy2", price="1600.00"))
    exchange.match(ticks((6, 1508, 1509)), LATER)
    (position,) = holding.positions()
    assert (position.quantity, Decimal(position.average_price)) == (20, 1504)
