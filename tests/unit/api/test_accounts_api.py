"""Accounts and their login over HTTP: only one's own, nothing secret, nothing twice."""

import logging
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.testclient import TestClient

from patang.keys import account_key
from tests.unit.api.sample_desk import position

NEW = {
    "account": "third",
    "label": "Third",
    "api_key": "newkey99",
    "api_secret": "very-hidden",
    "kite_user_id": "AB1234",
}


@pytest.fixture
def admin(stranger, bearer):
    """Calls as asha's program with every scope."""
    headers = bearer("admin", "trade", "read")
    return lambda method, path, **more: stranger.request(method, path, headers=headers, **more)


def signed_in(browser):
    word = {"X-CSRF-Token": browser.csrf}
    return lambda method, path, **more: browser.request(method, path, headers=word, **more)


@pytest.fixture
def person(owner):
    """Calls as asha, signed in."""
    return signed_in(owner)


@pytest.fixture
def ravi(sign_in):
    return signed_in(sign_in("other", "XY5678"))


def test_an_account_from_its_beginning_to_its_end(person, desk):
    added = person("POST", "/api/accounts", json=NEW)
    assert added.status_code == 201
    assert added.json() == {
        "account": "third",
        "label": "Third",
        "kite_user_id": "AB1234",
        "api_key_ends": "ey99",
        "enabled": True,
        "session": "MISSING",
        "logged_in_at": None,
        "valid_until": None,
        "login": None,
    }
    changed = person("PATCH", "/api/accounts/third", json={"label": "Slow", "api_secret": "other-hidden"})
    assert (changed.status_code, changed.json()["label"]) == (200, "Slow")
    assert desk.secrets.get("patang/test/account/third") == {"api_secret": "other-hidden"}
    assert person("PATCH", "/api/accounts/third", json={"enabled": False}).json()["enabled"] is False
    listed = person("GET", "/api/accounts").json()
    assert [entry["account"] for entry in listed] == ["family", "main", "third"]
    logins = person("GET", "/api/kite/accounts").json()
    assert [(a["account"], a["session"]) for a in logins["data"]] == [("main", "ACTIVE")]
    assert person("PATCH", "/api/accounts/third", json={"enabled": True}).json()["enabled"] is True
    assert person("DELETE", "/api/accounts/third").status_code == 204
    assert person("DELETE", "/api/accounts/third").status_code == 404
    assert desk.secrets.get("patang/test/account/third") is None


def test_no_answer_no_item_and_no_log_line_holds_a_secret(person, desk, caplog, capsys):
    caplog.set_level(logging.DEBUG)
    texts = [
        person("POST", "/api/accounts", json=NEW).text,
        person("PATCH", "/api/accounts/third", json={"api_secret": "very-hidden", "label": 7}).text,
        person("POST", "/api/accounts", json=NEW).text,
        person("POST", "/api/accounts", json=NEW | {"api_secret": "very-hidden" * 20}).text,
        person("GET", "/api/accounts").text,
        person("GET", "/api/kite/accounts").text,
        caplog.text,
        repr(desk.store.items),
        repr(capsys.readouterr()),
    ]
    assert not [text for text in texts if "very-hidden" in text]


def test_what_is_open_is_refused_by_name(admin, desk):
    answer = admin("DELETE", "/api/accounts/main")
    assert answer.status_code == 409
    assert "position 20 RELIANCE" in answer.json()["message"]
    assert "order N260818I1" in answer.json()["message"]
    assert "INFY" not in answer.text
    assert desk.accounts().account("main").enabled


@pytest.mark.parametrize("account", ["other", "nobody", "OTHER", "%2e%2e"])
def test_another_principals_account_does_not_exist(person, desk, account):
    before = desk.store.get(account_key("other")), dict(desk.secrets.secrets)
    answers = [
        person("PATCH", f"/api/accounts/{account}", json={"label": "mine"}),
        person("DELETE", f"/api/accounts/{account}"),
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert (desk.store.get(account_key("other")), dict(desk.secrets.secrets)) == before


def test_a_name_that_another_has_is_refused_as_one_that_was_removed(person, ravi, desk):
    before = desk.store.get(account_key("other")), dict(desk.secrets.secrets)
    taken = person("POST", "/api/accounts", json=NEW | {"account": "other"})
    assert (desk.store.get(account_key("other")), dict(desk.secrets.secrets)) == before
    ravi("POST", "/api/accounts", json=NEW | {"kite_user_id": "XY5678"})
    ravi("DELETE", "/api/accounts/third")
    removed = person("POST", "/api/accounts", json=NEW)
    assert taken.status_code == removed.status_code
    assert taken.json()["message"].replace("'other'", "'third'") == removed.json()["message"]
    assert "ravi" not in taken.text + removed.text


def test_nobody_puts_another_person_on_the_desk_over_http(person, desk):
    desk.accounts().register.allow("XY5678", "ravi", "patang")
    told = []
    for user_id in ("ZZ0000", "XY5678"):
        answer = person("POST", "/api/accounts", json=NEW | {"kite_user_id": user_id})
        assert answer.status_code == 409
        assert "list of people" in answer.json()["message"]
        told.append(answer.text.replace(user_id, "?"))
    assert told[0] == told[1], "whether somebody else is on this desk is not told"
    assert desk.secrets.get("patang/test/account/third") is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"account": "Not A Name"},
        {"label": ""},
        {"label": "a\nb"},
        {"api_key": "a b"},
        {"api_secret": ""},
        {"kite_user_id": "ab"},
        {"principal": "ravi"},
    ],
    ids=str,
)
def test_what_does_not_parse_is_refused(person, desk, wrong):
    assert person("POST", "/api/accounts", json=NEW | wrong).status_code == 422
    assert desk.store.get(account_key("third")) is None


