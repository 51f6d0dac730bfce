"""Codes into tokens, and what a token is worth: to whom, where, and for how long."""

import base64

import pytest

from patang.accounts.account import Account
from patang.identity.credentials import fingerprint
from patang.keys import account_key
from patang.oauth.errors import OAuthError
from patang.records import replace
from tests.unit.api.sample_desk import SampleDesk
from tests.unit.oauth.parties import (
    ADDRESS,
    CALLBACK,
    RESOURCE,
    VERIFIER,
    challenge_of,
    client_of,
    code_for,
    code_form,
    kinds,
    refresh_form,
    tokens_for,
    told,
)


def refusal(desk: SampleDesk, client: object, form: dict[str, str]) -> OAuthError:
    with pytest.raises(OAuthError) as refused:
        desk.grants().exchange(client, form)
    assert refused.value.redirect is None
    return refused.value


def test_a_code_becomes_tokens(desk: SampleDesk) -> None:
    client = client_of(desk)
    answer = desk.grants().exchange(client, code_form(code_for(desk, client)))
    assert answer.body() == {
        "access_token": answer.access_token,
        "token_type": "Bearer",
        "expires_in": 3600,
        "refresh_token": answer.refresh_token,
        "scope": "read trade",
    }
    text = str(desk.auth_store.items) + str(desk.store.items) + repr(answer)
    assert answer.access_token not in text
    assert str(answer.refresh_token) not in text


def test_a_token_speaks_for_the_person_who_said_yes_within_what_he_ticked(desk: SampleDesk) -> None:
    tokens = tokens_for(desk, client_of(desk), scopes=("read",))
    principal = desk.grants().principal(tokens.access_token, RESOURCE)
    assert principal is not None
    assert (principal.name, principal.accounts, principal.scopes) == ("asha", ("main",), {"read"})
    assert not principal.in_person
    (connected,) = desk.grants().connected("asha")
    assert principal.actor == f"client:{connected.grant_id} «{connected.name}» of asha"


def test_the_verifier_of_the_specification_proves_its_challenge() -> None:
    # RFC 7636, appendix B.
    assert (
        challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
        == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"code_verifier": None}, "code_verifier"),
        ({"code_verifier": ""}, "code_verifier"),
        ({"code_verifier": VERIFIER + "x"}, "code_verifier"),
        ({"code_verifier": challenge_of(VERIFIER)}, "code_verifier"),
        ({"code_verifier": VERIFIER[:42]}, "code_verifier"),
        ({"code_verifier": "é" * 50}, "code_verifier"),
        ({"code_verifier": "v" * 129}, "code_verifier"),
        ({"redirect_uri": "https://evil.dev/cb"}, "redirect_uri"),
        ({"redirect_uri": ""}, "redirect_uri"),
        ({"code": "patang-code-guessed"}, "this code"),
        ({"code": None}, "this code"),
    ],
)
def test_who_cannot_prove_that_he_asked_gets_nothing_and_takes_nothing(
    desk: SampleDesk, changes: dict[str, str | None], said: str
) -> None:
    client = client_of(desk)
    code = code_for(desk, client)
    refused = refusal(desk, client, code_form(code, **changes))
    assert (refused.error, refused.status) == ("invalid_grant", 400)
    assert said in refused.description
    assert desk.grants().exchange(client, code_form(code))


def test_a_code_is_good_for_a_minute(desk: SampleDesk) -> None:
    client = client_of(desk)
    code = code_for(desk, client)
    desk.clock.advance(60)
    assert refusal(desk, client, code_form(code)).error == "invalid_grant"


def test_a_code_is_worth_nothing_to_another_client(desk: SampleDesk) -> None:
    own, other = client_of(desk), client_of(desk, client_name="Another")
    code = code_for(desk, own)
    assert "another client" in refusal(desk, other, code_form(code)).description
    assert desk.grants().exchange(own, code_form(code))


