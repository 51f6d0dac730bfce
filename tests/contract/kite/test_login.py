"""Logging in at the broker, and what the desk knows of the session after it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from starlette.testclient import TestClient

from functions.api.app import build_app
from patang.accounts.session import KiteSession, next_expiry
from patang.errors import SessionExpired
from patang.keys import session_key
from patang.records import load
from tests.contract.kite.simulated_desk import SimulatedDesk, request_token, resting_order, tell
from tests.fakes import MemoryStore, RecordedPollQueue


def test_a_login_opens_the_days_session(new_desk):
    with pytest.raises(SessionExpired, match="log in"):
        new_desk.broker("main").profile()
    session = new_desk.accounts().complete_login("main", request_token(new_desk))
    assert (session.version, session.user_id) == (1, "AB1234")
    assert session.demat_consent
    assert new_desk.broker("main").profile()["user_id"] == "AB1234"


def test_a_used_request_token_is_refused(new_desk):
    token = request_token(new_desk)
    new_desk.accounts().complete_login("main", token)
    new_desk.accounts().complete_login("main", request_token(new_desk))
    with pytest.raises(SessionExpired, match="log in again"):
        new_desk.accounts().complete_login("main", token)


def test_a_session_that_the_broker_ended_is_noted_and_a_new_login_serves_the_next_call(desk, simulator):
    broker = desk.broker("main")
    credentials = desk.accounts().credentials("main")
    simulator.exchange.logins.log_out(credentials.api_key, credentials.access_token)
    with pytest.raises(SessionExpired):
        broker.profile()
    assert desk.accounts().session("main").state == "EXPIRED"
    desk.accounts().complete_login("main", request_token(desk))
    assert broker.profile()["user_id"] == "AB1234"


@pytest.fixture
def api(new_desk) -> Callable[..., Any]:
    """The desk's HTTP API, as a program of its owner's asks it; what it answers is the data."""
    new_desk.auth_store, new_desk.poll_queue = MemoryStore(), RecordedPollQueue()
    new_desk._environment["PUBLIC_URL"] = "http://testserver"
    client = TestClient(build_app(new_desk), follow_redirects=False)
    secret = new_desk.tokens().issue("owner", "test", ["read", "trade"], days=1).secret

    def ask(method: str, path: str, **body: Any) -> Any:
        answer = client.request(
            method, path, json=body or None, headers={"Authorization": f"Bearer {secret}"}
        )
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    ask.browser = TestClient(client.app, follow_redirects=False)
    return ask


def sign_in_at_the_broker(login_url: str) -> dict[str, str]:
    """Presses the button of the broker's page; what it sends the browser back with."""
    page = requests.get(login_url, timeout=5)
    address, _, query = page.url.partition("?")
    reply = requests.post(address, data=dict(parse_qsl(query)), timeout=5, allow_redirects=False)
    return dict(parse_qsl(urlsplit(reply.headers["location"]).query))


def log_in(api: Callable[..., Any]) -> Any:
    """The whole way: the API's link, the broker's page, the desk's callback."""
    back = sign_in_at_the_broker(api("POST", "/api/kite/auth", action="login")["login_url"])
    assert api.browser.get("/kite/callback", params=back).status_code == 200
    return api("GET", "/api/kite/accounts")[0]


def test_the_official_flow_through_the_http_api(api, new_desk):
    begun = api("POST", "/api/kite/auth", action="login", account_id="main")
    back = sign_in_at_the_broker(begun["login_url"])
    assert back["state"] == begun["state"]
    shown = api(
        "POST",
        "/api/kite/auth",
        action="session",
        account_id="main",
        request_token=back["request_token"],
        state=back["state"],
    )
    assert (shown["session"], shown["valid_until"][11:19]) == ("ACTIVE", "06:00:00")
    assert new_desk.broker("main").profile()["user_id"] == shown["kite_user_id"] == "AB1234"
    assert new_desk.poll_queue.tickets, "the books are compared after a login"


CALLS: dict[str, Callable[[SimulatedDesk, Any], object]] = {
    "a read": lambda desk, _: desk.broker("main").positions(),
    "market data": lambda desk, _: desk.market_data().quotes(["NSE:INFY"]),
    "an order": lambda desk, order: desk.broker("main").place(order),
    "a look at the session": lambda desk, _: desk.check_session("main"),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_token_killed_in_mid_session_is_known_from_the_first_call_and_a_login_mends_it(
    api, new_desk, simulator, call
):
    log_in(api)
    order = resting_order(simulator)
    call(new_desk, order)
    tell(simulator, "owner", action="log_in_elsewhere")
    with pytest.raises(SessionExpired, match=r"http://testserver/login\?account=main"):
        call(new_desk, order)
    assert api("GET", "/api/kite/accounts")[0]["session"] == "EXPIRED"
    stored = load(new_desk.store, KiteSession, session_key("main"))
    assert stored is not None
    assert stored.state == "EXPIRED", "every other function reads it from the table"
    assert log_in(api)["session"] == "ACTIVE"
    call(new_desk, order)


def test_at_six_the_session_is_over_whatever_the_broker_says(api, new_desk):
    log_in(api)
    new_desk.clock.moment = next_expiry(new_desk.clock.now()) - timedelta(seconds=1)
    assert api("GET", "/api/kite/accounts")[0]["session"] == "ACTIVE"
    new_desk.broker("main").profile()
    new_desk.clock.advance(1)
    with pytest.raises(SessionExpired, match="log in"):
        new_desk.broker("main").profile()


def test_after_the_days_logout_the_broker_takes_the_token_no_more(api, new_desk):
    log_in(api)
    used = new_desk.accounts().credentials("main")
    assert new_desk.accounts().log_out("main", "patang")
    assert api("GET", "/api/kite/accounts")[0]["session"] == "LOGGED_OUT"
    reply = requests.get(
        f"{new_desk.settings().kite.root}/user/profile",
        headers={"Authorization": f"token {used.api_key}:{used.access_token}"},
        timeout=5,
    )
    assert reply.status_code == 403
    assert log_in(api)["session"] == "ACTIVE"
    assert new_desk.accounts().credentials("main").version == used.version + 1
