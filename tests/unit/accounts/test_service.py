"""Accounts and sessions: who may open one, how long it lasts, where the secrets are."""

import hashlib
from datetime import datetime

import pytest

from patang.accounts.service import AccountService
from patang.accounts.session import next_expiry
from patang.audit.event import AuditEvent
from patang.errors import BadInput, Refused, SessionExpired
from patang.keys import outbox_partition
from patang.market.sessions import IST
from patang.ports import BrokerLogin
from patang.records import load_all
from tests.fakes import FixedClock, MemorySecrets, MemoryStore


class Exchange:
    """A LoginExchange that takes each request token once and hands out `access_token`."""

    def __init__(self) -> None:
        self.used: list[str] = []
        self.user_id = "AB1234"
        self.access_token = ""

    def exchange(self, api_key: str, api_secret: str, request_token: str) -> BrokerLogin:
        if request_token in self.used:
            raise SessionExpired("used before")
        self.used.append(request_token)
        return BrokerLogin(self.user_id, self.access_token or f"access-{request_token}-{api_secret}")


@pytest.fixture
def world():
    return MemoryStore(), MemorySecrets(), FixedClock(), Exchange()


@pytest.fixture
def service(world) -> AccountService:
    return another(world)


def another(world) -> AccountService:
    """The service of another instance over the same state."""
    store, secrets, clock, exchange = world
    service = AccountService(
        store,
        secrets,
        clock,
        exchange,
        secret_prefix="patang/dev",
        login_root=lambda: "https://login.example",
    )
    if not service.list():
        service.register.add("main", "Main", "key", "api-secret", "AB1234", "owner")
    return service


def test_the_login_page_brings_the_state_back(service):
    url = service.login_url("main", "a b&c")
    assert url.startswith("https://login.example/connect/login?v=3&api_key=key&redirect_params=")
    assert url.endswith("state%3Da%2Bb%2526c")


def test_a_login_gives_credentials_to_every_instance(world, service):
    session = service.complete_login("main", "request")
    credentials = another(world).credentials("main")
    assert (credentials.api_key, credentials.access_token) == ("key", "access-request-api-secret")
    assert credentials.version == session.version == 1


def test_the_same_request_token_again_is_the_same_session(world, service):
    first = service.complete_login("main", "request")
    assert another(world).complete_login("main", "request").version == first.version
    assert world[3].used == ["request"]


def test_another_login_is_a_new_version_and_is_seen_within_seconds(world, service):
    elsewhere = another(world)
    service.complete_login("main", "one")
    assert elsewhere.credentials("main").version == 1
    service.complete_login("main", "two")
    world[2].advance(3)
    assert elsewhere.credentials("main").access_token == "access-two-api-secret"


def test_a_login_after_the_end_is_seen_at_once(world, service):
    """Whoever looks at the desk after its owner has logged in knew the session as dead a moment ago."""
    elsewhere = another(world)
    assert not elsewhere.is_live("main")
    service.complete_login("main", "one")
    assert elsewhere.credentials("main").version == 1
    service.mark_expired("main", 1)
    world[2].advance(3)
    assert not elsewhere.is_live("main")
    service.complete_login("main", "two")
    assert elsewhere.credentials("main").version == 2


def test_of_two_logins_at_once_each_token_has_a_version_of_its_own(world, service, monkeypatch):
    """Else who has read the first token goes on with it, and its refusal ends the second login's session."""
    store, secrets, elsewhere = world[0], world[1], another(world)
    write, read = store.write, []

    def after_the_other(*writes):
        monkeypatch.setattr(store, "write", write)
        elsewhere.complete_login("main", "two")
        read.append(elsewhere.credentials("main"))
        # The other's secret came before ours, his session after it.
        name = "patang/dev/account/main"
        secrets.put(name, {**secrets.get(name), "access_token": "access-one-api-secret"})
        write(*writes)

    monkeypatch.setattr(store, "write", after_the_other)
    session = service.complete_login("main", "one")
    assert (read[0].access_token, read[0].version) == ("access-two-api-secret", 1)
    assert session.version == 2
    assert another(world).credentials("main").access_token == "access-one-api-secret"


