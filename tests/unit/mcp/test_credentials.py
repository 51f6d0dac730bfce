"""Who calls /mcp, and what one is told who shows nothing that is good."""

import re

import pytest
from starlette.requests import Request
from starlette.testclient import TestClient

from functions.mcp.credentials import challenge, principal_of
from functions.mcp.endpoint import McpEndpoint
from tests.unit.api.oauth_client import HERE, Program, browser_at, log_in_at_kite, tokens_of
from tests.unit.api.sample_desk import busy, two_owners


@pytest.fixture
def desk():
    return busy(two_owners(public_url=HERE))


def showing(authorization: str | None = None, cookie: str | None = None) -> Request:
    named = {"authorization": authorization, "cookie": cookie}
    headers = [(name.encode(), value.encode()) for name, value in named.items() if value is not None]
    return Request({"type": "http", "headers": headers})


@pytest.fixture
def access(desk) -> str:
    """Of a program that asha has let in to read."""
    browser = browser_at(desk)
    log_in_at_kite(browser, desk, "/login", "AB1234")
    return tokens_of(browser, Program(browser_at(desk)).register(), "read")["access_token"]


def test_a_program_that_was_let_in_is_known_by_its_grant(desk, access):
    found = principal_of(desk, showing(f"Bearer {access}"))
    assert (found.name, found.accounts, found.scopes) == ("asha", ("main",), frozenset({"read"}))
    [connected] = desk.grants().connected("asha")
    assert found.actor == f"client:{connected.grant_id} «{connected.name}» of asha"
    assert not found.in_person


def test_a_token_that_its_owner_issued_goes_on_being_good(desk):
    issued = desk.tokens().issue("asha", "test", ("read", "trade"), days=1)
    found = principal_of(desk, showing(f"bearer {issued.secret}"))
    assert found.actor == f"token:{issued.listing.token_id} of asha"


@pytest.mark.parametrize(
    "shown", [None, "", "Bearer", "Bearer ", "Basic {}", "Token {}", "{}", "Bearer {} x"]
)
def test_nothing_else_is_taken(desk, access, shown):
    assert principal_of(desk, showing(None if shown is None else shown.format(access))) is None


def test_a_browsers_session_opens_nothing_here(desk):
    browser = browser_at(desk)
    log_in_at_kite(browser, desk, "/login", "AB1234")
    cookie = f"__Host-patang-session={browser.cookies['__Host-patang-session']}"
    assert principal_of(desk, showing(cookie=cookie)) is None


def test_the_challenge_says_where_and_what_to_ask_for(desk):
    told = dict(re.findall(r'(\w+)="([^"]*)"', challenge(desk, showing())))
    assert told == {
        "realm": "patang",
        "scope": "read trade",
        "resource_metadata": f"{HERE}/.well-known/oauth-protected-resource/mcp",
    }
    assert browser_at(desk).get(told["resource_metadata"]).json()["resource"] == f"{HERE}/mcp"


def test_a_token_that_is_no_good_is_told_so(desk):
    """RFC 6750 section 3.1: the client then refreshes, or asks the person again."""
    told = challenge(desk, showing("Bearer patang-access-unknown"))
    assert 'error="invalid_token"' in told
    answer = TestClient(McpEndpoint(desk), base_url=HERE).post(
        "/mcp", json={}, headers={"Authorization": "Bearer patang-access-unknown"}
    )
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, told)


def test_a_desk_that_knows_no_address_of_its_own_takes_its_owners_tokens(access):
    desk = two_owners(public_url="")
    issued = desk.tokens().issue("asha", "test", ("read",), days=1)
    assert principal_of(desk, showing(f"Bearer {issued.secret}")).name == "asha"
    assert principal_of(desk, showing(f"Bearer {access}")) is None
    assert "resource_metadata" not in challenge(desk, showing())
