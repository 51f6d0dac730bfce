"""A program is let in: from the client's question over Kite's login and the consent to tokens that work, and
to their end."""

import json
import logging
import re

import pytest
from starlette.testclient import TestClient

from functions.mcp.endpoint import McpEndpoint
from patang.audit.event import AuditEvent
from patang.identity.credentials import fingerprint
from patang.ports.client_documents import ClientDocument
from patang.settings import Settings
from tests.unit.api.oauth_client import (
    HERE,
    LOOPBACK,
    Program,
    answered_in,
    asked_in,
    browser_at,
    code_of,
    log_in_at_kite,
    query_of,
    sign_in_link,
    tokens_of,
)
from tests.unit.api.sample_desk import HOSTILE, busy, two_owners


@pytest.fixture
def desk():
    return busy(two_owners(public_url=HERE))


@pytest.fixture
def browser(desk):
    """Signed in as asha."""
    browser = browser_at(desk)
    assert log_in_at_kite(browser, desk, "/login", "AB1234").status_code == 303
    return browser


@pytest.fixture
def program(desk):
    return Program(browser_at(desk)).register()


@pytest.fixture
def mcp(desk):
    """Calls a tool over /mcp with a token; the HTTP answer."""
    endpoint = TestClient(McpEndpoint(desk), base_url=HERE)

    def call(token: str, tool: str = "get_risk_state", **arguments):
        return endpoint.post(
            "/mcp",
            json={
                "jsonrpc": "2.0",
                "id": 1,
                "method": "tools/call",
                "params": {"name": tool, "arguments": arguments},
            },
            headers={
                "Authorization": f"Bearer {token}",
                "Accept": "application/json, text/event-stream",
                "MCP-Protocol-Version": "2025-11-25",
            },
        )

    return call


def kinds(desk) -> list[str]:
    """What the audit log of asha's account says of clients, in order."""
    events = [AuditEvent.model_validate(item) for item in desk.store.items.values() if "event_id" in item]
    mine = [event for event in events if event.account == "main" and event.kind.startswith("OAUTH")]
    return [event.kind for event in mine]


def test_the_whole_way(desk, program, mcp):
    """Nobody is signed in at first: the question waits while he is at Kite."""
    browser = browser_at(desk)
    consent = asked_in(browser, program)
    assert "__Host-patang-consent" in browser.cookies
    not_yet = browser.get(consent)
    assert not_yet.status_code == 401
    back = log_in_at_kite(browser, desk, sign_in_link(not_yet.text), "AB1234")
    assert (back.status_code, back.headers["location"]) == (303, consent)
    answer = answered_in(browser, consent, "read")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"{LOOPBACK}?")
    told = query_of(answer.headers["location"])
    assert (told["state"], told["iss"]) == ("state-of-the-client", HERE)
    tokens = program.change(told["code"])
    assert tokens.status_code == 200
    assert tokens.headers["cache-control"] == "no-store"
    body = tokens.json()
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 3600, "read")
    found = mcp(body["access_token"]).json()["result"]
    assert not found.get("isError")
    again = program.refresh(body["refresh_token"]).json()
    assert again["refresh_token"] != body["refresh_token"]
    assert mcp(again["access_token"]).status_code == 200


def test_the_page_shows_who_asks_and_where_the_answer_goes(browser, program):
    page = browser.get(asked_in(browser, program, scope="read trade admin"))
    assert page.status_code == 200
    text = re.sub(r"\s+", " ", page.text)
    assert "Sample assistant" in text
    assert "127.0.0.1:8765" in text
    assert "Nobody has checked this program" in text
    assert "Signed in as asha" in text
    ticked = re.findall(r'value="(read|trade|admin)" (checked)?>', text)
    assert ticked == [("read", "checked"), ("trade", ""), ("admin", "")]


def test_the_page_says_what_goes_without_a_yes(desk, browser, program):
    consent = asked_in(browser, program)
    text = re.sub(r"\s+", " ", browser.get(consent).text)
    assert "An order is placed only after your own yes" in text
    assert "without a yes, cancel what stands and sell what the desk has bought" in text
    settings = Settings.model_validate({"requests": {"assistant_alone_inr": 2500}})
    desk.standing_settings = lambda: settings.model_copy(update={"public_url": HERE})
    text = re.sub(r"\s+", " ", browser.get(consent).text)
    assert "place orders of up to ₹2,500.00 without your yes</strong>, ₹50,000.00 on a day" in text
    assert "cancel what stands" in text
    assert "only after your own yes" not in text


def test_only_what_was_asked_for_can_be_ticked(browser, program):
    page = browser.get(asked_in(browser, program, scope="read"))
    assert re.findall(r'name="scopes" value="(\w+)"', page.text) == ["read"]


def test_what_was_ticked_the_last_time_is_ticked_again_and_asked_all_the_same(browser, program):
    tokens_of(browser, program, "read", "trade")
    page = browser.get(asked_in(browser, program, scope="read trade admin"))
    assert re.findall(r'value="(\w+)" checked>', page.text) == ["read", "trade"]


