"""Logins of an assistant's person: the session is the principal's, at the simulated broker as at Kite's.

What clients of the broker's own MCP server complain of most: the login succeeds, and the next call says to
log in; or the session is over, and the call hangs.
"""

import time

import pytest
from starlette.testclient import TestClient

from functions.api.app import build_app
from tests.contract.kite.simulated_desk import tell
from tests.contract.kite.test_login import sign_in_at_the_broker
from tests.fakes import MemoryStore, RecordedNotifier, RecordedPollQueue
from tests.unit.mcp.gateway import NEW_ERA, OLD_ERA, Gateway, token

LOGIN = "https://desk.example/login?account=main&user=AB1234"


@pytest.fixture
def desk(new_desk):
    """Nobody has logged in yet."""
    new_desk.auth_store, new_desk.audit_store = MemoryStore(), MemoryStore()
    new_desk.poll_queue, new_desk.notifier = RecordedPollQueue(), RecordedNotifier()
    new_desk._environment["PUBLIC_URL"] = "https://desk.example"
    return new_desk


@pytest.fixture
def gateway(desk):
    return Gateway(desk)


@pytest.fixture
def bearer(desk):
    return token(desk, "read", "trade", principal="owner")


def call(gateway, bearer, name, era=OLD_ERA, session="first", **arguments):
    """A call of a client that brings a session id, as some do with each call another."""
    params = {"name": name, "arguments": arguments}
    return gateway.call(bearer, "tools/call", params, era, mcp_session_id=session)


def log_in_as_told(desk, told):
    """What the person does: opens the link that the assistant shows him, and logs in at the broker."""
    browser = TestClient(build_app(desk), base_url="https://desk.example", follow_redirects=False)
    to_the_broker = browser.get(told["structuredContent"]["details"]["login_url"])
    back = sign_in_at_the_broker(to_the_broker.headers["location"])
    assert browser.get("/kite/callback", params=back).status_code in (200, 303)


@pytest.mark.parametrize("era", [OLD_ERA, NEW_ERA])
def test_after_the_login_the_next_call_works_whatever_its_session_id(desk, gateway, bearer, era):
    before = call(gateway, bearer, "get_profile", era)
    assert before["isError"]
    assert LOGIN in before["content"][0]["text"]
    log_in_as_told(desk, before)
    for session in ("first", "second", "made-up", "another instance's"):
        profile = call(gateway, bearer, "get_profile", era, session)
        assert profile["structuredContent"]["user_id"] == "AB1234"
    # Another warm instance, which has never seen this client.
    assert call(Gateway(desk), bearer, "get_profile", era)["structuredContent"]["user_id"] == "AB1234"


@pytest.mark.parametrize(
    "name", ["get_orders", "get_positions", "get_margins", "get_holdings", "get_profile"]
)
def test_a_session_that_is_over_is_told_at_once_with_where_to_log_in(desk, simulator, gateway, bearer, name):
    log_in_as_told(desk, call(gateway, bearer, "get_profile"))
    assert not call(gateway, bearer, name)["isError"]
    tell(simulator, "owner", action="log_in_elsewhere")
    began = time.monotonic()
    over = call(gateway, bearer, name)
    assert time.monotonic() - began < 3
    assert over["isError"]
    assert over["structuredContent"]["error_type"] == "AuthenticationError"
    assert over["structuredContent"]["details"]["login_url"] == LOGIN
    text = over["content"][0]["text"]
    assert text.count(LOGIN) == 1
    assert "the next call then works" in text
    [state] = call(gateway, bearer, "get_session")["structuredContent"]["accounts"]
    assert (state["state"], state["login_url"]) == ("EXPIRED", LOGIN)
    log_in_as_told(desk, over)
    assert not call(gateway, bearer, name, session="fresh")["isError"]


def test_what_needs_no_broker_is_answered_without_a_session(gateway, bearer):
    for name in ("get_status", "get_risk_state", "desk_positions", "list_pending_approvals", "get_session"):
        assert not call(gateway, bearer, name)["isError"], name
    told = call(gateway, bearer, "login")["structuredContent"]
    assert (told["state"], told["login_url"]) == ("MISSING", LOGIN)
