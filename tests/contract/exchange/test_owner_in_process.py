"""What the owner does by hand, as the app's client sees it."""

import kiteconnect.exceptions as kite_errors
import pytest

from patang_workbench.exchange.candles import MarketData
from patang_workbench.exchange.errors import InputError
from tests.contract.exchange.by_hand import Trader, trader


@pytest.fixture
def desk(market: MarketData) -> Trader:
    return trader(market)


def test_orders_by_hand_are_in_the_book_and_in_frames_and_in_no_postback(desk: Trader) -> None:
    words = {"exchange": "NSE", "tradingsymbol": "INFY", "transaction_type": "BUY", "quantity": 3}
    shown = desk.exchange.owner(action="place", **words, product="CNC", order_type="MARKET")
    assert shown["status"] == "COMPLETE", "without a market protection, which only the API needs"
    (row,) = desk.client.orders()
    assert (row["order_id"], row["tag"], row["placed_by"]) == (shown["order_id"], None, "AB1234")
    assert set(desk.frames()) == {
        ("frames", status)
        for status in (
            "PUT ORDER REQ RECEIVED",
            "VALIDATION PENDING",
            "OPEN PENDING",
            "OPEN",
            "COMPLETE",
        )
    }
    assert desk.client.positions()["net"][0]["quantity"] == 3


def test_the_owner_changes_and_cancels_our_orders(desk: Trader) -> None:
    low = round(desk.last("NSE:INFY") * 0.97)
    order = desk.place("INFY", units=5, price=low, tag="ours")
    desk.exchange.owner(action="modify", order_id=order, quantity=2)
    assert (desk.order(order)["quantity"], desk.order(order)["tag"]) == (2, "ours")
    desk.exchange.owner(action="cancel", order_id=order)
    assert desk.order(order)["status"] == "CANCELLED"
    assert desk.frames()[-1] == ("postbacks", "CANCELLED")


def test_the_owner_sells_one_of_our_positions_whole_or_in_part(desk: Trader) -> None:
    desk.place("INFY", units=10)
    words = {"exchange": "NSE", "tradingsymbol": "INFY", "product": "MIS"}
    for units, left in ((4, 6), (None, 0)):
        desk.exchange.owner(action="close", **words, quantity=units)
        assert desk.client.positions()["net"][0]["quantity"] == left
    with pytest.raises(InputError, match="no such position"):
        desk.exchange.owner(action="close", **words)


def test_the_owner_keeps_triggers_too(desk: Trader) -> None:
    last = desk.last("NSE:ITC")
    order = {
        "exchange": "NSE",
        "tradingsymbol": "ITC",
        "transaction_type": "SELL",
        "quantity": 50,
        "order_type": "LIMIT",
        "product": "CNC",
        "price": round(last * 1.2),
    }
    condition = {
        "exchange": "NSE",
        "tradingsymbol": "ITC",
        "trigger_values": [round(last * 1.2)],
        "last_price": last,
    }
    made = desk.exchange.owner(action="gtt", type="single", condition=condition, orders=[order])
    assert [row["id"] for row in desk.client.get_gtts()] == [made["id"]]
    desk.exchange.owner(action="end_gtt", trigger_id=made["id"])
    assert desk.client.get_gtt(made["id"])["status"] == "deleted"


def test_the_owner_moves_money(desk: Trader) -> None:
    desk.exchange.owner(action="transfer", amount=25_000.5)
    assert desk.client.margins("equity")["net"] == 1_025_000.5
    desk.exchange.owner(action="transfer", amount=-1_000_000)
    funds = desk.client.margins("equity")
    assert (funds["net"], funds["utilised"]["payout"]) == (25_000.5, 1_000_000)
    with pytest.raises(InputError, match="not there to be paid out"):
        desk.exchange.owner(action="transfer", amount=-30_000)


def test_the_owner_converts_a_position(desk: Trader) -> None:
    desk.place("INFY", units=10)
    desk.exchange.owner(
        action="convert",
        exchange="NSE",
        tradingsymbol="INFY",
        transaction_type="BUY",
        position_type="day",
        quantity=10,
        old_product="MIS",
        new_product="CNC",
    )
    held = {row["product"]: row["quantity"] for row in desk.client.positions()["net"]}
    assert held == {"MIS": 0, "CNC": 10}


def test_a_login_elsewhere_ends_our_session(desk: Trader) -> None:
    order = desk.place("INFY", price=1400)
    assert desk.exchange.owner(action="log_in_elsewhere") == 1
    for call in (desk.client.orders, lambda: desk.client.cancel_order("regular", order)):
        with pytest.raises(kite_errors.TokenException) as refusal:
            call()
        assert refusal.value.code == 403
    again = desk.sign_in()
    assert again.access_token != desk.client.access_token
    assert [row["order_id"] for row in again.orders()] == [order]


def test_what_the_owner_does_in_one_account_is_not_in_another(desk: Trader) -> None:
    words = {"exchange": "NSE", "tradingsymbol": "INFY", "transaction_type": "BUY", "quantity": 3}
    desk.exchange.owner(action="place", user_id="CD5678", **words, product="CNC", order_type="MARKET")
    assert desk.client.orders() == []
    for wrong in ({"action": "gamble"}, {"action": "cancel"}, {"action": "cancel", "user_id": "XX"}):
        with pytest.raises(InputError):
            desk.exchange.owner(**wrong)
