"""A person's accounts, programs and tokens on their pages: his own, nothing secret, nothing of others."""

import re
from datetime import timedelta

import pytest

from patang.accounts.session import KiteSession
from tests.unit.api.sample_desk import HOSTILE


def test_accounts_are_listed_with_their_login(owner, text):
    told = text("/settings/accounts")
    assert "Account main" in told
    assert "logged in until 19 Aug 2026, 06:00 IST" in told
    assert "switched off" in told
    assert "XY5678" not in told
    assert "secret-main" not in owner.get("/settings/accounts").text
    assert "key-main" not in owner.get("/settings/accounts").text


@pytest.mark.parametrize(
    ("state", "told"), [("EXPIRED", "session over"), ("LOGGED_OUT", "logged out"), (None, "never logged in")]
)
def test_a_login_that_is_due_is_offered(desk, owner, state, told):
    desk.register("third", "AB1234", "asha")
    if state:
        now = desk.clock.now()
        desk.keep(
            KiteSession(
                account="third",
                version=1,
                state=state,
                user_id="AB1234",
                logged_in_at=now - timedelta(hours=2),
                valid_until=now + timedelta(hours=19),
                login_digest="1" * 64,
            )
        )
    page = owner.get("/settings/accounts/third").text
    assert told in page
    assert 'href="/login?account=third&amp;next=/settings/accounts"' in page


def test_what_can_be_done_goes_by_the_api(owner):
    page = owner.get("/settings/accounts").text + owner.get("/settings/accounts/main").text
    page += owner.get("/settings/accounts/family").text + owner.get("/settings/accounts/main/removal").text
    assert set(re.findall(r'data-api="([^"]+)"', page)) == {
        "POST /api/accounts",
        "PATCH /api/accounts/main",
        "PATCH /api/accounts/family",
        "DELETE /api/accounts/main",
    }
    assert 'type="password" name="api_secret"' in page


def test_what_stands_in_the_way_is_told_before_it_is_tried(owner, text):
    told = text("/settings/accounts/main/removal")
    for thing in ("position 20 RELIANCE", "order N260818I1", "approval of NIFTY26AUG24500CE"):
        assert thing in told
    assert "INFY" not in told
    told = text("/settings/accounts/family/removal")
    assert "Nothing is open in it" in told
    assert "Switch off" not in re.sub("Switch off or remove", "", told)
    answer = owner.get("/api/accounts/main/open").json()
    assert answer["account"] == "main"
    assert "position 20 RELIANCE" in answer["open"]
    assert owner.get("/api/accounts/family/open").json() == {"account": "family", "open": []}


@pytest.mark.parametrize("path", ["", "/removal"])
def test_anothers_account_is_as_one_that_is_not_there(owner, path):
    foreign, missing = (owner.get(f"/settings/accounts/{name}{path}") for name in ("other", "nobody"))
    assert (foreign.status_code, foreign.text) == (404, missing.text)


def test_a_label_is_shown_as_text(desk, owner):
    desk.accounts().register.rename("main", HOSTILE, "asha")
    for path in ("/settings/accounts", "/settings/accounts/main", "/settings/accounts/main/removal"):
        page = owner.get(path).text
        assert HOSTILE not in page
        assert "&lt;script&gt;" in page


def test_tokens_are_listed_without_their_secret(desk, owner, text):
    issued = desk.tokens().issue("asha", HOSTILE, ("read", "trade"), 30)
    desk.tokens().issue("ravi", "of ravi", ("read",), 30)
    page = owner.get("/settings/tokens").text
    assert issued.secret not in page
    assert HOSTILE not in page
    assert f'data-api="DELETE /api/tokens/{issued.listing.token_id}"' in page
    told = text("/settings/tokens")
    assert "17 Sep 2026" in told
    assert "of ravi" not in told


def test_an_open_page_hears_of_an_end(desk, live):
    issued = desk.tokens().issue("asha", "a program", ("read",), 30)
    first = live("/settings/tokens")
    assert live("/settings/tokens", tag=first.headers["ETag"]).status_code == 304
    desk.tokens().revoke("asha", issued.listing.token_id, "asha")
    again = live("/settings/tokens", tag=first.headers["ETag"])
    assert again.status_code == 200
    assert "None is in use" in again.text
