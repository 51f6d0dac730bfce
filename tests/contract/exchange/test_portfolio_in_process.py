"""GTTs, margins, positions and funds through the official client, on an exchange without wires."""

from typing import Any

import kiteconnect.exceptions as kite_errors
import pytest

from patang_workbench.exchange.candles import MarketData
from patang_workbench.exchange.engine import Carried
from tests.contract.exchange.by_hand import Trader, trader


@pytest.fixture
def desk(market: MarketData) -> Trader:
    return trader(market)


def gtt_order(symbol: str, side: str, units: int, price: float, product: str) -> dict[str, Any]:
    return {
        "tradingsymbol": symbol,
        "transaction_type": side,
        "quantity": units,
        "order_type": "LIMIT",
        "product": product,
        "price": price,
    }


def two_legs(desk: Trader) -> tuple[int, float]:
    """A bought lot of the option with a GTT that sells it; returns the trigger's id and the last price."""
    desk.place(desk.option, units=65)
    last = desk.last(f"NFO:{desk.option}")
    low, high = round(last * 0.8), round(last * 1.3)
    legs = [gtt_order(desk.option, "SELL", 65, price, "NRML") for price in (low - 1, high)]
    made = desk.client.place_gtt("two-leg", desk.option, "NFO", [low, high], last, legs)
    return made["trigger_id"], last


def test_a_two_leg_gtt_from_its_making_to_its_order(desk: Trader) -> None:
    number, last = two_legs(desk)
    (listed,) = desk.client.get_gtts()
    assert listed == desk.client.get_gtt(number)
    assert (listed["id"], listed["type"], listed["status"]) == (number, "two-leg", "active")
    assert (listed["condition"]["last_price"], listed["orders"][0]["result"]) == (last, None)
    low = round(last * 0.8)
    desk.exchange.stage(instrument=f"NFO:{desk.option}", last=low - 0.5)
    found = desk.client.get_gtt(number)
    stop, target = found["orders"]
    assert (found["status"], target["result"]) == ("triggered", None)
    assert stop["result"]["triggered_at"] == low - 0.5
    order = desk.order(stop["result"]["order_result"]["order_id"])
    assert (order["status"], order["transaction_type"]) == ("COMPLETE", "SELL")
    assert order["meta"] == {"app_id": 1, "gtt": number}
    assert desk.client.positions()["net"][0]["quantity"] == 0
    channels = {channel for channel, status in desk.frames() if status == "COMPLETE"}
    assert channels == {"frames", "postbacks"}, "a postback of the entry, a frame of both"


def test_a_gtt_survives_the_close_by_hand_and_is_changed_and_deleted(desk: Trader) -> None:
    number, last = two_legs(desk)
    desk.exchange.owner(action="close", exchange="NFO", tradingsymbol=desk.option, product="NRML")
    assert desk.client.positions()["net"][0]["quantity"] == 0
    assert desk.client.get_gtt(number)["status"] == "active"
    legs = [gtt_order(desk.option, "SELL", 130, 5.0, "NRML")] * 2
    values = [round(last * 0.5), round(last * 2)]
    assert desk.client.modify_gtt(number, "two-leg", desk.option, "NFO", values, last, legs) == {
        "trigger_id": number
    }
    assert desk.client.get_gtt(number)["orders"][0]["quantity"] == 130
    assert desk.client.delete_gtt(number) == {"trigger_id": number}
    assert desk.client.get_gtt(number)["status"] == "deleted"
    with pytest.raises(kite_errors.InputException):
        desk.client.delete_gtt(number)
    with pytest.raises(kite_errors.GeneralException) as refusal:
        desk.client.get_gtt(7)
    assert refusal.value.code == 404


def test_a_single_gtt_takes_limits_in_kept_products_only(desk: Trader) -> None:
    last = desk.last("NSE:INFY")
    high = round(last * 1.05)
    for change in ({"order_type": "MARKET"}, {"product": "MIS"}):
        order = gtt_order("INFY", "BUY", 1, high, "CNC") | change
        with pytest.raises(kite_errors.InputException):
            desk.client.place_gtt("single", "INFY", "NSE", [high], last, [order])
    order = gtt_order("INFY", "BUY", 1, high, "CNC")
    with pytest.raises(kite_errors.InputException, match=r"0\.25 %"):
        desk.client.place_gtt("single", "INFY", "NSE", [round(last * 1.001, 1)], last, [order])
    assert desk.client.get_gtts() == []


@pytest.mark.parametrize("status", ["disabled", "cancelled", "expired", "rejected", "deleted"])
def test_the_broker_may_end_a_gtt(desk: Trader, status: str) -> None:
    number, _ = two_legs(desk)
    desk.exchange.owner(action="end_gtt", trigger_id=number, status=status)
    assert desk.client.get_gtt(number)["status"] == status


