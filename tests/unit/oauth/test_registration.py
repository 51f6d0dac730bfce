"""Dynamic registration: open to all, so bounded, and worth nothing before a person's yes."""

from datetime import timedelta
from typing import Any

import pytest

from patang.oauth.errors import OAuthError
from tests.unit.api.sample_desk import SampleDesk
from tests.unit.oauth.parties import CALLBACK, client_of, request_of, tokens_for

SOURCE = "198.51.100.7"


def refusal(desk: SampleDesk, **metadata: Any) -> OAuthError:
    with pytest.raises(OAuthError) as refused:
        client_of(desk, **metadata)
    return refused.value


def test_a_public_client_is_told_what_was_registered(desk: SampleDesk) -> None:
    said = {
        "client_name": "Visual Studio Code",
        "redirect_uris": ["http://127.0.0.1/", "https://vscode.dev/redirect", "http://127.0.0.1/"],
        "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:jwt-bearer"],
        "response_types": ["code"],
        "client_uri": "https://code.visualstudio.com",
        "logo_uri": "",
        "contacts": None,
        "software_id": "x",
    }
    answer = desk.oauth_clients().register(said, SOURCE).answer()
    assert answer == {
        "client_id": answer["client_id"],
        "client_id_issued_at": int(desk.clock.now().timestamp()),
        "client_name": "Visual Studio Code",
        "redirect_uris": ["http://127.0.0.1/", "https://vscode.dev/redirect"],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "scope": "read trade admin",
        "client_uri": "https://code.visualstudio.com",
    }


@pytest.mark.parametrize("method", [None, "client_secret_basic", "client_secret_post"])
def test_a_confidential_client_gets_its_secret_once(desk: SampleDesk, method: str | None) -> None:
    registered = desk.oauth_clients().register(
        {"client_name": "Server", "redirect_uris": [CALLBACK], "token_endpoint_auth_method": method}, SOURCE
    )
    answer = registered.answer()
    assert answer["token_endpoint_auth_method"] == (method or "client_secret_basic")
    assert answer["client_secret_expires_at"] == 0
    assert len(answer["client_secret"]) >= 43
    assert answer["client_secret"] not in str(desk.auth_store.items)
    assert answer["client_secret"] not in repr(registered)


def test_a_client_without_a_name_is_called_by_where_it_answers(desk: SampleDesk) -> None:
    assert client_of(desk, client_name=None).name == "claude.ai"


@pytest.mark.parametrize(
    ("metadata", "error", "said"),
    [
        ({"redirect_uris": None}, "invalid_redirect_uri", "1 to 20"),
        ({"redirect_uris": []}, "invalid_redirect_uri", "1 to 20"),
        ({"redirect_uris": [f"https://a.dev/{n}" for n in range(21)]}, "invalid_redirect_uri", "21"),
        ({"redirect_uris": ["http://evil.dev/cb"]}, "invalid_redirect_uri", "not of this machine"),
        ({"redirect_uris": [CALLBACK, "javascript:alert(1)"]}, "invalid_redirect_uri", "javascript"),
        ({"redirect_uris": CALLBACK}, "invalid_client_metadata", "list of texts"),
        ({"redirect_uris": [7]}, "invalid_client_metadata", "list of texts"),
        ({"response_types": ["token"]}, "invalid_client_metadata", "response_types"),
        ({"grant_types": ["client_credentials"]}, "invalid_client_metadata", "grant_types"),
        ({"grant_types": "authorization_code"}, "invalid_client_metadata", "grant_types"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "invalid_client_metadata", "private_key_jwt"),
        ({"token_endpoint_auth_method": ["none"]}, "invalid_client_metadata", "auth_method"),
        ({"client_name": "x" * 101}, "invalid_client_metadata", "client_name"),
        ({"client_name": "Claude\u202etxt.exe"}, "invalid_client_metadata", "client_name"),
        ({"client_name": "Claude\nhas been checked"}, "invalid_client_metadata", "client_name"),
        ({"client_name": "Log in again: https://evil.dev"}, "invalid_client_metadata", "link"),
        ({"client_name": "   "}, "invalid_client_metadata", "client_name"),
        ({"client_name": {"en": "Claude"}}, "invalid_client_metadata", "client_name"),
        ({"scope": "openid email"}, "invalid_client_metadata", "scope"),
        ({"scope": ["read"]}, "invalid_client_metadata", "scope"),
    ],
)
def test_what_is_no_good_is_refused_with_a_reason(
    desk: SampleDesk, metadata: dict[str, Any], error: str, said: str
) -> None:
    refused = refusal(desk, **metadata)
    assert (refused.error, refused.status) == (error, 400)
    assert said in refused.description
    assert not desk.auth_store.items


