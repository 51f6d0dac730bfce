"""The way to Kite and back, as a browser goes it."""

from urllib.parse import urlsplit

import pytest
from starlette.testclient import TestClient

from functions.api.app import build_app
from patang.records import replace
from tests.unit.api.sample_desk import busy, two_owners


def test_the_sign_in_page_leads_back_to_where_one_was(stranger):
    answer = stranger.get("/approvals/some-nonce")
    assert answer.status_code == 401
    assert "/login?next=%2Fapprovals%2Fsome-nonce" in answer.text


def test_the_owner_of_another_account_comes_back_to_where_he_was(app, desk):
    """The desk's own account is not everybody's; the policy lets the form lead to the broker's login."""
    browser = TestClient(app, follow_redirects=False)
    page = browser.get("/approvals/some-nonce")
    assert 'name="next" value="/approvals/some-nonce"' in page.text
    assert "form-action 'self' https:;" in page.headers["content-security-policy"]
    his = {"account": "other", "user": "xy5678"}
    login = browser.get("/login", params={"next": "/approvals/some-nonce"} | his)
    assert "api_key=key-other" in login.headers["location"]
    state = login.headers["location"].rpartition("state%3D")[2]
    desk.kite.logins["r1"] = "XY5678"
    back = browser.get(f"/kite/callback?state={state}&request_token=r1")
    assert (back.status_code, back.headers["location"]) == (303, "/approvals/some-nonce")
    assert desk.sign_in().principal(browser.cookies["patang-session"]).name == "ravi"


def test_looking_at_a_page_begins_no_login(stranger, desk):
    stranger.get("/")
    stranger.get("/approvals/some-nonce")
    assert desk.auth_store.items == {}


def test_the_whole_way(app, desk):
    browser = TestClient(app, follow_redirects=False)
    login = browser.get("/login", params={"next": "/approvals/n1"})
    assert login.status_code == 303
    target = urlsplit(login.headers["location"])
    assert (target.netloc, target.path) == ("kite.example", "/connect/login")
    assert "api_key=key-main" in target.query
    state = target.query.rpartition("state%3D")[2]
    desk.kite.logins["r1"] = "AB1234"
    back = browser.get(f"/kite/callback?state={state}&request_token=r1&action=login&status=success")
    assert (back.status_code, back.headers["location"]) == (303, "/approvals/n1")
    assert browser.get("/").status_code == 200
    again = browser.get(f"/kite/callback?state={state}&request_token=r1")
    assert again.status_code == 403
    assert "sign in again" in again.text


@pytest.mark.parametrize(
    ("public_url", "name", "secure"),
    [
        ("https://desk.example", "__Host-patang-login", True),
        ("http://127.0.0.1:1234", "patang-login", False),
    ],
)
def test_cookies_are_as_strict_as_the_address_allows(public_url, name, secure):
    desk = two_owners(public_url=public_url)
    answer = TestClient(build_app(desk), follow_redirects=False).get("/login")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{name}=")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie
    assert ("Secure" in cookie) is secure
    assert "Domain" not in cookie


def test_over_https_a_cookie_without_the_prefix_is_nothing():
    desk = busy(two_owners(public_url="https://desk.example"))
    browser = TestClient(build_app(desk), base_url="https://desk.example", follow_redirects=False)
    state = browser.get("/login").headers["location"].rpartition("state%3D")[2]
    desk.kite.logins["r1"] = "AB1234"
    done = browser.get(f"/kite/callback?state={state}&request_token=r1")
    assert done.status_code == 303
    secret = browser.cookies["__Host-patang-session"]
    assert browser.get("/api/status").status_code == 200
    planted = TestClient(build_app(desk), base_url="https://desk.example", cookies={"patang-session": secret})
    assert planted.get("/api/status").status_code == 401


def test_another_browser_cannot_finish_a_login(app, desk):
    victim, thief = TestClient(app, follow_redirects=False), TestClient(app, follow_redirects=False)
    state = victim.get("/login").headers["location"].rpartition("state%3D")[2]
    desk.kite.logins["r1"] = "AB1234"
    answer = thief.get(f"/kite/callback?state={state}&request_token=r1")
    assert answer.status_code == 403
    assert "patang-session" not in thief.cookies


def test_somebody_else_at_kite_is_told_why(app, desk):
    browser = TestClient(app, follow_redirects=False)
    state = browser.get("/login").headers["location"].rpartition("state%3D")[2]
    desk.kite.logins["r1"] = "ZZ0000"
    answer = browser.get(f"/kite/callback?state={state}&request_token=r1")
    assert answer.status_code == 403
    assert "belongs to somebody else" in answer.text
    assert "AB1234" not in answer.text, "whose it is, is nobody else's to know"
    assert "patang-session" not in browser.cookies


def test_a_login_that_kite_did_not_finish(stranger):
    assert stranger.get("/kite/callback?status=cancelled").status_code == 400


@pytest.mark.parametrize("there", ["https://evil.example", "//evil.example", "/\\evil.example", "x" * 700])
def test_no_open_redirect(stranger, there):
    assert stranger.get("/login", params={"next": there}).status_code in (400, 422)


@pytest.mark.parametrize("user", ["", "ZZ0000"])
def test_who_does_not_know_whose_it_is_learns_of_no_account_whether_it_is_there(stranger, desk, user):
    """The desk's own, another's, one that is not there: the same page for each, and nothing is begun."""
    pages = {
        name: stranger.get("/login", params={"account": name, "user": user, "next": "/orders"})
        for name in ("main", "other", "family")
    }
    assert {page.status_code for page in pages.values()} == {403 if user else 200}
    assert len({page.text.replace(f'value="{name}"', "") for name, page in pages.items()}) == 1
    headers = [dict(page.headers, **{"content-length": ""}) for page in pages.values()]
    assert headers[0] == headers[1] == headers[2]
    assert 'name="next" value="/orders"' in pages["other"].text
    assert ("No account of this desk has that short name" in pages["main"].text) is bool(user)
    assert desk.auth_store.items == {}
    assert "set-cookie" not in pages["main"].headers


def test_the_owner_who_is_signed_in_names_his_own_accounts_and_no_others(owner, desk):
    assert owner.get("/login", params={"account": "main"}).status_code == 303
    for name in ("other", "family"):
        assert owner.get("/login", params={"account": name}).status_code == 200, name


def test_an_account_that_is_switched_off_is_as_one_that_is_not_there(stranger, desk):
    desk.store.write(replace(desk.accounts().account("other").evolve(enabled=False)))
    answer = stranger.get("/login", params={"account": "other", "user": "XY5678"})
    assert answer.status_code == 403


def test_signing_out(owner):
    secret = owner.cookies["patang-session"]
    answer = owner.post("/logout", data={"csrf": owner.csrf})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert owner.get("/api/status").status_code == 401
    assert owner.get("/api/status", headers={"Cookie": f"patang-session={secret}"}).status_code == 401