def test_a_name_is_shown_as_text(browser, desk):
    program = Program(browser_at(desk), name=HOSTILE).register()
    page = browser.get(asked_in(browser, program))
    assert HOSTILE not in page.text
    assert "&lt;script&gt;" in page.text
    tokens_of(browser, program, "read")
    assert HOSTILE not in browser.get("/settings/programs").text


def test_the_answer_may_be_redirected_and_the_page_not_be_framed(browser, desk):
    """Browsers hold the redirect after a form against its page's policy."""
    native = Program(browser_at(desk)).register()
    site = Program(browser_at(desk), redirect="https://claude.ai/api/mcp/auth_callback").register()
    app = Program(browser_at(desk), redirect="cursor://anysphere.cursor-mcp/oauth/callback").register()
    policies = []
    for program in (native, site, app):
        page = browser.get(asked_in(browser, program))
        policy = dict(
            part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";")
        )
        assert policy["frame-ancestors"] == "'none'"
        assert page.headers["x-frame-options"] == "DENY"
        policies.append(policy["form-action"])
    assert policies == ["'self' https: http:", "'self' https:", "'self' https: cursor:"]


@pytest.mark.parametrize("path", ["/authorize", "/consent/x", "/login", "/kite/callback"])
def test_a_window_that_a_clients_site_opened_stays_its_own(desk, path):
    answer = browser_at(desk).get(path)
    assert answer.headers["cross-origin-opener-policy"] == "unsafe-none"
    assert browser_at(desk).get("/").headers["cross-origin-opener-policy"] == "same-origin"


def test_a_no_is_told_to_the_client_and_gives_nothing(desk, browser, program):
    before = len(desk.grants().connected("asha"))
    answer = answered_in(browser, asked_in(browser, program), "read", decision="refuse")
    told = query_of(answer.headers["location"])
    assert answer.headers["location"].startswith(LOOPBACK)
    assert (told["error"], told["state"], told["iss"]) == ("access_denied", "state-of-the-client", HERE)
    assert "code" not in told
    assert len(desk.grants().connected("asha")) == before


def test_a_yes_to_nothing_is_asked_again(browser, program):
    consent = asked_in(browser, program)
    answer = answered_in(browser, consent)
    assert answer.status_code == 400
    assert "Tick what it may do" in answer.text
    assert answered_in(browser, consent, "read").status_code == 303, "the question is still open"


def test_a_question_is_answered_once(browser, program):
    consent = asked_in(browser, program)
    shown = browser.get(consent)
    assert answered_in(browser, consent, "read").status_code == 303
    form = {
        "csrf": re.search(r'name="csrf" value="(\w+)"', shown.text)[1],
        "decision": "allow",
        "scopes": "read",
    }
    again = browser.post(consent, data=form)
    assert again.status_code == 409
    assert "connect again" in again.text


def test_two_programs_that_ask_at_once_are_both_answered(desk, browser):
    """In two windows of one browser: an editor connects what it knows when it starts."""
    programs = [Program(browser_at(desk), name=name).register() for name in ("first", "second")]
    consents = [asked_in(browser, program) for program in programs]
    for program, consent in zip(programs, consents, strict=True):
        answer = answered_in(browser, consent, "read")
        assert program.change(query_of(answer.headers["location"])["code"]).status_code == 200
    assert {one.name for one in desk.grants().connected("asha")} == {"first", "second"}


def test_a_question_is_over_after_ten_minutes(desk, browser, program):
    consent = asked_in(browser, program)
    desk.clock.advance(601)
    assert browser.get(consent).status_code == 409


DOCUMENT = "https://assistant.example.com/client.json"


@pytest.fixture
def published(desk):
    """A client that is known by a document on its own site."""
    said = {
        "client_id": DOCUMENT,
        "client_name": "Known assistant",
        "redirect_uris": ["https://assistant.example.com/back"],
    }
    desk.client_documents.pages[DOCUMENT] = ClientDocument(json.dumps(said).encode(), None)
    program = Program(browser_at(desk), redirect="https://assistant.example.com/back")
    program.registered = {"client_id": DOCUMENT}
    return program


def test_a_client_with_a_document_is_vouched_for_by_its_site(browser, published, mcp):
    page = browser.get(asked_in(browser, published))
    assert "Nobody has checked" not in page.text
    assert "<strong>assistant.example.com</strong>" in page.text
    tokens = tokens_of(browser, published, "read")
    assert mcp(tokens["access_token"]).status_code == 200
    assert "vouched for by assistant.example.com" in browser.get("/settings/programs").text