@pytest.mark.parametrize(
    "uri",
    ["javascript:alert(1)", "http://acme.dev", "https://", "https://claude.ai@evil.dev", "https://[", "x"],
)
def test_a_home_page_that_is_none_is_passed_over(desk: SampleDesk, uri: str) -> None:
    assert client_of(desk, client_uri=uri).client_uri is None


@pytest.mark.parametrize("scope", ["read", "read offline_access", " read  read "])
def test_a_client_that_registers_for_less_may_ask_for_less(desk: SampleDesk, scope: str) -> None:
    client = client_of(desk, scope=scope)
    assert client.scopes == ("read",)
    with pytest.raises(OAuthError, match="invalid_scope"):
        desk.authorizations().begin(request_of(client, scope="trade admin"))


def test_registrations_have_an_hourly_end_for_one_source_and_for_all(desk: SampleDesk) -> None:
    for _ in range(20):
        client_of(desk)
    refused = refusal(desk)
    assert (refused.error, refused.status) == ("temporarily_unavailable", 503)
    book = desk.oauth_clients()
    said = {"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none"}
    for number in range(180):
        book.register(said, f"203.0.113.{number}")
    with pytest.raises(OAuthError, match="too many"):
        book.register(said, "192.0.2.1")
    desk.clock.advance(3600)
    assert client_of(desk)


def test_what_is_refused_counts_nothing(desk: SampleDesk) -> None:
    for _ in range(30):
        refusal(desk, redirect_uris=[])
    assert client_of(desk)


def test_a_client_that_nobody_lets_in_is_forgotten_in_a_week(desk: SampleDesk) -> None:
    client = client_of(desk)
    desk.clock.advance(timedelta(days=7).total_seconds())
    with pytest.raises(OAuthError, match="register again") as refused:
        desk.oauth_clients().find(client.client_id)
    assert (refused.value.error, refused.value.status) == ("invalid_client", 401)


def test_a_client_that_was_let_in_stays(desk: SampleDesk) -> None:
    client = client_of(desk)
    tokens_for(desk, client)
    desk.clock.advance(timedelta(days=300).total_seconds())
    again = desk.oauth_clients().find(client.client_id)
    tokens_for(desk, again)
    desk.clock.advance(timedelta(days=300).total_seconds())
    assert desk.oauth_clients().find(client.client_id).name == "Claude"


@pytest.mark.parametrize("client_id", ["", "unknown", "x" * 513, "patang-client-guessed"])
def test_an_id_that_nobody_was_given_is_no_client(desk: SampleDesk, client_id: str) -> None:
    with pytest.raises(OAuthError, match="invalid_client"):
        desk.oauth_clients().find(client_id)


def test_every_stored_client_has_an_end_in_the_table(desk: SampleDesk) -> None:
    client = client_of(desk)
    assert client.expires_at() == int((desk.clock.now() + timedelta(days=7)).timestamp())


def test_a_refusal_says_nothing_that_a_header_or_json_could_not_carry(desk: SampleDesk) -> None:
    refused = refusal(desk, token_endpoint_auth_method='"\\\r\n\u202eé')
    assert refused.body()["error_description"].isascii()
    assert not set('"\\\r\n') & set(refused.description)
