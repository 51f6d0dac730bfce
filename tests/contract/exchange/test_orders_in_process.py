"""The official client and the broker's rules for orders, on an exchange without wires."""

from dataclasses import replace
from typing import Any

import kiteconnect.exceptions as kite_errors
import pytest

from patang_workbench.exchange.candles import MarketData
from patang_workbench.exchange.errors import InputError
from patang_workbench.exchange.rules import Limits, Rules
from tests.contract.exchange.by_hand import UNLIMITED, Trader, trader


@pytest.fixture
def desk(market: MarketData) -> Trader:
    return trader(market)


def test_every_variety_is_placed_changed_and_cancelled_under_its_own_route(desk: Trader) -> None:
    low = round(desk.last("NSE:INFY") * 0.97)
    for variety, words in (
        ("regular", {}),
        ("co", {"trigger_price": low - 10}),
        ("iceberg", {"iceberg_legs": 2, "iceberg_quantity": 5}),
    ):
        order = desk.place("INFY", units=10, price=low, variety=variety, **words)
        assert desk.order(order)["status"] == "OPEN"
        assert desk.client.modify_order(variety, order, price=low + 1) == order
        assert desk.client.cancel_order(variety, order) == order
        row = desk.order(order)
        assert (row["variety"], row["status"], row["price"]) == (variety, "CANCELLED", low + 1)
    assert [row["variety"] for row in desk.client.orders()] == ["regular", "co", "iceberg"]


def test_an_order_before_the_open_is_released_at_the_open(market: MarketData) -> None:
    desk = trader(market, start="09:10:00")
    order = desk.place("INFY", variety="amo", price=1600, product="CNC")
    assert desk.order(order)["status"] == "AMO REQ RECEIVED"
    assert desk.client.modify_order("amo", order, price=1590) == order
    desk.exchange.advance(310)
    row = desk.order(order)
    assert (row["variety"], row["status"], row["filled_quantity"]) == ("amo", "COMPLETE", 1)


def test_an_auction_order_through_the_client(market: MarketData) -> None:
    desk = trader(market, start="14:29:00")
    (offered,) = desk.client.get_auction_instruments()
    assert offered["tradingsymbol"] == "ITC"
    desk.exchange.advance(120)
    price = int(desk.last("NSE:ITC"))
    words = {"variety": "auction", "product": "CNC", "auction_number": offered["auction_number"]}
    order = desk.place("ITC", "SELL", 20, price=price, **words)
    assert desk.order(order)["auction_number"] == offered["auction_number"]
    desk.exchange.advance(1800)
    assert desk.order(order)["status"] == "COMPLETE"


def test_a_cover_order_ends_in_one_exit_of_its_second_leg(desk: Trader) -> None:
    last = desk.last("NSE:INFY")
    first = desk.place("INFY", units=10, variety="co", trigger_price=round(last * 0.98), tag="cover")
    stop = next(row for row in desk.client.orders() if row["parent_order_id"] == first)
    assert (stop["status"], stop["product"], stop["quantity"]) == ("TRIGGER PENDING", "CO", 10)
    (position,) = desk.client.positions()["net"]
    assert (position["product"], position["quantity"]) == ("CO", 10)
    desk.client.exit_order("co", stop["order_id"], parent_order_id=first)
    assert desk.order(stop["order_id"])["status"] == "COMPLETE"
    assert desk.client.positions()["net"][0]["quantity"] == 0
    assert len(desk.exchange.by_tag()["AB1234", "cover"]) == 2
    assert desk.exchange.requests_by_tag() == {("AB1234", "cover"): 1}
    limits = desk.client.trigger_range("BUY", ["NSE:INFY"])["NSE:INFY"]
    assert limits["lower"] < last * 0.98 < limits["upper"]


@pytest.mark.parametrize("shape", ["children", "flat"])
def test_an_order_above_the_freeze_quantity_is_sliced(market: MarketData, shape: Any) -> None:
    desk = trader(market, cash=10_000_000, rules=replace(UNLIMITED, autoslice=shape))
    words = desk.terms(desk.option, "BUY", 65 * 60, tag="sliced")
    reply = desk.client.place_autoslice_order(**words)
    children = reply["children"] if shape == "children" else reply
    rows = [desk.order(child["order_id"]) for child in children]
    assert [row["quantity"] for row in rows] == [1755, 1755, 390]
    parents = {row["tags"][-1] for row in rows}
    assert len(parents) == 1
    if shape == "children":
        assert parents == {f"autoslice:{reply['order_id']}"}
    assert {tuple(row["tags"][:2]) for row in rows} == {("sliced", "autoslice")}
    assert desk.exchange.requests_by_tag() == {("AB1234", "sliced"): 1}, "three orders of one request"


