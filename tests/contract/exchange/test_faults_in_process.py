"""What a client meets when the broker or the way to it fails, and what the ledger says of it afterwards."""

from typing import Any

import kiteconnect.exceptions as kite_errors
import pytest
import requests

from patang_workbench.exchange.candles import MarketData
from patang_workbench.exchange.ledger import show_ledger
from tests.contract.exchange.by_hand import Trader, trader


@pytest.fixture
def desk(market: MarketData) -> Trader:
    return trader(market)


def accepted(desk: Trader, tag: str) -> int:
    return len(desk.exchange.by_tag().get(("AB1234", tag), []))


@pytest.mark.parametrize("code", [429, 500, 502, 503, 504])
@pytest.mark.parametrize("taken", [False, True])
def test_an_error_reply_before_or_after_the_order_was_taken(desk: Trader, code: int, taken: bool) -> None:
    desk.exchange.fault(kind=f"http_{code}", taken=taken)
    error = kite_errors.GeneralException if code == 500 else kite_errors.NetworkException
    with pytest.raises(error) as refusal:
        desk.place("INFY", price=1400, tag="unclear")
    assert refusal.value.code == code
    assert accepted(desk, "unclear") == len(desk.client.orders()) == taken
    desk.place("INFY", price=1400, tag="well")
    assert accepted(desk, "well") == 1


def test_a_reply_that_is_lost_after_the_order_was_taken(desk: Trader) -> None:
    desk.exchange.fault(kind="timeout", delay=30)
    wall = desk.exchange.agenda.wall()
    with pytest.raises(requests.ReadTimeout):
        desk.place("INFY", price=1400, tag="lost")
    assert desk.exchange.agenda.wall() - wall == 7, "the official client waits seven seconds"
    assert accepted(desk, "lost") == 1
    desk.exchange.fault(kind="timeout", delay=5)
    with pytest.raises(kite_errors.NetworkException) as refusal:
        desk.place("INFY", price=1400, tag="slow")
    assert (refusal.value.code, accepted(desk, "slow")) == (504, 1)


@pytest.mark.parametrize("taken", [False, True])
def test_a_socket_of_which_nothing_comes(desk: Trader, taken: bool) -> None:
    desk.exchange.fault(kind="half_open", taken=taken, delay=60)
    with pytest.raises(requests.ReadTimeout):
        desk.place("INFY", price=1400, tag="silent")
    assert accepted(desk, "silent") == taken


@pytest.mark.parametrize("taken", [False, True])
def test_a_connection_that_is_cut_and_a_gateways_page(desk: Trader, taken: bool) -> None:
    desk.exchange.fault(kind="disconnect", taken=taken)
    with pytest.raises(requests.ConnectionError):
        desk.place("INFY", price=1400, tag="cut")
    desk.exchange.fault(kind="http_503", html=True, taken=taken)
    with pytest.raises(kite_errors.DataException):
        desk.place("INFY", price=1400, tag="page")
    assert accepted(desk, "cut") == accepted(desk, "page") == taken


@pytest.mark.parametrize("clock", ["wall", "market"])
def test_an_order_that_is_there_eight_seconds_later(desk: Trader, clock: str) -> None:
    desk.exchange.fault(kind="late_accept", delay=8, clock=clock)
    with pytest.raises(kite_errors.OrderException, match="timed out") as refusal:
        desk.place("INFY", price=1400, tag="late")
    assert refusal.value.code == 400
    desk.exchange.advance(7)
    assert desk.client.orders() == []
    desk.exchange.advance(1)
    assert [row["tag"] for row in desk.client.orders()] == ["late"]
    assert accepted(desk, "late") == 1


def test_late_orders_behind_other_replies(desk: Trader) -> None:
    for reply, error in (
        ("http_502", kite_errors.NetworkException),
        ("http_504", kite_errors.NetworkException),
        ("half_open", requests.ReadTimeout),
    ):
        desk.exchange.fault(kind="late_accept", delay=8, reply=reply)
        with pytest.raises(error):
            desk.place("INFY", price=1400, tag=reply.replace("_", ""))
        desk.exchange.advance(8)
        assert accepted(desk, reply.replace("_", "")) == 1
    desk.exchange.fault(kind="late_accept")
    desk.client.set_access_token("dead")
    with pytest.raises(kite_errors.TokenException):
        desk.place("INFY", price=1400, tag="nobody")
    desk.exchange.advance(20)
    assert accepted(desk, "nobody") == 0


def test_cancels_and_changes_fail_as_well(desk: Trader) -> None:
    low = round(desk.last("NSE:INFY") * 0.97)
    order = desk.place("INFY", price=low)
    desk.exchange.fault(kind="http_502", method="DELETE", path="/orders/.*", taken=True)
    with pytest.raises(kite_errors.NetworkException):
        desk.client.cancel_order("regular", order)
    assert desk.order(order)["status"] == "CANCELLED"
    order = desk.place("INFY", price=low)
    desk.exchange.fault(kind="timeout", method="PUT", path="/orders/.*", taken=False, delay=60)
    with pytest.raises(requests.ReadTimeout):
        desk.client.modify_order("regular", order, price=low + 1)
    assert desk.order(order)["price"] == low


