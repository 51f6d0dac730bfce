"""Every route of the application, walked: none is open by mistake, none does more than its credential may."""

import re

import pytest
from fastapi.routing import iter_route_contexts

from functions.api.app import build_app
from tests.unit.api.sample_desk import two_owners

# What the world may reach, and why.
OPEN = {
    ("GET", "/healthz"): "says only that the function is up",
    ("GET", "/login"): "where signing in begins",
    ("GET", "/kite/callback"): "where signing in ends; state, cookie and request token are its identity",
    ("POST", "/postback"): "the broker's checksum is its identity",
    ("GET", "/static/{name}"): "scripts and styles, the same for everybody",
    ("GET", "/.well-known/oauth-protected-resource"): "tells MCP clients how to authenticate",
    ("GET", "/.well-known/oauth-protected-resource/mcp"): "the same",
}

ROUTES = [
    (method, route.path)
    for route in iter_route_contexts(build_app(two_owners()).routes)
    for method in sorted(route.methods)
    if method != "HEAD"
]
GUARDED = [route for route in ROUTES if route not in OPEN]


def concrete(path: str) -> str:
    return re.sub(r"{[^}]+}", "main", path)


def body(method: str) -> dict:
    return {} if method == "GET" else {"json": {}}


def test_the_walk_sees_the_application():
    assert set(OPEN) <= set(ROUTES)
    assert {("GET", "/"), ("POST", "/api/risk/halt"), ("POST", "/approvals/{nonce}")} <= set(GUARDED)


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


@pytest.mark.parametrize(("method", "path"), [route for route in GUARDED if route[0] != "GET"])
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
    assert answer.headers["cache-control"] == "no-store"


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
