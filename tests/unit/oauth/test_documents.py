"""Clients by a document at their own address: what is asked, what is believed, for how long."""

from datetime import timedelta
from typing import Any

import pytest

from patang.oauth.documents import checked_document_url
from patang.oauth.errors import OAuthError
from patang.ports.client_documents import ClientDocument
from tests.unit.api.sample_desk import SampleDesk
from tests.unit.oauth.parties import CALLBACK, DOCUMENT, request_of, tokens_for


def refusal(desk: SampleDesk, client_id: str = DOCUMENT) -> OAuthError:
    with pytest.raises(OAuthError) as refused:
        desk.oauth_clients().find(client_id)
    return refused.value


def test_a_client_is_what_its_document_says(desk: SampleDesk) -> None:
    desk.client_documents.put(DOCUMENT, client_uri="https://acme.dev/")
    client = desk.oauth_clients().find(DOCUMENT)
    assert (client.client_id, client.name, client.redirect_uris) == (DOCUMENT, "Acme Assistant", (CALLBACK,))
    assert (client.auth_method, client.secret_hash, client.vouched_by) == ("none", None, "assistant.acme.dev")
    assert client.grant_types == ("authorization_code", "refresh_token")


def test_a_document_may_leave_the_method_out(desk: SampleDesk) -> None:
    desk.client_documents.put(DOCUMENT, token_endpoint_auth_method=None)
    assert desk.oauth_clients().find(DOCUMENT).auth_method == "none"


@pytest.mark.parametrize(
    "url",
    [
        "http://assistant.acme.dev/client.json",
        "https://assistant.acme.dev",
        "https://assistant.acme.dev/",
        "https://assistant.acme.dev/a/../client.json",
        "https://assistant.acme.dev/./client.json",
        "https://assistant.acme.dev/%2e%2e/client.json",
        "https://assistant.acme.dev/%2E/client.json",
        "https://assistant.acme.dev/client.json#x",
        "https://user:word@assistant.acme.dev/client.json",
        "https://assistant.acme.dev@evil.dev/client.json",
        "https://Assistant.acme.dev/client.json",
        "https://localhost/client.json",
        "https://desk/client.json",
        "https://printer.local/client.json",
        "https://metadata.google.internal/client.json",
        "https://127.0.0.1/client.json",
        "https://2130706433/client.json",
        "https://0x7f.1/client.json",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/client.json",
        "https://[::ffff:10.0.0.1]/client.json",
        "https://assistant.acme.dev:0/client.json",
        "https://assistant.acme.dev:99999/client.json",
        "https://assistant.acme.dev/cli ent.json",
        "https://assistant.acme.dev/client.json\r\nHost: evil.dev",
        "https://assistant.acme.dev\\@evil.dev/client.json",
        "https://assistänt.acme.dev/client.json",
        "https://assistant.acme.dev./client.json",
        "https:assistant.acme.dev/client.json",
        "https:///client.json",
        "https://assistant.acme.dev/" + "a" * 490,
    ],
)
def test_an_address_that_may_lead_elsewhere_is_never_asked(desk: SampleDesk, url: str) -> None:
    refused = refusal(desk, url)
    assert (refused.error, refused.redirect) == ("invalid_client", None)
    assert desk.client_documents.fetched == []
    assert not desk.auth_store.items


@pytest.mark.parametrize(
    "url",
    [
        "https://claude.ai/oauth/mcp-oauth-client-metadata",
        "https://vscode.dev/oauth/client-metadata.json",
        "https://a.b.acme.dev:8443/x?y=z",
        "https://xn--bcher-kva.dev/client.json",
    ],
)
def test_addresses_of_real_documents_are_asked(url: str) -> None:
    assert checked_document_url(url) == url


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"client_id": "https://assistant.acme.dev/other.json"}, "other.json"),
        ({"client_id": None}, "None"),
        ({"client_id": DOCUMENT + "/"}, "client.json/"),
        ({"client_name": None}, "client_name"),
        ({"client_secret": "all can read it"}, "secret"),
        ({"token_endpoint_auth_method": "client_secret_basic"}, "client_secret_basic"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "private_key_jwt"),
        ({"redirect_uris": ["http://evil.dev/"]}, "not of this machine"),
        ({"redirect_uris": []}, "redirect_uris"),
    ],
)
def test_a_document_that_is_no_good_makes_no_client(
    desk: SampleDesk, changes: dict[str, Any], said: str
) -> None:
    desk.client_documents.put(DOCUMENT, **changes)
    assert said in refusal(desk).description
    assert not any(key.partition.startswith("OAUTH_CLIENT#") for key in desk.auth_store.items)


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b"[]", b'"x"', b"null", b"\xff\xfe", b"[" * 100_000, b'{"client_id":']
)
def test_what_is_no_json_object_makes_no_client(desk: SampleDesk, content: bytes) -> None:
    desk.client_documents.pages[DOCUMENT] = ClientDocument(content, None)
    assert refusal(desk).error == "invalid_client"