def test_a_secret_is_held_against_a_client_that_has_one(desk, browser):
    program = Program(browser_at(desk)).register(token_endpoint_auth_method="client_secret_basic")
    code = code_of(browser, program, "read")
    without = program.change(code)
    assert (without.status_code, without.json()["error"]) == (401, "invalid_client")
    wrong = program.http.post(
        "/token", data={"grant_type": "authorization_code"}, auth=(program.client_id, "guessed")
    )
    assert (wrong.status_code, wrong.headers["www-authenticate"]) == (401, 'Basic realm="patang"')
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": program.redirect,
        "code_verifier": program.verifier,
    }
    right = program.http.post(
        "/token", data=form, auth=(program.client_id, program.registered["client_secret"])
    )
    assert right.status_code == 200, right.text


def test_connected_programs_are_listed_and_ended(desk, browser, program, mcp):
    assert "None is connected" in browser.get("/settings/programs").text
    tokens = tokens_of(browser, program, "read", "trade")
    page = browser.get("/settings/programs")
    assert "Sample assistant" in page.text
    assert "18 Aug 2026, 10:47 IST" in page.text
    assert "unchecked" in page.text
    [address] = re.findall(r'data-api="DELETE (/api/clients/[^"]+)"', page.text)
    word = {"X-CSRF-Token": re.search(r'data-csrf="(\w+)"', page.text)[1]}
    [listed] = browser.get("/api/clients").json()
    assert (listed["name"], listed["scopes"], listed["vouched_by"]) == (
        "Sample assistant",
        ["read", "trade"],
        None,
    )
    assert address == f"/api/clients/{listed['grant_id']}"
    assert browser.delete(address, headers=word).status_code == 204
    assert mcp(tokens["access_token"]).status_code == 401
    assert program.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert "None is connected" in browser.get("/settings/programs").text
    assert browser.delete(address, headers=word).status_code == 404


def test_the_status_page_leads_to_them(browser):
    assert 'href="/settings"' in browser.get("/").text
    assert 'href="/settings/programs"' in browser.get("/settings").text


def test_the_audit_log_has_the_yes_and_the_end(desk, browser, program):
    tokens = tokens_of(browser, program, "read")
    program.revoke(tokens["refresh_token"])
    told = kinds(desk)
    assert "OAUTH_CONSENTED" in told
    assert len(told) >= 2
    assert tokens["access_token"] not in str(desk.store.items)


def test_a_client_ends_its_own_tokens(browser, program, mcp):
    tokens = tokens_of(browser, program, "read")
    assert program.revoke("patang-refresh-unknown").status_code == 200, "RFC 7009: nothing to end is no error"
    assert mcp(tokens["access_token"]).status_code == 200
    assert program.revoke(tokens["refresh_token"]).status_code == 200
    assert mcp(tokens["access_token"]).status_code == 401


def test_a_token_is_over_after_an_hour_and_refreshed_without_a_person(desk, browser, program, mcp):
    tokens = tokens_of(browser, program, "read")
    desk.clock.advance(3601)
    assert mcp(tokens["access_token"]).status_code == 401
    fresh = program.refresh(tokens["refresh_token"]).json()
    assert mcp(fresh["access_token"]).status_code == 200


def test_no_secret_is_kept_as_it_is(desk, browser, program):
    consent = asked_in(browser, program)
    transaction, secret = consent.rpartition("/")[2], browser.cookies["__Host-patang-consent"]
    kept = str(desk.auth_store.items)
    assert transaction not in kept
    assert secret not in kept
    answer = answered_in(browser, consent, "read")
    code = query_of(answer.headers["location"])["code"]
    assert code not in str(desk.auth_store.items)
    tokens = program.change(code).json()
    for token in (tokens["access_token"], tokens["refresh_token"]):
        assert token not in str(desk.auth_store.items)


def test_no_secret_is_told_on_the_way(desk, browser, program, mcp, caplog):
    """With every line that anybody's code can log, from the question to a thief's replays: neither in the log
    nor in a measurement, a message or an event, and no hash of one either."""
    caplog.set_level(logging.DEBUG)
    consent = asked_in(browser, program)
    answer = answered_in(browser, consent, "read", "trade")
    code = query_of(answer.headers["location"])["code"]
    first = program.change(code).json()
    second = program.refresh(first["refresh_token"]).json()
    assert mcp(second["access_token"]).status_code == 200
    assert mcp("patang-access-made-up").status_code == 401
    program.refresh(first["refresh_token"])
    program.change(code)
    assert mcp(second["access_token"]).status_code == 401, "it was reused"
    # What the test's own client asks for is logged by itself.
    lines = [record for record in caplog.records if not record.name.startswith("httpx")]
    assert lines
    told = "\n".join(f"{record.getMessage()} {record.args} {record.exc_text}" for record in lines)
    told += f"{vars(desk.metrics)} {desk.notifier.sent} {desk.store.items}"
    assert "OAUTH_REFRESH_REUSED" in told
    secrets = [code, consent.rpartition("/")[2], program.verifier, program.state, "patang-access-made-up"]
    secrets += [tokens[name] for tokens in (first, second) for name in ("access_token", "refresh_token")]
    secrets += browser.cookies.values()
    assert [one[:14] for one in secrets if one in told or fingerprint(one) in told] == []
