"""A client's request: nobody is sent anywhere before it is known whose address that is."""

import pytest

from patang.errors import StopTrading
from patang.oauth.errors import OAuthError
from tests.unit.api.sample_desk import SampleDesk, two_owners
from tests.unit.oauth.parties import ADDRESS, CALLBACK, RESOURCE, answer_in, client_of, request_of


def refusal(desk: SampleDesk, asked: dict[str, str]) -> OAuthError:
    with pytest.raises(OAuthError) as refused:
        desk.authorizations().begin(asked)
    return refused.value


def questions(desk: SampleDesk) -> list[object]:
    return [key for key in desk.auth_store.items if key.partition.startswith("OAUTH_TRANSACTION#")]


def test_a_question_is_kept_by_hashes_for_ten_minutes(desk: SampleDesk) -> None:
    begun = desk.authorizations().begin(request_of(client_of(desk)))
    assert begun.client.name == "Claude"
    text = str(desk.auth_store.items)
    assert begun.transaction not in text
    assert begun.browser_secret not in text
    assert begun.transaction not in repr(begun)
    (key,) = questions(desk)
    assert desk.auth_store.items[key]["until"] == "2026-08-18T10:57:30+05:30"


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": None},
        {"client_id": "patang-client-invented"},
        {"redirect_uri": None},
        {"redirect_uri": ""},
        {"redirect_uri": "https://evil.dev/cb"},
        {"redirect_uri": f"{CALLBACK}/.."},
        {"redirect_uri": f"{CALLBACK}?next=https://evil.dev"},
        {"redirect_uri": "https://claude.ai.evil.dev/api/mcp/auth_callback"},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": "//evil.dev"},
    ],
)
def test_an_address_that_is_not_the_clients_is_never_sent_to(
    desk: SampleDesk, changes: dict[str, str | None]
) -> None:
    """No open redirect: an error goes to the person, also when everything else of the request is wrong."""
    client = client_of(desk)
    for more in (
        {},
        {"response_type": "token"},
        {"scope": "none of these"},
        {"resource": "https://evil.dev"},
    ):
        refused = refusal(desk, request_of(client, **changes, **more))
        assert refused.redirect is None
        assert refused.error in {"invalid_request", "invalid_client"}
    assert not questions(desk)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": None}, "unsupported_response_type"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"response_mode": "form_post"}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": "=" * 43}, "invalid_request"),
        ({"code_challenge": "a" * 44}, "invalid_request"),
        ({"code_challenge": "a" * 43 + "\n"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": "s256"}, "invalid_request"),
        ({"scope": "openid email"}, "invalid_scope"),
        ({"scope": "READ"}, "invalid_scope"),
        ({"resource": "https://evil.dev/mcp"}, "invalid_target"),
        ({"resource": ADDRESS}, "invalid_target"),
        ({"resource": f"{ADDRESS}/api"}, "invalid_target"),
        ({"resource": f"{RESOURCE}/other"}, "invalid_target"),
        ({"resource": f"{RESOURCE}?x=1"}, "invalid_target"),
        ({"resource": "http://desk.acme.dev/mcp"}, "invalid_target"),
        ({"resource": "https://desk.acme.dev:8443/mcp"}, "invalid_target"),
        ({"resource": "https://user@desk.acme.dev/mcp"}, "invalid_target"),
        ({"resource": "https://["}, "invalid_target"),
        ({"state": "a\r\nb"}, "invalid_request"),
    ],
)
def test_what_is_wrong_is_told_to_the_client_at_its_own_address(
    desk: SampleDesk, changes: dict[str, str | None], error: str
) -> None:
    asked = request_of(client_of(desk), **changes)
    refused = refusal(desk, asked)
    assert refused.redirect is not None
    assert refused.redirect.startswith(f"{CALLBACK}?")
    told = answer_in(refused.redirect)
    assert told == {
        "error": error,
        "error_description": refused.description,
        "state": asked["state"],
        "iss": ADDRESS,
    }
    assert not questions(desk)


def test_a_state_without_end_is_not_sent_back(desk: SampleDesk) -> None:
    refused = refusal(desk, request_of(client_of(desk), state="s" * 2049))
    assert refused.redirect is not None
    assert "state" not in answer_in(refused.redirect)
    assert desk.authorizations().begin(request_of(client_of(desk), state="s" * 2048))


@pytest.mark.parametrize(
    "resource",
    [None, "", RESOURCE, f"{RESOURCE}/", "HTTPS://Desk.Acme.Dev/mcp", "https://desk.acme.dev:443/mcp"],
)
def test_the_one_resource_may_be_written_in_these_ways(desk: SampleDesk, resource: str | None) -> None:
    desk.authorizations().begin(request_of(client_of(desk), resource=resource))
    (key,) = questions(desk)
    assert desk.auth_store.items[key]["resource"] == RESOURCE


@pytest.mark.parametrize(
    ("scope", "kept"),
    [
        (None, ["read", "trade"]),
        ("", ["read", "trade"]),
        ("read", ["read"]),
        ("admin read", ["read", "admin"]),
        ("read offline_access profile", ["read"]),
        ("read read trade", ["read", "trade"]),
    ],
)
def test_what_can_be_ticked_is_what_was_asked_for(
    desk: SampleDesk, scope: str | None, kept: list[str]
) -> None:
    desk.authorizations().begin(request_of(client_of(desk), scope=scope))
    (key,) = questions(desk)
    assert desk.auth_store.items[key]["scopes"] == kept


def test_a_native_client_is_answered_at_the_port_it_has_now(desk: SampleDesk) -> None:
    client = client_of(desk, redirect_uris=["http://127.0.0.1/", "https://vscode.dev/redirect"])
    desk.authorizations().begin(request_of(client, redirect_uri="http://127.0.0.1:51442/"))
    (key,) = questions(desk)
    assert desk.auth_store.items[key]["redirect_uri"] == "http://127.0.0.1:51442/"


def test_a_desk_without_an_address_lets_nobody_in() -> None:
    desk = two_owners(public_url="")
    with pytest.raises(StopTrading, match="public_url"):
        desk.authorizations().begin(request_of(client_of(desk)))