def test_a_slice_without_funds_is_an_error_among_the_others(market: MarketData) -> None:
    desk = trader(market, cash=600_000)
    price = int(desk.last(f"NFO:{desk.option}"))
    reply = desk.client.place_autoslice_order(**desk.terms(desk.option, "BUY", 1755 * 3, price=price))
    placed = [child for child in reply["children"] if "order_id" in child]
    refused = [child["error"] for child in reply["children"] if "error" in child]
    assert len(placed) + len(refused) == 3
    assert {(error["code"], error["error_type"]) for error in refused} == {(400, "MarginException")}


@pytest.mark.parametrize(
    ("units", "message"), [(1755, "greater than or equal to 1820"), (1755 * 11, "at most 10")]
)
def test_what_cannot_be_sliced(desk: Trader, units: int, message: str) -> None:
    with pytest.raises(kite_errors.InputException, match=message):
        desk.client.place_autoslice_order(**desk.terms(desk.option, "BUY", units))


def test_a_stop_of_an_option_has_a_limit_that_may_be_jumped(desk: Trader) -> None:
    with pytest.raises(kite_errors.InputException, match="SL-M orders are not allowed for options"):
        desk.place(desk.option, units=65, order_type="SL-M", trigger_price=1, price=0)
    desk.place(desk.option, units=65)
    key = f"NFO:{desk.option}"
    last = int(desk.last(key))
    stop = desk.place(desk.option, "SELL", 65, order_type="SL", trigger_price=last - 5, price=last - 6)
    assert desk.order(stop)["status"] == "TRIGGER PENDING"
    desk.exchange.stage(instrument=key, last=last - 10)
    desk.exchange.advance(30)
    assert (desk.order(stop)["status"], desk.last(key)) == ("OPEN", last - 10)
    with pytest.raises(kite_errors.InputException, match="without market protection"):
        desk.client.modify_order("regular", stop, order_type="MARKET")
    desk.client.modify_order("regular", stop, order_type="MARKET", market_protection=20)
    row = desk.order(stop)
    assert (row["status"], row["average_price"]) == ("COMPLETE", last - 10.05)
    assert desk.exchange.stage(instrument=key, release=True)["held"] is False
    desk.exchange.advance(60)
    assert desk.last(key) != last - 10


def test_an_empty_side_fills_nothing(desk: Trader) -> None:
    last = int(desk.last("NSE:INFY"))
    desk.exchange.stage(instrument="NSE:INFY", last=last, bid=0)
    sell = desk.place("INFY", "SELL", price=last - 5)
    assert desk.order(sell)["status"] == "OPEN"
    desk.exchange.stage(instrument="NSE:INFY", last=last, bid=last - 4, units=1)
    assert desk.order(sell)["average_price"] == last - 4
    for wrong in ({"instrument": "NSE:NOSUCH", "last": 1}, {"instrument": "NSE:INFY"}):
        with pytest.raises(InputError):
            desk.exchange.stage(**wrong)


def test_the_26th_modification_is_refused(desk: Trader) -> None:
    low = round(desk.last("NSE:INFY") * 0.97)
    order = desk.place("INFY", price=low)
    for step in range(25):
        desk.client.modify_order("regular", order, price=low + step % 2)
    with pytest.raises(kite_errors.NetworkException, match="Maximum allowed order modifications exceeded"):
        desk.client.modify_order("regular", order, price=low)
    desk.client.cancel_order("regular", order)


def test_circuit_limits_are_in_the_quote_and_beyond_them_is_rejected(desk: Trader) -> None:
    quote = desk.client.quote("NSE:INFY")["NSE:INFY"]
    low, high = quote["lower_circuit_limit"], quote["upper_circuit_limit"]
    assert low < quote["last_price"] < high
    for price, name in ((low - 1, "lower"), (high + 1, "upper")):
        order = desk.order(desk.place("INFY", price=price))
        assert order["status"] == "REJECTED"
        assert f"{name} circuit limit of {low if name == 'lower' else high:.2f}" in order["status_message"]
        assert order["status_message_raw"].startswith("17070")
    stop = desk.place("INFY", "SELL", order_type="SL", trigger_price=low, price=low - 1)
    assert "circuit limit" in desk.order(stop)["status_message"]


def test_a_market_order_may_show_as_a_limit_order(market: MarketData) -> None:
    desk = trader(market, rules=replace(UNLIMITED, echo="as_limit"))
    row = desk.order(desk.place("INFY", market_protection=2, tag="mine"))
    assert (row["order_type"], row["market_protection"], row["status"]) == ("LIMIT", 0, "COMPLETE")
    assert row["tags"] == ["mine", "mktp", "mktp:2.00"]
    assert row["price"] > row["average_price"]


