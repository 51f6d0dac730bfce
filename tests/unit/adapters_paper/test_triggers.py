"""Paper triggers: kept over nights, reached once, and what they place."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from patang.adapters.paper.broker import PaperBroker
from patang.adapters.paper.exchange import PaperExchange
from patang.adapters.paper.gtt import PaperGtt
from patang.adapters.paper.order import PaperOrder
from patang.errors import BrokerRefused, TryAgain
from patang.execution.following.broker_order import parse_order
from patang.execution.market_clock import MarketClock
from patang.keys import market_clock_key
from patang.ports import GttLeg, GttRequest, OrderRequest, WriteConflict
from patang.records import load, load_all
from patang.records import replace as stored
from patang.settings import Settings
from tests.fakes import FixedClock
from tests.unit.adapters_paper.book import CALL, NOW, UNIVERSE, ticks

BUY = OrderRequest("regular", "NSE", "INFY", "BUY", 10, "LIMIT", "CNC", "DAY", "buy1", price="1500.00")
STOP = GttLeg("SELL", 10, "CNC", "1440.00")
TARGET = GttLeg("SELL", 10, "CNC", "1560.00")
OCO = GttRequest("two-leg", "NSE", "INFY", ("1450", "1560"), "1500", (STOP, TARGET))
SINGLE = GttRequest("single", "NSE", "INFY", ("1450",), "1500", (STOP,))
LATER = NOW + timedelta(seconds=5)


@pytest.fixture
def holding(broker, exchange):
    """Ten shares bought for delivery at 1,499."""
    broker.place(BUY)
    exchange.match(ticks((1, 1498, 1499)), LATER)
    return broker


def only(broker):
    (gtt,) = broker.gtts()
    return gtt


def test_numbers_are_never_used_twice(holding):
    assert [holding.place_gtt(SINGLE) for _ in range(3)] == ["1", "2", "3"]
    holding.delete_gtt("2")
    assert holding.place_gtt(SINGLE) == "4"


@pytest.mark.parametrize(
    ("last", "leg"), [(1450.0, 0), (1449.0, 0), (1560.0, 1), (1580.0, 1), (1450.05, None), (1559.95, None)]
)
def test_the_leg_whose_price_is_reached_places_its_order_and_the_other_never_does(
    holding, exchange, last, leg
):
    holding.place_gtt(OCO)
    frames = exchange.match(ticks((2, last - 0.1, last + 0.1, last)), LATER)
    if leg is None:
        assert frames == []
        assert only(holding).status == "active"
        return
    (frame,) = frames
    child = parse_order(frame)
    assert (child.tag, child.status, child.quantity) == ("", "OPEN", 10)
    assert frame["price"] == (1440.0, 1560.0)[leg]
    assert frame["meta"] == {"gtt": "1"}
    assert only(holding).status == "triggered"
    assert only(holding).order_ids == ((child.order_id, None), (None, child.order_id))[leg]
    later = ticks((3, 1570, 1571), (4, 1430, 1431), (5, 1570, 1571))
    (sold,) = exchange.match(later, LATER + timedelta(seconds=5))
    assert (sold["order_id"], sold["status"]) == (child.order_id, "COMPLETE")
    assert exchange.match(ticks((6, 1430, 1431)), LATER) == []
    assert [row.quantity for row in holding.positions()] == [0]


def test_a_buy_trigger_above_the_price_is_reached_from_below(broker, exchange):
    broker.place(replace(BUY, tag="far1", price="1000.00"))
    leg = GttLeg("BUY", 10, "CNC", "1525.00")
    broker.place_gtt(GttRequest("single", "NSE", "INFY", ("1520",), "1500", (leg,)))
    assert exchange.match(ticks((2, 1400, 1401, 1400)), LATER) == []
    (frame,) = exchange.match(ticks((3, 1520, 1521, 1520)), LATER)
    assert (frame["transaction_type"], frame["status"]) == ("BUY", "OPEN")


def test_prices_from_before_a_trigger_do_not_reach_it(holding, exchange):
    holding.place_gtt(SINGLE)
    assert exchange.match(ticks((-1, 1400, 1401, 1400)), LATER) == []
    assert only(holding).status == "active"


def test_a_trigger_that_finds_nothing_to_sell_is_rejected_and_says_why(holding, exchange):
    holding.place_gtt(SINGLE)
    holding.place(replace(BUY, transaction_type="SELL", price="1600.00", tag="rests1"))
    assert exchange.match(ticks((2, 1449, 1450, 1449)), LATER) == []
    gtt = only(holding)
    assert (gtt.status, gtt.order_ids) == ("rejected", (None,))
    assert "0 free" in gtt.raw["rejection_reasons"][0]


def test_a_triggered_order_can_be_changed_and_cancelled_as_any_other(holding, exchange):
    holding.place_gtt(SINGLE)
    (frame,) = exchange.match(ticks((2, 1430, 1431, 1430)), LATER)
    holding.modify("regular", frame["order_id"], {"price": "1425.00"})
    (sold,) = exchange.match(ticks((3, 1430, 1431)), LATER)
    assert (sold["status"], sold["average_price"]) == ("COMPLETE", 1430)


def test_a_trigger_outlives_the_night_and_ends_with_its_year(holding, exchange, store):
    holding.place_gtt(SINGLE)
    tomorrow = NOW + timedelta(days=1)
    assert exchange.match(ticks((86_400, 1470, 1471)), tomorrow) == []
    assert only(holding).status == "active"
    assert exchange.match(ticks(), NOW + timedelta(days=366)) == []
    assert only(holding).status == "expired"


def test_a_trigger_on_a_contract_ends_with_it(broker, exchange):
    leg = GttLeg("SELL", 65, "NRML", "80.00")
    broker.place_gtt(GttRequest("single", "NFO", CALL.tradingsymbol, ("85",), "120", (leg,)))
    exchange.match(ticks(instrument=CALL), NOW.replace(day=25, hour=15, minute=39))
    assert only(broker).status == "active"
    exchange.match(ticks(instrument=CALL), NOW.replace(day=25, hour=15, minute=40))
    assert only(broker).status == "expired"


def test_what_a_trigger_of_long_ago_places_today_is_in_todays_book(holding, exchange, store):
    holding.place_gtt(SINGLE)
    later = NOW + timedelta(days=30)
    clock = FixedClock(later)
    today = PaperBroker("main", store, clock, Settings, {NOW.date(): UNIVERSE}.get)
    (frame,) = PaperExchange(store, clock, Settings).match(ticks((30 * 86_400, 1430, 1431, 1430)), later)
    sold = PaperExchange(store, clock, Settings).match(ticks((30 * 86_400 + 1, 1450, 1451)), later)
    assert [row["status"] for row in sold] == ["COMPLETE"]
    assert [row.order_id for row in today.orders()] == [frame["order_id"]]
    assert [row.order_id for row in today.trades()] == [frame["order_id"]]
    (gtt,) = load_all(store, PaperGtt, "PAPER#main", "GTT#")
    (child,) = [row for row in load_all(store, PaperOrder, "PAPER#main", "ORDER#") if row.gtt_id]
    assert min(gtt.expires_at(), child.expires_at()) > later.timestamp()


def test_a_trigger_deleted_in_between_places_nothing(holding, exchange, store, monkeypatch):
    holding.place_gtt(SINGLE)
    write = store.write

    def deleted_meanwhile(*writes):
        monkeypatch.setattr(store, "write", write)
        holding.delete_gtt("1")
        write(*writes)

    monkeypatch.setattr(store, "write", deleted_meanwhile)
    assert exchange.match(ticks((2, 1430, 1431, 1430)), LATER) == []
    assert only(holding).status == "deleted"
    assert [order.tag for order in holding.orders()] == ["buy1"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"trigger_values": ("1450", "1560")}, "1 trigger values"),
        ({"trigger_values": ("1498",)}, r"0\.25 %"),
        ({"trigger_values": ("many",)}, "many"),
        ({"legs": (replace(STOP, price="1440.03"),)}, "tick"),
        ({"legs": (replace(STOP, product="MIS"),)}, "MIS"),
        ({"legs": (replace(STOP, product="NRML"),)}, "NRML"),
        ({"legs": (replace(STOP, order_type="MARKET"),)}, "LIMIT only"),
        ({"tradingsymbol": "NOSUCH"}, "universe"),
    ],
)
def test_what_no_broker_keeps_is_refused(broker, wrong, said):
    with pytest.raises(BrokerRefused, match=said):
        broker.place_gtt(replace(SINGLE, **wrong))
    assert broker.gtts() == []


def test_the_kind_of_a_trigger_stays(holding):
    holding.place_gtt(SINGLE)
    with pytest.raises(BrokerRefused, match="cannot be changed"):
        holding.modify_gtt("1", OCO)
    with pytest.raises(BrokerRefused, match="no trigger 2"):
        holding.modify_gtt("2", SINGLE)


def go_to(store, day: date) -> PaperBroker:
    """The account at ten o'clock of another market day."""
    clock = load(store, MarketClock, market_clock_key())
    now = NOW.replace(year=day.year, month=day.month, day=day.day)
    store.write(stored(clock.evolve(market_time=now, seen_at=now)))
    universe = UNIVERSE.model_copy(update={"day": day})
    return PaperBroker("main", store, FixedClock(now), Settings, {day: universe}.get)