@pytest.mark.parametrize("clock", ["wall", "market"])
def test_a_book_that_is_behind(desk: Trader, clock: str) -> None:
    order = desk.place("INFY", units=5, tag="seen")
    assert desk.order(order)["status"] == "COMPLETE"
    desk.exchange.fault(kind="stale_book", delay=10, clock=clock, probability=1.0)
    desk.exchange.advance(5)
    assert desk.client.orders() == []
    assert desk.client.trades() == []
    with pytest.raises(kite_errors.OrderException):
        desk.client.order_history(order)
    desk.exchange.advance(5)
    assert desk.order(order)["status"] == "COMPLETE"
    assert sum(trade["quantity"] for trade in desk.client.order_trades(order)) == 5
    low = round(desk.last("NSE:INFY") * 0.97)
    resting = desk.place("INFY", price=low)
    desk.exchange.advance(12)
    desk.client.cancel_order("regular", resting)
    assert desk.order(resting)["status"] == "OPEN", "the cancel is not in the book yet"
    desk.exchange.exchange.faults.clear()
    assert desk.order(resting)["status"] == "CANCELLED"


@pytest.mark.parametrize(
    ("race", "status", "filled"), [("filled", "COMPLETE", 10), ("partly", "CANCELLED", 5)]
)
def test_a_cancel_that_is_taken_and_meets_a_fill(desk: Trader, race: str, status: str, filled: int) -> None:
    order = desk.place("INFY", units=10, price=round(desk.last("NSE:INFY") * 0.97))
    desk.exchange.fault(kind="fill_race", race=race)
    assert desk.client.cancel_order("regular", order) == order
    row = desk.order(order)
    assert (row["status"], row["filled_quantity"]) == (status, filled)
    assert desk.exchange.net_positions() == {("AB1234", "NSE:INFY", "MIS"): filled}


def test_a_cancel_that_comes_too_late(desk: Trader) -> None:
    order = desk.place("INFY", units=10, price=round(desk.last("NSE:INFY") * 0.97))
    desk.exchange.fault(kind="fill_race", race="refused")
    with pytest.raises(kite_errors.OrderException, match="COMPLETE") as refusal:
        desk.client.cancel_order("regular", order)
    assert (refusal.value.code, desk.order(order)["status"]) == (400, "COMPLETE")


@pytest.mark.parametrize("reason", ["price_band", "tick", "freeze", "margin"])
def test_rejections_to_order(desk: Trader, reason: str) -> None:
    desk.exchange.fault(kind="reject", reason=reason)
    row = desk.order(desk.place("INFY", price=1400, tag="refused"))
    assert row["status"] == "REJECTED"
    assert row["status_message"]
    assert accepted(desk, "refused") == 0
    assert [entry.status for entry in desk.exchange.ledger()] == ["REJECTED"]


def statuses(desk: Trader, channel: str = "frames") -> list[str]:
    return [status for name, status in desk.frames() if name == channel]


WHOLE = ["PUT ORDER REQ RECEIVED", "VALIDATION PENDING", "OPEN PENDING", "OPEN", "COMPLETE"]


def test_updates_that_come_twice_late_never_or_in_another_order(desk: Trader) -> None:
    desk.place("INFY")
    assert statuses(desk) == WHOLE
    desk.exchange.fault(kind="missing_update", channel="frames", count=5)
    desk.place("INFY")
    found = desk.frames()
    assert found == [("postbacks", "COMPLETE")]
    desk.exchange.fault(kind="duplicate_update", delay=3, count=5, channel="frames")
    desk.place("INFY")
    desk.exchange.advance(4)
    assert sorted(statuses(desk)) == sorted(WHOLE * 2)
    desk.exchange.fault(kind="reordered_update", count=1, channel="frames")
    desk.place("INFY")
    assert statuses(desk) == [WHOLE[1], WHOLE[0], *WHOLE[2:]]
    desk.exchange.fault(kind="delayed_update", delay=6, count=1, channel="postbacks")
    desk.place("INFY")
    assert statuses(desk, "postbacks") == []
    desk.exchange.advance(6)
    assert statuses(desk, "postbacks") == ["COMPLETE"]


def campaign(market: MarketData, seed: int) -> dict[str, Any]:
    """Sixty orders that are sent once, whatever comes of it."""
    desk = trader(market, seed=seed)
    for kind, words in (
        ("timeout", {"delay": 20}),
        ("late_accept", {"delay": 8}),
        ("http_502", {"taken": True}),
        ("http_503", {}),
        ("half_open", {"taken": False, "delay": 30}),
        ("reject", {"reason": "margin"}),
    ):
        desk.exchange.fault(kind=kind, probability=0.12, **words)
    replies = []
    for number in range(60):
        try:
            desk.place("INFY", tag=f"n{number}")
            replies.append("id")
        except (kite_errors.KiteException, requests.RequestException) as problem:
            replies.append(type(problem).__name__)
        desk.exchange.advance(2)
    desk.exchange.advance(30)
    shown = show_ledger(desk.exchange.exchange)
    known = {f"n{number}": 0 for number in range(60)} | shown["accepted_by_tag"]["AB1234"]
    return {"replies": replies, "accepted": known, "positions": shown["positions"], "faults": shown["faults"]}


def test_the_same_seed_repeats_a_campaign_and_the_ledger_counts_it(market: MarketData) -> None:
    first = campaign(market, 11)
    assert first == campaign(market, 11)
    assert first["replies"] != campaign(market, 12)["replies"]
    assert set(first["accepted"].values()) == {0, 1}, "sent once, so there at most once"
    ((units),) = [row["quantity"] for row in first["positions"]]
    assert units == sum(first["accepted"].values())
    assert len(first["faults"]) == 6
    lost = first["faults"]["http_503"] + first["faults"]["half_open"] + first["faults"]["reject"]
    assert sum(first["accepted"].values()) == 60 - lost
