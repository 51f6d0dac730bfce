"""Signing in: only the account's owner, only in his browser, only once."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from patang.accounts.account import Account
from patang.errors import BadInput, Refused, SessionExpired
from patang.identity.sign_in import local_path
from patang.keys import account_key
from patang.records import replace
from tests.unit.api.sample_desk import two_owners


@pytest.fixture
def desk():
    return two_owners()


def begun(desk, account="main", return_to="/"):
    """The state on its way through the broker, and the browser's secret."""
    login = desk.sign_in().begin(account, return_to)
    params = parse_qs(urlsplit(login.url).query)["redirect_params"][0]
    return parse_qs(params)["state"][0], login.browser_secret


def signed_in(desk, user_id="AB1234", token="t1", account="main"):
    state, browser = begun(desk, account)
    desk.kite.logins[token] = user_id
    return desk.sign_in().complete(state, token, browser)


def test_the_owner_signs_in(desk):
    done = signed_in(desk)
    principal = desk.sign_in().principal(done.session_secret)
    assert (principal.name, principal.accounts) == ("asha", ("main",))
    assert principal.scopes == {"read", "trade", "admin"}
    assert desk.accounts().is_live("main")


def test_nothing_secret_is_stored(desk):
    state, browser = begun(desk)
    desk.kite.logins["t1"] = "AB1234"
    done = desk.sign_in().complete(state, "t1", browser)
    text = str(desk.auth_store.items)
    for secret in (state, browser, done.session_secret):
        assert secret not in text


def test_another_person_is_refused(desk):
    state, browser = begun(desk)
    desk.kite.logins["t1"] = "ZZ0000"
    with pytest.raises(Refused, match="belongs to somebody else"):
        desk.sign_in().complete(state, "t1", browser)
    assert not any(key.partition.startswith("SESSION#") for key in desk.auth_store.items)


@pytest.mark.parametrize("browser", [None, "", "guessed"])
def test_another_browser_is_refused_and_uses_nothing_up(desk, browser):
    state, own = begun(desk)
    desk.kite.logins["t1"] = "AB1234"
    with pytest.raises(Refused, match="another browser"):
        desk.sign_in().complete(state, "t1", browser)
    assert desk.sign_in().complete(state, "t1", own).principal == "asha"


def test_a_login_is_good_once(desk):
    state, browser = begun(desk)
    desk.kite.logins |= {"t1": "AB1234", "t2": "AB1234"}
    desk.sign_in().complete(state, "t1", browser)
    with pytest.raises(Refused, match="used before"):
        desk.sign_in().complete(state, "t2", browser)


def test_a_login_that_took_too_long_is_refused(desk):
    state, browser = begun(desk)
    desk.kite.logins["t1"] = "AB1234"
    desk.clock.advance(601)
    with pytest.raises(Refused, match="too long"):
        desk.sign_in().complete(state, "t1", browser)


def test_a_request_token_seen_in_an_address_signs_nobody_else_in(desk):
    """It is in the browser's history, and the account service knows it for a session that lives."""
    thief_state, thief_browser = begun(desk)
    signed_in(desk, token="t1")
    with pytest.raises(Refused, match="used before"):
        desk.sign_in().complete(thief_state, "t1", thief_browser)


def test_a_request_token_of_a_login_elsewhere_signs_nobody_in(desk):
    desk.kite.logins["t1"] = "AB1234"
    desk.accounts().complete_login("main", "t1")
    desk.clock.advance(5)
    state, browser = begun(desk)
    with pytest.raises(Refused, match="used before"):
        desk.sign_in().complete(state, "t1", browser)


def test_a_token_the_broker_does_not_know_is_refused(desk):
    state, browser = begun(desk)
    with pytest.raises(SessionExpired):
        desk.sign_in().complete(state, "invented", browser)


def test_a_state_nobody_was_given_is_refused(desk):
    with pytest.raises(Refused):
        desk.sign_in().complete("invented", "t1", "x")


@pytest.mark.parametrize("account", ["nobody", "family", ""])
def test_only_enabled_accounts_can_be_logged_in_with(desk, account):
    with pytest.raises(BadInput, match="no enabled account"):
        desk.sign_in().begin(account, "/")


def test_a_session_ends(desk):
    done = signed_in(desk)
    desk.clock.advance(timedelta(hours=12).total_seconds())
    assert desk.sign_in().principal(done.session_secret) is None


def test_signing_out_ends_the_session(desk):
    done = signed_in(desk)
    desk.sign_in().end(done.session_secret)
    assert desk.sign_in().principal(done.session_secret) is None


@pytest.mark.parametrize(
    "change", [{"enabled": False}, {"principal": "ravi"}, {"kite_user_id": "NEW123"}], ids=str
)
def test_a_session_ends_with_the_right_to_it(desk, change):
    done = signed_in(desk)
    account = desk.seen(Account, account_key("main"))
    desk.store.write(replace(account.evolve(**change)))
    assert desk.sign_in().principal(done.session_secret) is None


def test_each_login_has_a_session_and_a_csrf_word_of_its_own(desk):
    one = desk.sign_in().principal(signed_in(desk, token="t1").session_secret)
    two = desk.sign_in().principal(signed_in(desk, token="t2").session_secret)
    assert one.csrf != two.csrf


@pytest.mark.parametrize(
    "path", ["/", "/approvals/abc-_9", "/proposals/main/o1?x=1", "/a/b%20c", "/?next=https://x"]
)
def test_pages_of_the_desk_may_be_returned_to(path):
    assert local_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        " /x",
        "/x y",
        "javascript:alert(1)",
        "/" + "a" * 600,
        "/é",
        "approvals/x",
    ],
)
def test_no_other_address_may_be_returned_to(path):
    with pytest.raises(BadInput):
        local_path(path)