def test_a_second_sell_of_a_long_option_needs_the_margin_of_a_short(market: MarketData) -> None:
    desk = trader(market, cash=60_000)
    desk.place(desk.option, units=65)
    last = int(desk.last(f"NFO:{desk.option}"))
    stop = desk.place(desk.option, "SELL", 65, order_type="SL", trigger_price=last - 20, price=last - 25)
    assert desk.order(stop)["status"] == "TRIGGER PENDING"
    target = desk.order(desk.place(desk.option, "SELL", 65, price=last + 20))
    assert target["status"] == "REJECTED"
    assert target["status_message_raw"].startswith("RMS:Margin Exceeds")


def test_what_risk_management_blocks_may_be_told_at_once(market: MarketData) -> None:
    rules = Rules(blocked="http_400", limits=Limits(None, None, 3))
    desk = trader(market, rules=rules)
    with pytest.raises(kite_errors.GeneralException, match="Insufficient funds") as refusal:
        desk.place("INFY", units=9000, price=1490, tag="poor")
    assert refusal.value.code == 400
    reply = desk.client.reqsession.post(
        f"{desk.exchange.root}/orders/regular",
        data=desk.terms("INFY", "SELL", 10, price=1490, product="CNC"),
        headers={"Authorization": f"token contractkey:{desk.client.access_token}"},
    )
    assert (reply.status_code, reply.json()["error_type"]) == (400, "HoldingException")
    assert [(row["tag"], row["status"]) for row in desk.client.orders()] == [
        ("poor", "REJECTED"),
        (None, "REJECTED"),
    ]
    desk.place("INFY", price=1400)
    with pytest.raises(kite_errors.NetworkException, match="Maximum allowed order requests") as refusal:
        desk.place("INFY", price=1400)
    assert refusal.value.code == 429, "what was blocked counts for the day"


def test_orders_come_from_registered_addresses_and_everything_else_from_anywhere(market: MarketData) -> None:
    desk = trader(market, rules=replace(UNLIMITED, registered_ips=("192.0.2.1",)))
    home = desk.sign_in(address="192.0.2.1")
    order = home.place_order(**desk.terms("INFY", "BUY", 1, price=1400.0))
    for change in (
        lambda: desk.place("INFY", price=1400),
        lambda: desk.client.modify_order("regular", order, price=1401),
        lambda: desk.client.cancel_order("regular", order),
    ):
        with pytest.raises(
            kite_errors.PermissionException, match=r"IP \(127.0.0.1\) is not allowed"
        ) as refusal:
            change()
        assert refusal.value.code == 403
    assert desk.order(order)["status"] == "OPEN"
    assert desk.client.positions()["net"] == []
    home.cancel_order("regular", order)


def test_shares_without_consent_need_their_holders_word(market: MarketData) -> None:
    desk = trader(market, demat_consent="")
    assert desk.client.profile()["meta"] == {"demat_consent": ""}
    with pytest.raises(kite_errors.GeneralException, match="not authorised") as refusal:
        desk.place("ITC", "SELL", 10, product="CNC")
    assert refusal.value.code == 428
    desk.exchange.owner(action="authorise", tradingsymbol="ITC", quantity=10)
    assert desk.order(desk.place("ITC", "SELL", 10, product="CNC"))["status"] == "COMPLETE"
    (held,) = desk.client.holdings()
    assert (held["quantity"], held["used_quantity"], held["authorised_quantity"]) == (40, 10, 10)


def test_day_orders_end_with_the_day_and_intraday_positions_before_it(market: MarketData) -> None:
    desk = trader(market, start="15:05:00")
    day = desk.place("INFY", units=10)
    resting = desk.place("INFY", product="CNC", price=round(desk.last("NSE:INFY") * 0.95))
    desk.exchange.advance(301)
    assert desk.client.positions()["net"][0]["quantity"] == 0
    ours = next(row for row in desk.client.orders() if row["placed_by"] == "RMS")
    assert (ours["transaction_type"], ours["status"], ours["tag"]) == ("SELL", "COMPLETE", None)
    assert desk.order(day)["status"] == "COMPLETE"
    desk.exchange.advance(300)
    assert desk.order(resting)["status"] == "CANCELLED"


def test_requests_the_broker_does_not_know(desk: Trader) -> None:
    reply = desk.client.reqsession.put(f"{desk.exchange.root}/orders/regular", data={})
    assert (reply.status_code, reply.json()["error_type"]) == (405, "GeneralException")
    with pytest.raises(kite_errors.InputException, match="Invalid `variety`"):
        desk.place("INFY", variety="bo", price=1490)
