"""Refresh tokens: changed once for the next, and the end of all when one is seen twice."""

from datetime import timedelta

import pytest

from patang.oauth.answers import TokenAnswer
from patang.oauth.client import Client
from patang.oauth.errors import OAuthError
from tests.unit.api.sample_desk import SampleDesk
from tests.unit.oauth.parties import (
    RESOURCE,
    client_of,
    kinds,
    refresh_form,
    tokens_for,
    told,
)


def refreshed(desk: SampleDesk, client: Client, tokens: TokenAnswer, **more: str) -> TokenAnswer:
    return desk.grants().exchange(client, refresh_form(tokens.refresh_token, **more))


def refusal(desk: SampleDesk, client: Client, tokens: TokenAnswer, **more: str) -> OAuthError:
    with pytest.raises(OAuthError) as refused:
        refreshed(desk, client, tokens, **more)
    return refused.value


def is_worth(desk: SampleDesk, tokens: TokenAnswer) -> bool:
    return desk.grants().principal(tokens.access_token, RESOURCE) is not None


def test_a_refresh_gives_a_new_pair(desk: SampleDesk) -> None:
    client = client_of(desk)
    first = tokens_for(desk, client)
    second = refreshed(desk, client, first)
    assert len({first.access_token, second.access_token, first.refresh_token, second.refresh_token}) == 4
    assert (second.scopes, second.expires_in) == (("read", "trade"), 3600)
    assert is_worth(desk, second)
    assert refreshed(desk, client, second)
    assert len(desk.grants().connected("asha")) == 1


def test_a_replayed_refresh_token_ends_the_whole_family(desk: SampleDesk) -> None:
    client = client_of(desk)
    first = tokens_for(desk, client)
    second = refreshed(desk, client, first)
    third = refreshed(desk, client, second)
    bystander = tokens_for(desk, client)
    assert refusal(desk, client, first).error == "invalid_grant"
    assert not any(is_worth(desk, tokens) for tokens in (first, second, third))
    assert refusal(desk, client, third).error == "invalid_grant"
    # Another yes to the same client is another family.
    assert is_worth(desk, bystander)
    assert kinds(desk).count("OAUTH_REFRESH_REUSED") == 1
    assert [subject for subject, _ in desk.notifier.sent] == ["A connected program was cut off"]


def test_a_thief_who_was_quicker_is_out_when_the_client_comes(desk: SampleDesk) -> None:
    client = client_of(desk)
    tokens = tokens_for(desk, client)
    stolen = refreshed(desk, client, tokens)
    assert is_worth(desk, stolen)
    refusal(desk, client, tokens)
    assert not is_worth(desk, stolen)
    assert refusal(desk, client, stolen).error == "invalid_grant"


def test_a_replay_months_later_is_known(desk: SampleDesk) -> None:
    client = client_of(desk)
    first = latest = tokens_for(desk, client)
    for _ in range(6):
        desk.clock.advance(timedelta(days=25).total_seconds())
        latest = refreshed(desk, client, latest)
    refusal(desk, client, first)
    assert not is_worth(desk, latest)


def test_an_invented_refresh_token_ends_nothing(desk: SampleDesk) -> None:
    client = client_of(desk)
    tokens = tokens_for(desk, client)
    for invented in ("", "patang-refresh-invented", tokens.access_token, f"{tokens.refresh_token}x"):
        with pytest.raises(OAuthError, match="invalid_grant"):
            desk.grants().exchange(client, refresh_form(invented))
    assert is_worth(desk, tokens)
    assert desk.notifier.sent == []


def test_a_refresh_token_is_worth_nothing_to_another_client(desk: SampleDesk) -> None:
    own, other = client_of(desk), client_of(desk, client_name="Another")
    tokens = tokens_for(desk, own)
    assert "another client" in refusal(desk, other, tokens).description
    assert refreshed(desk, own, tokens)


@pytest.mark.parametrize("scope", ["admin", "read trade admin", "openid", "READ"])
def test_a_refresh_never_gives_more_than_the_person_ticked(desk: SampleDesk, scope: str) -> None:
    client = client_of(desk)
    tokens = tokens_for(desk, client)
    assert refusal(desk, client, tokens, scope=scope).error == "invalid_scope"
    assert refreshed(desk, client, tokens)


def test_a_client_may_take_less_for_an_hour(desk: SampleDesk) -> None:
    client = client_of(desk)
    less = refreshed(desk, client, tokens_for(desk, client), scope="read offline_access")
    principal = desk.grants().principal(less.access_token, RESOURCE)
    assert principal is not None
    assert principal.scopes == {"read"}
    assert refreshed(desk, client, less).scopes == ("read", "trade")


def test_who_does_not_come_for_a_month_is_out(desk: SampleDesk) -> None:
    client = client_of(desk)
    tokens = tokens_for(desk, client)
    desk.clock.advance(timedelta(days=30).total_seconds())
    assert desk.grants().connected("asha") == ()
    assert refusal(desk, client, tokens).error == "invalid_grant"


def test_a_family_ends_after_half_a_year_however_often_it_comes(desk: SampleDesk) -> None:
    client = client_of(desk)
    tokens = tokens_for(desk, client)
    for _ in range(8):
        desk.clock.advance(timedelta(days=22).total_seconds())
        tokens = refreshed(desk, client, tokens)
    desk.clock.advance(timedelta(days=3, hours=23, minutes=30).total_seconds())
    last = refreshed(desk, client, tokens)
    assert last.expires_in == 1800
    desk.clock.advance(1800)
    assert not is_worth(desk, last)
    assert refusal(desk, client, last).error == "invalid_grant"


@pytest.mark.parametrize("what", ["access_token", "refresh_token"])
def test_a_client_ends_its_own_grant(desk: SampleDesk, what: str) -> None:
    client = client_of(desk)
    tokens = refreshed(desk, client, tokens_for(desk, client))
    desk.grants().revoke(client, getattr(tokens, what))
    assert not is_worth(desk, tokens)
    assert refusal(desk, client, tokens).error == "invalid_grant"
    assert desk.grants().connected("asha") == ()
    assert [event.actor[:7] for event in told(desk) if event.kind == "OAUTH_DISCONNECTED"] == ["client:"]


def test_a_spent_refresh_token_that_is_revoked_ends_it_too(desk: SampleDesk) -> None:
    client = client_of(desk)
    first = tokens_for(desk, client)
    second = refreshed(desk, client, first)
    desk.grants().revoke(client, str(first.refresh_token))
    assert not is_worth(desk, second)


@pytest.mark.parametrize("token", ["", "invented", "patang-access-x", "patang-refresh-x"])
def test_revoking_what_is_no_token_changes_nothing(desk: SampleDesk, token: str) -> None:
    client = client_of(desk)
    tokens = tokens_for(desk, client)
    desk.grants().revoke(client, token)
    desk.grants().revoke(client, tokens.access_token)
    desk.grants().revoke(client, tokens.access_token)
    assert kinds(desk).count("OAUTH_DISCONNECTED") == 1


def test_nobody_revokes_another_clients_token(desk: SampleDesk) -> None:
    own, other = client_of(desk), client_of(desk, client_name="Another")
    tokens = tokens_for(desk, own)
    for token in (tokens.access_token, str(tokens.refresh_token)):
        with pytest.raises(OAuthError, match="not of this client"):
            desk.grants().revoke(other, token)
    assert is_worth(desk, tokens)