def test_a_change_of_nothing_is_refused(admin):
    assert admin("PATCH", "/api/accounts/main", json={}).status_code == 400


@pytest.mark.parametrize("scopes", [("read",), ("read", "trade")])
def test_accounts_are_changed_with_scope_admin_alone(stranger, bearer, desk, scopes):
    headers = bearer(*scopes)
    for method, path, body in (
        ("POST", "/api/accounts", NEW),
        ("PATCH", "/api/accounts/main", {"label": "x"}),
        ("DELETE", "/api/accounts/main", None),
    ):
        assert stranger.request(method, path, json=body, headers=headers).status_code == 403


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/accounts", NEW),
        ("PATCH", "/api/accounts/main", {"api_key": "evilkey1"}),
        ("PATCH", "/api/accounts/main", {"api_secret": "evil-secret"}),
        ("PATCH", "/api/accounts/main", {"label": "Mine", "api_key": "evilkey1", "api_secret": "evil"}),
    ],
)
def test_no_token_leads_the_next_login_to_an_app_of_its_own(admin, person, desk, method, path, body):
    """The app of the key is handed the session of whoever logs in: with it, all of the account."""
    before = dict(desk.store.items), dict(desk.secrets.secrets)
    answer = admin(method, path, json=body)
    assert (answer.status_code, answer.json()["error_type"]) == (403, "AuthenticationError")
    assert "signed-in owner" in answer.json()["message"]
    assert (desk.store.items, desk.secrets.secrets) == before
    assert person(method, path, json=body).status_code in (200, 201)


def begun(admin, account="main"):
    answer = admin("POST", "/api/kite/auth", json={"action": "login", "account_id": account})
    assert answer.status_code == 200
    data = answer.json()["data"]
    passed_on = parse_qs(urlsplit(data["login_url"]).query)["redirect_params"][0]
    assert parse_qs(passed_on)["state"] == [data["state"]]
    return data


def end_session(desk):
    desk.accounts().mark_expired("main", 1)
    assert not desk.accounts().is_live("main")


def test_a_program_logs_in_with_the_request_token_once(admin, desk):
    end_session(desk)
    state = begun(admin)["state"]
    desk.kite.logins["r1"] = "AB1234"
    body = {"action": "session", "account_id": "main", "request_token": "r1", "state": state}
    opened = admin("POST", "/api/kite/auth", json=body)
    assert (opened.json()["status"], opened.json()["data"]["session"]) == ("success", "ACTIVE")
    assert desk.accounts().credentials("main").access_token == "access-r1"
    assert "access-r1" not in opened.text
    for again in (body, body | {"state": begun(admin)["state"]}, {**body, "state": None}):
        assert admin("POST", "/api/kite/auth", json=again).status_code == 409


def test_the_callback_of_a_programs_login_opens_the_session_and_signs_nobody_in(app, admin, desk):
    end_session(desk)
    state = begun(admin)["state"]
    desk.kite.logins["r1"] = "AB1234"
    phone = TestClient(app, follow_redirects=False)
    answer = phone.get("/kite/callback", params={"state": state, "request_token": "r1"})
    assert answer.status_code == 200
    assert "account main is open" in answer.text
    assert not phone.cookies
    assert desk.accounts().is_live("main")
    assert phone.get("/kite/callback", params={"state": state, "request_token": "r1"}).status_code == 403


def test_another_persons_login_opens_nothing(admin, desk):
    end_session(desk)
    desk.kite.logins["r1"] = "XY5678"
    body = {"action": "session", "account_id": "main", "request_token": "r1"}
    assert admin("POST", "/api/kite/auth", json=body).status_code == 409
    assert not desk.accounts().is_live("main")


def test_a_login_is_for_the_account_it_was_begun_for(admin, desk):
    desk.register("second", "AB1234", "asha")
    state = begun(admin)["state"]
    desk.kite.logins["r1"] = "AB1234"
    body = {"action": "session", "account_id": "second", "request_token": "r1", "state": state}
    assert admin("POST", "/api/kite/auth", json=body).status_code == 409


@pytest.mark.parametrize("action", [{"action": "login"}, {"action": "session", "request_token": "r1"}])
@pytest.mark.parametrize("account", ["other", "nobody"])
def test_nobody_logs_in_for_another(admin, desk, action, account):
    before = dict(desk.auth_store.items)
    desk.kite.logins["r1"] = "XY5678"
    assert admin("POST", "/api/kite/auth", json={**action, "account_id": account}).status_code == 404
    assert desk.auth_store.items == before
    assert not desk.accounts().is_live("other")


def test_without_an_account_the_only_one_is_meant(admin, desk):
    answer = admin("POST", "/api/kite/auth", json={"action": "login"})
    assert answer.json()["data"]["account_id"] == "main"
    desk.register("second", "AB1234", "asha")
    assert admin("POST", "/api/kite/auth", json={"action": "login"}).status_code == 400


@pytest.mark.parametrize(
    "body", [{}, {"action": "logout"}, {"action": "session"}, {"action": "login", "request_token": "r"}]
)
def test_an_action_that_does_not_parse_is_refused(admin, body):
    assert admin("POST", "/api/kite/auth", json=body).status_code == 422


def test_positions_of_a_new_account_are_its_own(person, desk):
    person("POST", "/api/accounts", json=NEW)
    desk.keep(position("third", "p9", "WIPRO", state="OPEN"))
    assert "WIPRO" in person("GET", "/api/positions").text