def test_what_an_order_would_block_is_what_it_blocks(desk: Trader) -> None:
    before = desk.client.margins("equity")["net"]
    price = int(desk.last("NSE:INFY"))
    cash = [desk.terms("INFY", "BUY", 10, price=price, product=product) for product in ("MIS", "CNC", "MTF")]
    mis, cnc, mtf = desk.client.order_margins(cash)
    assert (mis["total"], cnc["total"], mtf["total"]) == pytest.approx((2 * price, 10 * price, 2.5 * price))
    assert (mis["leverage"], cnc["leverage"], cnc["var"]) == (5, 1, cnc["total"])
    assert cnc["charges"]["stamp_duty"] > 0
    option = int(desk.last(f"NFO:{desk.option}"))
    buy = desk.terms(desk.option, "BUY", 65, price=option)
    sell = desk.terms(desk.option, "SELL", 65, price=option)
    long, short = desk.client.order_margins([buy, sell])
    assert (long["option_premium"], long["total"]) == (65 * option, 65 * option)
    assert short["span"] + short["exposure"] == pytest.approx(short["total"], abs=0.02)
    assert short["total"] > 100_000
    future = desk.terms("NIFTY26AUGFUT", "BUY", 65, price=24_123.6)
    assert desk.client.order_margins([future])[0]["total"] == pytest.approx(65 * 24_123.6 * 0.12, abs=1)
    assert mtf["charges"]["transaction_tax"] == pytest.approx(price * 10 * 0.001), "delivered, not intraday"
    low = price - 100
    desk.place("INFY", units=10, price=low, product="CNC")
    assert before - desk.client.margins("equity")["net"] == pytest.approx(10 * low)
    desk.place(desk.option, units=65)
    (closing,) = desk.client.order_margins([sell])
    assert closing["total"] == 0, "a sell against the position opens nothing"


def test_a_basket_knows_hedges_and_positions(desk: Trader) -> None:
    option = int(desk.last(f"NFO:{desk.option}"))
    legs = [desk.terms(desk.option, side, 65, price=option) for side in ("SELL", "BUY")]
    found = desk.client.basket_order_margins(legs)
    assert [row["tradingsymbol"] for row in found["orders"]] == [desk.option] * 2
    assert found["initial"]["total"] == pytest.approx(sum(row["total"] for row in found["orders"]), abs=0.05)
    assert found["final"]["total"] < 0.6 * found["initial"]["total"]
    compact = desk.client.basket_order_margins(legs, mode="compact")
    assert set(compact["final"]) == {"type", "tradingsymbol", "exchange", "total"}
    desk.place(desk.option, units=65)
    sell = legs[:1]
    assert desk.client.basket_order_margins(sell)["final"]["total"] == 0
    alone = desk.client.basket_order_margins(sell, consider_positions=False)
    assert alone["final"]["total"] == alone["initial"]["total"] > 100_000
    with pytest.raises(kite_errors.InputException, match="no instrument"):
        desk.client.order_margins([desk.terms("NOSUCH", "BUY", 1, price=1)])


def test_positions_are_converted(desk: Trader) -> None:
    desk.place("INFY", units=10)
    words = ("NSE", "INFY", "BUY", "day", 4, "MIS", "CNC")
    assert desk.client.convert_position(*words) is True
    held = {row["product"]: row["quantity"] for row in desk.client.positions()["net"]}
    assert held == {"MIS": 6, "CNC": 4}
    with pytest.raises(kite_errors.OrderException, match="no 9 units"):
        desk.client.convert_position("NSE", "INFY", "BUY", "day", 9, "MIS", "CNC")


def test_what_is_carried_into_the_session(market: MarketData) -> None:
    carried = (Carried("NFO:NIFTY26AUGFUT", 65, average=24_000), Carried("NFO:BANKNIFTY26AUGFUT", -30))
    desk = trader(market, carried=carried, holdings={"ITC": 50}, t1_holdings={"ITC": 5, "SBIN": 7})
    found = desk.client.positions()
    rows = {row["tradingsymbol"]: row for row in found["net"]}
    assert (rows["NIFTY26AUGFUT"]["overnight_quantity"], rows["NIFTY26AUGFUT"]["average_price"]) == (
        65,
        24_000,
    )
    assert (rows["BANKNIFTY26AUGFUT"]["quantity"], found["day"]) == (-30, [])
    assert desk.client.margins("equity")["utilised"]["span"] > 0
    held = {row["tradingsymbol"]: (row["quantity"], row["t1_quantity"]) for row in desk.client.holdings()}
    assert held == {"ITC": (50, 5), "SBIN": (0, 7)}


def test_trades_by_order_and_all(desk: Trader) -> None:
    desk.exchange.fault(kind="partial_fills", pieces=3)
    pieces = desk.place("INFY", units=9, tag="pieces")
    other = desk.place("TCS", units=1)
    desk.exchange.advance(60)
    found = desk.client.order_trades(pieces)
    assert [trade["quantity"] for trade in found] == [3, 3, 3]
    assert {trade["order_id"] for trade in desk.client.trades()} == {pieces, other}
    row = desk.order(pieces)
    value = sum(trade["average_price"] * trade["quantity"] for trade in found)
    assert row["average_price"] == pytest.approx(value / 9, abs=0.01)