def test_a_replayed_code_ends_what_it_was_changed_into(desk: SampleDesk) -> None:
    client = client_of(desk)
    code = code_for(desk, client)
    tokens = desk.grants().exchange(client, code_form(code))
    assert refusal(desk, client, code_form(code)).error == "invalid_grant"
    assert desk.grants().principal(tokens.access_token, RESOURCE) is None
    assert refusal(desk, client, refresh_form(tokens.refresh_token)).error == "invalid_grant"
    assert desk.grants().connected("asha") == ()
    assert kinds(desk) == ["OAUTH_CODE_REUSED", "OAUTH_CONNECTED", "OAUTH_CONSENTED"]
    ((subject, text),) = desk.notifier.sent
    assert desk.notifier.kinds == ["alarm"]
    assert subject == "A connected program was cut off"
    assert "calls itself 'Claude'" in text


def test_a_replayed_code_ends_it_also_in_the_hands_of_a_thief(desk: SampleDesk) -> None:
    own, thief = client_of(desk), client_of(desk, client_name="Thief")
    code = code_for(desk, own)
    tokens = desk.grants().exchange(own, code_form(code))
    refusal(desk, thief, code_form(code, code_verifier="guessed"))
    assert desk.grants().principal(tokens.access_token, RESOURCE) is None


def test_an_access_token_ends_after_an_hour(desk: SampleDesk) -> None:
    tokens = tokens_for(desk, client_of(desk))
    desk.clock.advance(3599)
    assert desk.grants().principal(tokens.access_token, RESOURCE)
    desk.clock.advance(1)
    assert desk.grants().principal(tokens.access_token, RESOURCE) is None


@pytest.mark.parametrize(
    "resource", ["", ADDRESS, f"{ADDRESS}/", f"{ADDRESS}/api", f"{RESOURCE}/", "https://evil.dev/mcp"]
)
def test_a_token_is_worth_nothing_elsewhere(desk: SampleDesk, resource: str) -> None:
    tokens = tokens_for(desk, client_of(desk))
    assert desk.grants().principal(tokens.access_token, resource) is None


def test_rest_does_not_know_an_access_token_and_the_endpoint_no_other_secret(desk: SampleDesk) -> None:
    client = client_of(desk)
    code = code_for(desk, client)
    tokens = desk.grants().exchange(client, code_form(code))
    bearer = desk.tokens().issue("asha", "laptop", ("read",), days=1).secret
    assert desk.tokens().principal(tokens.access_token) is None
    for secret in (
        bearer,
        code,
        str(tokens.refresh_token),
        "",
        "patang-access-",
        "patang-access-é",
        "x" * 9999,
    ):
        assert desk.grants().principal(secret, RESOURCE) is None
    assert desk.grants().principal(tokens.access_token, RESOURCE)


@pytest.mark.parametrize("resource", ["https://evil.dev/mcp", ADDRESS, f"{RESOURCE}/x"])
def test_no_token_is_made_for_another_resource(desk: SampleDesk, resource: str) -> None:
    client = client_of(desk)
    code = code_for(desk, client)
    assert refusal(desk, client, code_form(code, resource=resource)).error == "invalid_target"
    tokens = desk.grants().exchange(client, code_form(code))
    form = refresh_form(tokens.refresh_token, resource=resource)
    assert refusal(desk, client, form).error == "invalid_target"
    assert desk.grants().exchange(client, refresh_form(tokens.refresh_token))


def test_a_client_of_oauth_2_1_need_not_repeat_where_it_asked(desk: SampleDesk) -> None:
    client = client_of(desk)
    form = code_form(code_for(desk, client), redirect_uri=None, resource=None)
    assert desk.grants().exchange(client, form).scopes == ("read", "trade")


@pytest.mark.parametrize("kind", [None, "", "password", "client_credentials", "implicit"])
def test_there_are_two_ways_to_tokens(desk: SampleDesk, kind: str | None) -> None:
    client = client_of(desk)
    form = code_form(code_for(desk, client), grant_type=kind)
    assert refusal(desk, client, form).error == "unsupported_grant_type"


