"""The broker's rules and faults over the wire, where the wire matters."""

import threading
import time
from typing import Any

import kiteconnect.exceptions as kite_errors
import pytest
import requests
from kiteconnect import KiteConnect
from requests.adapters import HTTPAdapter

LOW = 1400.0


def place(client: KiteConnect, price: float = LOW, units: int = 1, **words: Any) -> str:
    terms = ("regular", "NSE", "INFY", "BUY", units, "MIS", "LIMIT")
    return str(client.place_order(*terms, price=price, **words))


def statuses(client: KiteConnect, tag: str) -> list[str]:
    return [row["status"] for row in client.orders() if row["tag"] == tag]


class FromAddress(HTTPAdapter):
    """Sends from another address of this machine."""

    def init_poolmanager(self, *words: Any, **options: Any) -> None:
        super().init_poolmanager(*words, **options, source_address=("127.0.0.2", 0))


@pytest.fixture
def client(desk: Any) -> KiteConnect:
    found = desk.sign_in()
    desk.run_until("09:20:00")
    return found


def test_only_registered_addresses_may_send_orders(desk: Any, client: KiteConnect) -> None:
    assert desk.control("rules", registered_ips=["127.0.0.2"])["registered_ips"] == ["127.0.0.2"]
    with pytest.raises(kite_errors.PermissionException, match=r"IP \(127.0.0.1\)") as refusal:
        place(client)
    assert refusal.value.code == 403
    elsewhere = KiteConnect(desk.key, client.access_token, root=desk.simulator.kite_root)
    elsewhere.reqsession.mount("http://", FromAddress())
    order = place(elsewhere)
    assert [row["order_id"] for row in client.orders()] == [order]
    desk.control("rules", registered_ips=[])
    with pytest.raises(kite_errors.PermissionException, match="No IPs configured"):
        elsewhere.cancel_order("regular", order)


def test_a_socket_of_which_nothing_comes_until_the_client_gives_up(desk: Any, client: KiteConnect) -> None:
    client.timeout = 0.5
    desk.control("fault", kind="half_open", delay=30)
    started = time.monotonic()
    with pytest.raises(requests.ReadTimeout):
        place(client, tag="silent")
    assert 0.4 < time.monotonic() - started < 5
    assert statuses(client, "silent") == ["OPEN"]


def test_a_connection_that_is_closed_without_a_reply(desk: Any, client: KiteConnect) -> None:
    desk.control("fault", kind="disconnect")
    with pytest.raises(requests.ConnectionError):
        place(client, tag="cut")
    assert statuses(client, "cut") == ["OPEN"]
    desk.control("fault", kind="half_open", taken=False, delay=0.2)
    with pytest.raises(requests.ConnectionError):
        place(client, tag="nothing")
    assert statuses(client, "nothing") == []


def test_a_gateways_page_instead_of_the_brokers_envelope(desk: Any, client: KiteConnect) -> None:
    desk.control("fault", kind="http_502", html=True, taken=True)
    with pytest.raises(kite_errors.DataException, match="Unknown Content-Type"):
        place(client, tag="page")
    assert statuses(client, "page") == ["OPEN"]


def test_other_requests_are_answered_while_one_hangs(desk: Any, client: KiteConnect) -> None:
    desk.control("fault", kind="timeout", delay=3)
    refusals: list[Exception] = []

    def hang() -> None:
        try:
            place(KiteConnect(desk.key, client.access_token, root=desk.simulator.kite_root), tag="hangs")
        except kite_errors.NetworkException as refused:
            refusals.append(refused)

    waiting = threading.Thread(target=hang)
    waiting.start()
    desk.wait(lambda: statuses(client, "hangs"))
    place(client, tag="passes")
    assert (statuses(client, "passes"), refusals) == (["OPEN"], [])
    waiting.join(10)
    assert len(refusals) == 1


@pytest.mark.parametrize("clock", ["wall", "market"])
def test_an_order_appears_after_the_reply_that_it_timed_out(
    desk: Any, client: KiteConnect, clock: str
) -> None:
    desk.control("fault", kind="late_accept", delay=1 if clock == "wall" else 8, clock=clock)
    with pytest.raises(kite_errors.OrderException, match="timed out") as refusal:
        place(client, tag="late")
    assert refusal.value.code == 400
    assert statuses(client, "late") == []
    if clock == "market":
        desk.run_until("09:20:09")
    desk.wait(lambda: statuses(client, "late") == ["OPEN"])