def test_shares_bought_for_delivery_arrive_and_contracts_stay_positions(holding, exchange, store):
    contract = OrderRequest(
        "regular", "NFO", CALL.tradingsymbol, "BUY", 65, "LIMIT", "NRML", "DAY", "opt1", price="120.00"
    )
    holding.place(contract)
    exchange.match(ticks((2, 119, 120), instrument=CALL), LATER)
    wednesday = go_to(store, date(2026, 8, 19))
    (share,) = wednesday.holdings()
    assert (share.quantity, share.t1_quantity, share.average_price) == (0, 10, "1499.00")
    (option,) = wednesday.positions()
    assert (option.tradingsymbol, option.quantity, option.overnight_quantity) == (CALL.tradingsymbol, 65, 65)
    assert option.average_price == "120.00"
    sale = replace(BUY, transaction_type="SELL", price="1490.00", quantity=4, tag="sold1")
    wednesday.place(sale)
    exchange.match(ticks((86_401, 1495, 1496)), NOW + timedelta(days=1, seconds=5))
    (share,) = wednesday.holdings()
    assert (share.quantity, share.t1_quantity, share.used_quantity) == (0, 6, 4)
    assert {row.product: row.quantity for row in wednesday.positions()} == {"NRML": 65, "CNC": -4}
    thursday = go_to(store, date(2026, 8, 20))
    (share,) = thursday.holdings()
    assert (share.quantity, share.t1_quantity, share.used_quantity) == (6, 0, 0)
    assert {row.product: row.quantity for row in thursday.positions()} == {"NRML": 65}


def test_more_than_25_changes_of_an_order_are_not_taken(broker):
    order_id = broker.place(BUY)
    for _ in range(25):
        broker.modify("regular", order_id, {"price": "1499.00"})
    with pytest.raises(BrokerRefused, match="Maximum allowed order modifications"):
        broker.modify("regular", order_id, {"price": "1498.00"})


def test_an_account_that_others_keep_changing_is_busy_and_nothing_was_placed(broker, store, monkeypatch):
    def conflict(*writes):
        raise WriteConflict([])

    monkeypatch.setattr(store, "write", conflict)
    with pytest.raises(TryAgain, match="busy"):
        broker.place(BUY)
    assert broker.orders() == []


def test_a_closed_market_takes_no_order(store):
    saturday = go_to(store, date(2026, 8, 22))
    with pytest.raises(BrokerRefused, match="closed on 2026-08-22"):
        saturday.place(BUY)