def test_who_did_not_register_for_refreshing_gets_an_hour(desk: SampleDesk) -> None:
    client = client_of(desk, grant_types=["authorization_code"])
    answer = desk.grants().exchange(client, code_form(code_for(desk, client)))
    assert answer.refresh_token is None
    assert "refresh_token" not in answer.body()
    assert refusal(desk, client, refresh_form("patang-refresh-x")).error == "unauthorized_client"
    desk.clock.advance(3600)
    assert desk.grants().connected("asha") == ()


@pytest.mark.parametrize("change", [{"enabled": False}, {"principal": "ravi"}], ids=str)
def test_a_token_is_worth_nothing_without_an_account(desk: SampleDesk, change: dict[str, object]) -> None:
    client = client_of(desk)
    tokens = tokens_for(desk, client)
    account = desk.seen(Account, account_key("main"))
    assert isinstance(account, Account)
    desk.store.write(replace(account.evolve(**change)))
    assert desk.grants().principal(tokens.access_token, RESOURCE) is None
    assert refusal(desk, client, refresh_form(tokens.refresh_token)).error == "invalid_grant"


def confidential(desk: SampleDesk) -> tuple[str, str]:
    said = {"client_name": "Server", "redirect_uris": [CALLBACK]}
    registered = desk.oauth_clients().register(said, "198.51.100.7")
    assert registered.secret is not None
    return registered.client.client_id, registered.secret


def basic(client_id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


def test_a_client_with_a_secret_shows_it_in_the_header_or_in_the_form(desk: SampleDesk) -> None:
    client_id, secret = confidential(desk)
    grants = desk.grants()
    assert grants.authenticate({}, basic(client_id, secret)).client_id == client_id
    assert grants.authenticate({"client_id": client_id}, basic(client_id, secret)).client_id == client_id
    assert grants.authenticate({}, basic(client_id.replace("-", "%2D"), secret)).client_id == client_id
    assert grants.authenticate({"client_id": client_id, "client_secret": secret}, None).client_id == client_id


def test_nobody_is_a_client_without_its_secret(desk: SampleDesk) -> None:
    client_id, secret = confidential(desk)
    _, other_secret = confidential(desk)
    for form, header in [
        ({"client_id": client_id}, None),
        ({"client_id": client_id, "client_secret": ""}, None),
        ({"client_id": client_id, "client_secret": other_secret}, None),
        ({"client_id": client_id, "client_secret": fingerprint(secret)}, None),
        ({}, basic(client_id, "")),
        ({}, basic(client_id, other_secret)),
        ({}, basic("", secret)),
        ({}, "Basic"),
        ({}, "Basic !!!"),
        ({}, "Basic " + base64.b64encode(b"\xff\xfe:x").decode()),
        ({}, "Basic " + base64.b64encode(client_id.encode()).decode()),
        ({}, f"Bearer {secret}"),
        ({}, None),
        ({"client_id": "patang-client-invented", "client_secret": secret}, None),
    ]:
        with pytest.raises(OAuthError) as refused:
            desk.grants().authenticate(form, header)
        assert (refused.value.error, refused.value.status) == ("invalid_client", 401)


def test_two_ways_at_once_are_refused(desk: SampleDesk) -> None:
    client_id, secret = confidential(desk)
    for form in ({"client_id": client_id, "client_secret": secret}, {"client_id": "another"}):
        with pytest.raises(OAuthError, match="invalid_request"):
            desk.grants().authenticate(form, basic(client_id, secret))


def test_a_public_client_has_no_secret_to_show(desk: SampleDesk) -> None:
    client = client_of(desk)
    assert desk.grants().authenticate({"client_id": client.client_id, "client_secret": ""}, None) == (
        desk.oauth_clients().find(client.client_id)
    )
    with pytest.raises(OAuthError, match="no secret"):
        desk.grants().authenticate({"client_id": client.client_id, "client_secret": "guessed"}, None)


def test_the_audit_log_knows_who_was_let_in(desk: SampleDesk) -> None:
    tokens = tokens_for(desk, client_of(desk))
    (event,) = [event for event in told(desk) if event.kind == "OAUTH_CONNECTED"]
    assert event.actor.startswith("client:")
    assert (event.details["client"], event.details["scopes"]) == ("Claude", "read trade")
    assert fingerprint(tokens.access_token) not in str(desk.store.items)