def test_gateway_errors_by_chance_and_by_route(desk: Any, client: KiteConnect) -> None:
    order = place(client)
    desk.control("fault", kind="http_503", probability=1.0, count=2, method="DELETE", path="/orders/.*")
    for _ in range(2):
        with pytest.raises(kite_errors.NetworkException) as refusal:
            client.cancel_order("regular", order)
        assert refusal.value.code == 503
    assert client.cancel_order("regular", order) == order
    shown = desk.show("fault")
    assert (shown["armed"], shown["fired"]) == ([], {"http_503": 2})
    desk.control("fault", kind="http_502", probability=0.5)
    assert desk.show("fault")["armed"][0]["probability"] == 0.5
    assert desk.http.delete("/_simulator/fault").json()["armed"] == []


def test_postbacks_twice_and_out_of_order(desk: Any, client: KiteConnect, receiver: Any) -> None:
    desk.control("app", postback_url=f"{receiver.url}/postback")
    desk.control("fault", kind="duplicate_update", channel="postbacks", delay=0.1)
    place(client, price=1500, tag="twice")
    bodies = desk.wait(lambda: len(receiver.bodies) == 2 and receiver.bodies)
    assert [(body["tag"], body["status"]) for body in bodies] == [("twice", "COMPLETE")] * 2
    desk.control("fault", kind="missing_update", channel="postbacks")
    place(client, price=1500, tag="never")
    desk.control("fault", kind="reordered_update", channel="postbacks", delay=20)
    place(client, price=1500, tag="second")
    place(client, price=1500, tag="first")
    bodies = desk.wait(lambda: len(receiver.bodies) == 4 and receiver.bodies)
    assert [body["tag"] for body in bodies[2:]] == ["first", "second"]


def test_the_owners_hand_and_the_ledger(desk: Any, client: KiteConnect) -> None:
    place(client, price=1500, units=10, tag="ours")
    desk.wait(lambda: statuses(client, "ours") == ["COMPLETE"])
    position = {"exchange": "NSE", "tradingsymbol": "INFY", "product": "MIS"}
    sold = desk.control("owner", action="close", quantity=4, **position)["done"]
    assert (sold["status"], sold["tag"]) == ("COMPLETE", None)
    ledger = desk.show("ledger")
    assert ledger["accepted_by_tag"] == {"AB1234": {"ours": 1}}
    assert [(row["tag"], row["by_hand"], row["filled"]) for row in ledger["orders"]] == [
        ("ours", False, 10),
        (None, True, 4),
    ]
    assert ledger["positions"] == [
        {"user_id": "AB1234", "instrument": "NSE:INFY", "product": "MIS", "quantity": 6}
    ]
    client.place_order("regular", "NSE", "INFY", "SELL", 5, "MIS", "LIMIT", price=1600, tag="rests")
    assert desk.wait(lambda: desk.show("ledger")["standing_sells"]) == [
        {"user_id": "AB1234", "instrument": "NSE:INFY", "product": "MIS", "quantity": 5}
    ]
    reply = desk.http.post("/_simulator/owner", json={"action": "close", **position, "product": "CNC"})
    assert (reply.status_code, "no such position" in reply.json()["message"]) == (400, True)


def test_a_login_elsewhere_in_the_middle_of_the_session(desk: Any, client: KiteConnect) -> None:
    desk.control("owner", action="log_in_elsewhere")
    with pytest.raises(kite_errors.TokenException) as refusal:
        place(client)
    assert refusal.value.code == 403
    assert desk.sign_in().orders() == []


def test_reads_are_limited_where_the_rules_say_so(desk: Any, client: KiteConnect) -> None:
    desk.control("rules", quotes_a_second=1, others_a_second=10)
    client.ltp("NSE:INFY")
    with pytest.raises(kite_errors.NetworkException, match="Too many requests") as refusal:
        client.ltp("NSE:INFY")
    assert refusal.value.code == 429
    client.orders()
    assert desk.http.post("/_simulator/rules", json={"mood": "good"}).status_code == 400


def test_rules_are_shown_flat(desk: Any) -> None:
    shown = desk.show("rules")
    assert (shown["blocked"], shown["square_off_cash"], shown["orders_a_minute"]) == (
        "order_id",
        "15:10:00",
        400,
    )


def test_a_price_is_held_over_http(desk: Any, client: KiteConnect) -> None:
    order = place(client)
    desk.wait(lambda: client.orders()[0]["status"] == "OPEN")
    shown = desk.control("price", instrument="NSE:INFY", last=LOW - 1)
    assert (shown["held"], shown["ask"]) == (True, LOW - 0.9)
    assert client.order_trades(order)[0]["average_price"] == LOW - 0.9