def test_a_login_that_brings_the_same_access_token_disturbs_nobody(world, service):
    world[3].access_token = "the day's"
    service.complete_login("main", "one")
    assert service.complete_login("main", "two").version == 1
    service.mark_expired("main", 1)
    assert service.complete_login("main", "three").version == 2


def test_somebody_elses_login_does_not_open_the_session(world, service):
    world[3].user_id = "ZZ9999"
    with pytest.raises(Refused, match="ZZ9999"):
        service.complete_login("main", "request")
    with pytest.raises(SessionExpired):
        service.credentials("main")


@pytest.mark.parametrize(
    ("login", "end"),
    [("2026-08-18 09:00", "2026-08-19 06:00"), ("2026-08-18 05:59", "2026-08-18 06:00")],
)
def test_a_session_ends_at_six(login, end):
    moment = datetime.fromisoformat(login).replace(tzinfo=IST)
    assert next_expiry(moment) == datetime.fromisoformat(end).replace(tzinfo=IST)


def test_credentials_are_refused_after_six(world, service):
    service.complete_login("main", "request")
    world[2].moment = datetime(2026, 8, 19, 6, 0, tzinfo=IST)
    assert not service.is_live("main")
    with pytest.raises(SessionExpired, match="main"):
        service.credentials("main")


def test_a_dead_token_is_noted_once_and_only_for_its_own_version(world, service):
    service.complete_login("main", "one")
    service.complete_login("main", "two")
    service.mark_expired("main", 1)
    assert service.is_live("main")
    service.mark_expired("main", 2)
    another(world).mark_expired("main", 2)
    assert not service.is_live("main")
    kinds = [event.kind for event in events(world)]
    assert kinds.count("SESSION_EXPIRED") == 1


def test_secrets_are_in_the_secret_store_and_nowhere_else(world, service):
    store, secrets, _, _ = world
    session = service.complete_login("main", "request")
    written = repr(store.items) + repr(session) + repr(service.credentials("main")) + repr(service.list())
    for secret in ("api-secret", "access-request", "'request'"):
        assert secret not in written
    assert secrets.secrets["patang/dev/account/main"] == {
        "api_secret": "api-secret",
        "access_token": "access-request-api-secret",
        "version": "1",
    }


def test_another_label_or_secret_keeps_the_session(world, service):
    service.complete_login("main", "request")
    service.register.rename("main", "Renamed", "owner")
    service.register.set_credentials("main", "owner", api_secret="new-secret")
    assert [account.label for account in service.list()] == ["Renamed"]
    assert another(world).credentials("main").access_token == "access-request-api-secret"
    assert world[1].secrets["patang/dev/account/main"]["api_secret"] == "new-secret"


def test_another_key_is_another_app_and_needs_a_login(world, service):
    service.complete_login("main", "request")
    service.register.set_credentials("main", "owner", api_key="key2")
    elsewhere = another(world)
    with pytest.raises(SessionExpired):
        elsewhere.credentials("main")
    elsewhere.complete_login("main", "again")
    assert (elsewhere.credentials("main").api_key, elsewhere.session("main").version) == ("key2", 2)


def test_an_unknown_account_is_named(service):
    with pytest.raises(BadInput, match="'other'"):
        service.login_url("other", "state")


def test_logins_are_in_the_outbox(world, service):
    service.complete_login("main", "one")
    service.complete_login("main", "two")
    assert sorted(event.kind for event in events(world)) == ["ACCOUNT_SAVED", "LOGGED_IN", "LOGGED_IN"]


def test_a_postback_is_genuine_only_with_the_accounts_checksum(service):
    body = {"order_id": "1", "order_timestamp": "2026-08-18 10:00:00"}
    checksum = hashlib.sha256(b"12026-08-18 10:00:00api-secret").hexdigest()
    assert service.is_genuine_postback("main", {**body, "checksum": checksum})
    assert not service.is_genuine_postback("main", {**body, "checksum": "0" * 64})
    assert not service.is_genuine_postback("main", body)
    assert not service.is_genuine_postback("other", {**body, "checksum": checksum})


def events(world) -> list[AuditEvent]:
    store, _, clock, _ = world
    return load_all(store, AuditEvent, outbox_partition("main", clock.now().date()))
