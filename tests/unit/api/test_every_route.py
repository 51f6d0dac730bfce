"""Every route of the application, walked: none is open by mistake, none does more than its credential may."""

import json
import re

import pytest
from fastapi.routing import iter_route_contexts
from starlette.testclient import TestClient

from functions.api.app import build_app
from functions.api.openapi import document, scope_of
from tests.fakes import RecordedPollQueue
from tests.unit.api.sample_desk import two_owners

# What the world may reach, and why.
OPEN = {
    ("GET", "/healthz"): "says only that the function is up",
    ("GET", "/login"): "where signing in begins",
    ("GET", "/kite/callback"): "where signing in ends; state, cookie and request token are its identity",
    ("POST", "/postback"): "the broker's checksum is its identity",
    ("GET", "/static/{wanted}/{name}"): "scripts and styles, the same for everybody",
    ("GET", "/.well-known/oauth-protected-resource"): "tells MCP clients how to authenticate",
    ("GET", "/.well-known/oauth-protected-resource/mcp"): "the same",
    ("GET", "/.well-known/oauth-authorization-server"): "tells them where",
    ("GET", "/.well-known/oauth-authorization-server/mcp"): "the same",
    ("GET", "/authorize"): "where a client sends a person, who then has to sign in to answer it",
    ("POST", "/register"): "where a program becomes known as a client, which by itself may nothing",
    ("POST", "/token"): "the client's code, verifier, refresh token and secret are its identity",
    ("POST", "/revoke"): "a token ends for whoever holds it and is its client",
}

# What scripts of other sites may read: clients that run in a browser begin there, and no cookie counts there.
FOR_ALL_SITES = {route for route in OPEN if route[1].startswith("/.well-known/")} | {
    ("POST", "/register"),
    ("POST", "/token"),
    ("POST", "/revoke"),
}

APP = build_app(two_owners())
SCOPES = {
    (method, route.path): scope_of(route)
    for route in iter_route_contexts(APP.routes)
    for method in sorted(route.methods)
    if method != "HEAD"
}
ROUTES = list(SCOPES)
GUARDED = [route for route in ROUTES if route not in OPEN]
DOCUMENT = document(APP)
# Whose scope follows from the tool that is asked for; test_tools_by_http walks those.
OF_TOOLS = ("POST", "/api/kite/execute")
# An account is named there that is to be made: a name that is taken is told as that.
NEW_ACCOUNT = ("POST", "/api/accounts")
PROGRAMS = [(m, p, DOCUMENT["paths"][p][m.lower()]) for m, p in GUARDED if p in DOCUMENT["paths"]]


def concrete(path: str) -> str:
    return re.sub(r"{[^}]+}", "main", path)


def body(method: str) -> dict:
    return {} if method == "GET" else {"json": {}}


def account_places(operation: dict) -> list[str]:
    """Where a route takes an account: "path", "query" or "body", with the name it has there."""
    found = [
        f"{parameter['in']}:{parameter['name']}"
        for parameter in operation.get("parameters", ())
        if parameter["name"] in ("account", "account_id")
    ]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    schema = DOCUMENT["components"]["schemas"].get(body.get("$ref", "").rpartition("/")[2], body)
    named = schema.get("properties", {}).keys() & {"account", "account_id"}
    return found + [f"body:{name}" for name in named]


def asked(method: str, path: str, operation: dict, place: str, account: str) -> dict:
    """A request by the document's examples, for this account."""
    where, _, name = place.partition(":")
    values = {
        "path": {p["name"]: p["example"] for p in operation.get("parameters", ()) if p["in"] == "path"},
        "query": {
            p["name"]: p["example"]
            for p in operation.get("parameters", ())
            if p["in"] == "query" and p.get("required")
        },
        "body": {},
    }
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    schema = DOCUMENT["components"]["schemas"].get(
        content.get("schema", {}).get("$ref", "").rpartition("/")[2], {}
    )
    values["body"] = dict(content.get("example") or next(iter(schema.get("examples", ())), {}))
    values[where][name] = account
    address = path
    for parameter, value in values["path"].items():
        address = address.replace(f"{{{parameter}}}", str(value))
    request = {"url": address, "params": values["query"]}
    return request | ({"json": values["body"]} if method in ("POST", "PATCH", "PUT") else {})


WITH_ACCOUNT = [
    (method, path, place)
    for method, path, operation in PROGRAMS
    for place in account_places(operation)
    if (method, path) != NEW_ACCOUNT
]


def test_the_walk_sees_the_application():
    assert set(OPEN) <= set(ROUTES)
    assert {("GET", "/"), ("POST", "/api/risk/halt"), ("POST", "/approvals/{nonce}")} <= set(GUARDED)


def test_every_route_says_what_it_asks_for():
    """A scope of the gate, or a reason to be open; nothing has both, nothing has neither."""
    assert {route for route, scope in SCOPES.items() if scope is None} == set(OPEN)
    changing = {route: scope for route, scope in SCOPES.items() if route[0] != "GET" and scope is not None}
    assert {route for route, scope in changing.items() if scope == "read"} == {
        ("POST", "/logout"),
        ("POST", "/api/kite/execute"),
    }
    assert {scope for route, scope in SCOPES.items() if route[0] == "GET"} <= {"read", None}