def test_no_document_no_client(desk: SampleDesk) -> None:
    refused = refusal(desk)
    assert (refused.error, refused.status) == ("invalid_client", 401)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (None, timedelta(minutes=5)),
        (timedelta(0), timedelta(minutes=5)),
        (timedelta(hours=2), timedelta(hours=2)),
        (timedelta(days=900), timedelta(hours=24)),
    ],
)
def test_a_document_is_kept_as_long_as_its_host_says_within_bounds(
    desk: SampleDesk, said: timedelta | None, kept: timedelta
) -> None:
    desk.client_documents.put(DOCUMENT, fresh_for=said)
    desk.oauth_clients().find(DOCUMENT)
    desk.clock.advance(kept.total_seconds() - 1)
    desk.oauth_clients().find(DOCUMENT)
    assert len(desk.client_documents.fetched) == 1
    desk.clock.advance(1)
    desk.client_documents.put(DOCUMENT, client_name="Renamed")
    assert desk.oauth_clients().find(DOCUMENT).name == "Renamed"
    assert desk.oauth_clients().find(DOCUMENT).name == "Renamed"
    assert len(desk.client_documents.fetched) == 2


def test_a_host_that_cannot_be_reached_ends_nobodys_session_for_a_day(desk: SampleDesk) -> None:
    desk.client_documents.put(DOCUMENT)
    known = desk.oauth_clients().find(DOCUMENT)
    desk.client_documents.down = True
    desk.clock.advance(timedelta(hours=23).total_seconds())
    assert desk.oauth_clients().find(DOCUMENT) == known.evolve(revision=1)
    desk.clock.advance(timedelta(hours=2).total_seconds())
    assert refusal(desk).error == "temporarily_unavailable"


def test_a_document_that_was_taken_away_ends_its_client_at_the_next_look(desk: SampleDesk) -> None:
    desk.client_documents.put(DOCUMENT)
    desk.oauth_clients().find(DOCUMENT)
    desk.client_documents.pages.clear()
    desk.clock.advance(301)
    assert refusal(desk).error == "invalid_client"


def test_an_item_that_the_table_has_not_cleared_away_is_written_over(desk: SampleDesk) -> None:
    desk.client_documents.put(DOCUMENT)
    desk.oauth_clients().find(DOCUMENT)
    desk.clock.advance(timedelta(days=10).total_seconds())
    desk.oauth_clients().find(DOCUMENT)
    desk.oauth_clients().find(DOCUMENT)
    assert len(desk.client_documents.fetched) == 2


def test_nobody_makes_the_desk_ask_the_web_without_end(desk: SampleDesk) -> None:
    desk.client_documents.put(DOCUMENT)
    desk.oauth_clients().find(DOCUMENT)
    for number in range(299):
        refusal(desk, f"https://assistant.acme.dev/{number}.json")
    refused = refusal(desk, "https://assistant.acme.dev/one-more.json")
    assert refused.error == "temporarily_unavailable"
    assert len(desk.client_documents.fetched) == 300
    # Who is known goes on meanwhile, also when his document is due.
    desk.clock.advance(301)
    assert desk.oauth_clients().find(DOCUMENT).name == "Acme Assistant"
    desk.clock.advance(3600)
    assert desk.oauth_clients().find(DOCUMENT)
    assert len(desk.client_documents.fetched) == 301


def test_a_documents_client_gets_tokens_and_is_listed_with_its_host(desk: SampleDesk) -> None:
    desk.client_documents.put(DOCUMENT)
    tokens_for(desk, desk.oauth_clients().find(DOCUMENT))
    (connected,) = desk.grants().connected("asha")
    assert (connected.client_id, connected.vouched_by) == (DOCUMENT, "assistant.acme.dev")


def test_an_address_that_the_document_no_longer_has_gets_no_code(desk: SampleDesk) -> None:
    desk.client_documents.put(DOCUMENT)
    client = desk.oauth_clients().find(DOCUMENT)
    desk.client_documents.put(DOCUMENT, redirect_uris=["https://assistant.acme.dev/cb"])
    desk.clock.advance(301)
    with pytest.raises(OAuthError, match="not one of this client's"):
        desk.authorizations().begin(request_of(client))


def test_a_document_says_nothing_by_what_it_holds_beside(desk: SampleDesk) -> None:
    desk.client_documents.put(DOCUMENT, origin="registered", scopes=["x"], secret_hash="0" * 64, until="x")
    client = desk.oauth_clients().find(DOCUMENT)
    assert (client.origin, client.secret_hash, client.scopes) == (
        "document",
        None,
        ("read", "trade", "admin"),
    )
