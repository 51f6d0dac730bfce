"""The session of a browser: planted, stolen, ended, mixed up; and pages in somebody else's frame."""

import pytest
from starlette.testclient import TestClient

from functions.api.app import build_app
from tests.unit.api.oauth_client import browser_at, log_in_at_kite
from tests.unit.api.whole_desk import ADDRESSES, whole_desk

HALT = ("/api/risk/halt", {"account": "main"})
COOKIE = "patang-session"


def halted(desk) -> bool:
    return desk.desk_view().risk(("main",))[0].halted


def word(desk, browser) -> str:
    return desk.sign_in().principal(browser.cookies[COOKIE]).csrf


def test_a_session_that_was_planted_before_the_login_is_worth_nothing(app, desk):
    """Fixation: whoever has set a cookie in the owner's browser knows nothing of the session after it."""
    victim = TestClient(app, follow_redirects=False)
    victim.cookies.set(COOKIE, "planted-by-somebody")
    at_kite = log_in_at_kite(victim, desk, "/login?account=main", "AB1234")
    [given] = [line for line in at_kite.headers.get_list("set-cookie") if line.startswith(f"{COOKIE}=")]
    assert "planted" not in given
    attacker = TestClient(app, follow_redirects=False, cookies={COOKIE: "planted-by-somebody"})
    assert attacker.get("/").status_code == 401
    assert attacker.get("/", headers={"Patang-Live": "1"}).status_code == 401


def test_each_login_replaces_the_session_that_a_browser_had(app, sign_in, desk):
    first = sign_in()
    before = first.cookies[COOKIE]
    assert log_in_at_kite(first, desk, "/login?account=main", "AB1234").status_code == 303
    assert first.cookies[COOKIE] != before


def test_signing_out_ends_what_was_copied_too(app, owner, desk):
    thief = TestClient(app, follow_redirects=False, cookies={COOKIE: owner.cookies[COOKIE]})
    assert thief.get("/").status_code == 200, "a copied secret is the session: so it has to end"
    assert owner.post("/logout", data={"csrf": owner.csrf}).status_code == 303
    for path in ADDRESSES[:4]:
        assert thief.get(path).status_code == 401
        assert thief.get(path, headers={"Patang-Live": "1"}).status_code == 401
    answer = thief.post(HALT[0], json=HALT[1], headers={"X-CSRF-Token": owner.csrf})
    assert answer.status_code == 401
    assert not halted(desk)


def test_the_word_of_another_session_counts_for_nothing(app, sign_in, desk):
    first, second = sign_in(), sign_in()
    assert first.csrf != second.csrf
    answer = first.post(HALT[0], json=HALT[1], headers={"X-CSRF-Token": second.csrf})
    assert answer.status_code == 403
    assert not halted(desk)
    assert first.post(HALT[0], json=HALT[1], headers={"X-CSRF-Token": first.csrf}).status_code == 200
    assert halted(desk)


def test_a_page_says_the_word_to_its_own_session_and_the_secret_to_nobody(owner):
    for path in ADDRESSES[:2]:
        page = owner.get(path)
        assert owner.csrf in page.text
        assert owner.cookies[COOKIE] not in page.text + str(page.headers)


@pytest.fixture(scope="module")
def whole():
    desk = whole_desk("https://desk.example")
    browser = browser_at(desk)
    assert log_in_at_kite(browser, desk, "/login?account=main", "AB1234").status_code == 303
    return browser


@pytest.mark.parametrize("path", ADDRESSES)
def test_no_page_may_be_framed_kept_or_guessed_at(whole, path):
    headers = whole.get(path).headers
    policy = [part.strip() for part in headers["content-security-policy"].split(";")]
    assert {"frame-ancestors 'none'", "base-uri 'none'", "default-src 'none'"} <= set(policy)
    assert "form-action 'self'" in policy
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-frame-options"] == "DENY"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert headers["strict-transport-security"].startswith("max-age=")


@pytest.mark.parametrize("path", ADDRESSES)
def test_a_stranger_sees_the_sign_in_page_alone(path):
    answer = TestClient(build_app(whole_desk())).get(path, headers={"accept": "text/html"})
    assert answer.status_code == 401
    assert "Sign in" in answer.text
    for secret in ("1,002.20", "Account main", "data-csrf", "₹"):
        assert secret not in answer.text