def test_the_walk_over_accounts_sees_them():
    assert {
        ("GET", "/api/positions", "query:account"),
        ("GET", "/api/orders/{intent_id}", "query:account"),
        ("POST", "/api/risk/halt", "body:account"),
        ("POST", "/api/approvals/{order_id}/decision", "body:account"),
    } <= set(WITH_ACCOUNT)


@pytest.mark.parametrize(("method", "path", "place"), WITH_ACCOUNT)
def test_anothers_account_is_as_one_that_is_not_there(stranger, desk, bearer, method, path, place):
    """The same status and the same words but for the name that was asked for, and nothing has changed."""
    desk.poll_queue = RecordedPollQueue()
    headers = bearer("read", "trade", "admin")
    before = dict(desk.store.items)
    operation = DOCUMENT["paths"][path][method.lower()]
    told = []
    for account in ("other", "nobody"):
        request = asked(method, path, operation, place, account)
        answer = stranger.request(method, headers=headers, **request)
        assert answer.status_code in (403, 404), answer.text
        told.append((answer.status_code, json.dumps(answer.json()).replace(account, "?")))
    assert told[0] == told[1]
    assert desk.store.items == before
    assert desk.poll_queue.tickets == []
    assert desk.intent_queue.messages == []


def test_a_name_that_is_somebody_elses_is_not_there_without_an_account_either(stranger, bearer):
    headers = bearer("read")
    for path in ("/api/positions/p2", "/api/orders/N260818I2"):
        foreign = stranger.get(path, headers=headers)
        missing = stranger.get(f"{path}9", headers=headers)
        assert (foreign.status_code, foreign.json()) == (404, missing.json())
    own = bearer("read", principal="ravi")
    assert stranger.get("/api/positions/p2", headers=own).status_code == 200
    assert stranger.get("/api/orders/N260818I2", headers=own).status_code == 200


@pytest.mark.parametrize(("method", "path"), [r for r in GUARDED if r[0] in ("POST", "PATCH", "PUT")])
def test_what_programs_send_is_json(stranger, desk, bearer, method, path):
    headers = bearer("read", "trade", "admin")
    before = dict(desk.store.items)
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""):
        sent = headers | ({"Content-Type": kind} if kind else {})
        answer = stranger.request(method, concrete(path), content=b"account=main", headers=sent)
        if path.startswith("/api/"):
            assert answer.status_code == 415
            assert answer.json()["error_type"] == "UnsupportedMediaType"
    assert desk.store.items == before


@pytest.mark.parametrize(("method", "path"), [r for r in GUARDED if r[0] in ("POST", "PATCH", "PUT")])
def test_half_a_character_is_not_taken(stranger, desk, bearer, method, path):
    """It could be neither stored nor told again; nor could an error that names it."""
    headers = bearer("read", "trade", "admin") | {"Content-Type": "application/json"}
    before = dict(desk.store.items)
    for half in (b'{"\\ud800": 1}', b'{"args": {"account_id": "\\udfff"}}', b'["\xed\xa0\x80"]'):
        answer = stranger.request(method, concrete(path), content=half, headers=headers)
        if path.startswith("/api/"):
            assert (answer.status_code, answer.json()["error_type"]) == (400, "BadRequest")
    assert desk.store.items == before


LARGE = 256 * 1024 + 1


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/x-www-form-urlencoded", "text/plain"]
)
@pytest.mark.parametrize(("method", "path"), [route for route in ROUTES if route[0] != "GET"])
def test_a_large_body_is_refused_before_anything_of_it_is_read(app, method, path, content_type):
    """Whoever sends it and whatever it is: it says its length, and what it says is not even JSON."""
    read = []
    headers = {"Content-Type": content_type}
    client = TestClient(Unread(app, read), follow_redirects=False)
    answer = client.request(method, concrete(path), content=b"{" * LARGE, headers=headers)
    assert answer.status_code == 413
    assert not read
    assert f"the body has {LARGE} bytes or more, and at most {LARGE - 1} are read" in answer.text
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    if path.startswith(("/api/", "/postback")):
        assert answer.json()["error_type"] == "ContentTooLarge"
    elif path in ("/token", "/register", "/revoke"):
        assert answer.json()["error"] == "invalid_request"


class Unread:
    """The app, with a note of it when something asks for the body."""

    def __init__(self, app, read):
        self.app, self.read = app, read

    async def __call__(self, scope, receive, send):
        async def noted():
            self.read.append(True)
            return await receive()

        await self.app(scope, noted, send)


def in_pieces(size):
    for _ in range(size // 1024 + 1):
        yield b"x" * 1024


@pytest.mark.parametrize("path", ["/postback", "/api/tokens", "/api/kite/execute"])
def test_a_large_body_that_does_not_say_its_length_is_read_so_far(stranger, bearer, path):
    headers = bearer("read", "trade", "admin") | {"Content-Type": "application/json"}
    answer = stranger.post(path, content=in_pieces(LARGE), headers=headers)
    assert (answer.status_code, answer.json()["error_type"]) == (413, "ContentTooLarge")
    assert "are read: send less at a time" in answer.json()["message"]


def test_the_largest_body_there_may_be_is_read(stranger, bearer):
    headers = bearer("read", "trade", "admin") | {"Content-Type": "application/json"}
    body = b'{"a": "' + b"x" * (LARGE - 1 - 9) + b'"}'
    assert len(body) == LARGE - 1
    assert stranger.post("/api/tokens", content=body, headers=headers).status_code == 422


@pytest.mark.parametrize(("method", "path"), [route for route in ROUTES if route not in FOR_ALL_SITES])
def test_no_other_site_may_read_an_answer(owner, method, path):
    asked_first = {"Origin": "https://evil.example", "Access-Control-Request-Method": method}
    preflight = owner.request("OPTIONS", concrete(path), headers=asked_first)
    assert preflight.status_code == 405
    assert method in preflight.headers["allow"]
    answer = owner.request(method, concrete(path), headers={"Origin": "https://evil.example"})
    for headers in (preflight.headers, answer.headers):
        assert not [name for name in headers if name.startswith("access-control-")]


@pytest.mark.parametrize(("method", "path"), sorted(FOR_ALL_SITES))
def test_what_other_sites_may_read_is_the_same_for_whoever_is_signed_in(owner, stranger, method, path):
    """A browser may ask, with what proof a client has; its cookies are not lent, and would change nothing."""
    asked_first = {"Origin": "https://client.example", "Access-Control-Request-Method": method}
    preflight = owner.request("OPTIONS", concrete(path), headers=asked_first)
    assert (preflight.status_code, preflight.headers["access-control-allow-origin"]) == (204, "*")
    assert method in preflight.headers["access-control-allow-methods"]
    answers = [
        browser.request(method, concrete(path), headers={"Origin": "https://client.example"}, **body(method))
        for browser in (owner, stranger)
    ]
    assert answers[0].content == answers[1].content
    for headers in (preflight.headers, *(answer.headers for answer in answers)):
        assert headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in headers
        assert "set-cookie" not in headers


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_without_a_credential_there_is_nothing(stranger, desk, method, path):
    before = dict(desk.store.items)
    for headers in (
        {},
        {"Authorization": "Bearer patang_guessed"},
        {"Authorization": "Basic YXNoYTphc2hh"},
        {"Authorization": "Bearer"},
        {"Cookie": "patang-session=guessed"},
        {"Cookie": "__Host-patang-session=guessed"},
    ):
        answer = stranger.request(method, concrete(path), headers=headers, **body(method))
        assert answer.status_code == 401
        assert "RELIANCE" not in answer.text
        assert "NIFTY" not in answer.text
    assert desk.store.items == before


@pytest.mark.parametrize(("method", "path"), [route for route in GUARDED if route[0] != "GET"])
def test_a_browser_has_to_repeat_its_csrf_word(owner, desk, method, path):
    before = dict(desk.store.items)
    for attempt in (
        {"json": {}},
        {"json": {}, "headers": {"X-CSRF-Token": "guessed"}},
        {"data": {"csrf": "guessed"}},
        {"data": {"decision": "approve"}},
    ):
        answer = owner.request(method, concrete(path), **attempt)
        assert answer.status_code == 403
        assert "own page" in answer.text
    assert desk.store.items == before


@pytest.mark.parametrize(
    ("method", "path"), [route for route in GUARDED if route[0] != "GET" and route != OF_TOOLS]
)
def test_a_token_to_read_changes_nothing(stranger, desk, bearer, method, path):
    headers = bearer("read")
    before = dict(desk.store.items)
    answer = stranger.request(method, concrete(path), headers=headers, json={})
    # Signing out is everybody's; of the address of all tools each tool says which scope it needs.
    others = {"/logout": 303, "/api/kite/execute": 422}
    assert answer.status_code == others.get(path, 403)
    assert desk.store.items == before


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_answer_carries_the_headers(stranger, method, path):
    answer = stranger.request(method, concrete(path), **body(method))
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"
    kept = path.startswith("/.well-known/")
    assert answer.headers["cache-control"] == ("public, max-age=300" if kept else "no-store")


def test_a_cookie_does_not_make_up_for_a_bad_token(owner):
    assert owner.get("/api/status").status_code == 200
    assert owner.get("/api/status", headers={"Authorization": "Bearer patang_x"}).status_code == 401


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/nothing", "/api/nothing", "/mcp"])
def test_there_is_nothing_else(stranger, path):
    assert stranger.get(path).status_code == 404


def test_measurements_name_the_route_and_never_the_path(desk, owner):
    lines = []
    desk.metrics.duration_ms = lambda name, value, **details: lines.append((name, details))
    owner.get("/approvals/a-secret-nonce")
    assert lines == [("api_request_ms", {"method": "GET", "route": "/approvals/{nonce}", "status": "404"})]
