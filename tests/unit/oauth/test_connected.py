"""The clients that a person has let in: he sees his own, and ends any of them at once."""

from tests.unit.api.sample_desk import SampleDesk
from tests.unit.oauth.parties import (
    ASHA,
    RAVI,
    RESOURCE,
    client_of,
    refresh_form,
    request_of,
    tokens_for,
    told,
)


def test_a_person_sees_his_own_last_used_first(desk: SampleDesk) -> None:
    claude, code = client_of(desk), client_of(desk, client_name="VS Code")
    tokens = tokens_for(desk, claude)
    tokens_for(desk, code, scopes=("read",))
    tokens_for(desk, claude, RAVI)
    began = desk.clock.now()
    desk.clock.advance(7200)
    desk.grants().exchange(claude, refresh_form(tokens.refresh_token))
    first, second = desk.grants().connected("asha")
    assert (first.name, first.scopes) == ("Claude", ("read", "trade"))
    assert (first.granted_at, first.used_at) == (began, desk.clock.now())
    assert (second.name, second.scopes, second.used_at) == ("VS Code", ("read",), began)
    assert (first.until - desk.clock.now()).days == 30
    assert len(desk.grants().connected("ravi")) == 1
    assert desk.grants().connected("nobody") == ()


def test_who_is_disconnected_is_out_at_once(desk: SampleDesk) -> None:
    kept_client, gone_client = client_of(desk), client_of(desk, client_name="Gone")
    kept, gone = tokens_for(desk, kept_client), tokens_for(desk, gone_client)
    (listing,) = [one for one in desk.grants().connected("asha") if one.name == "Gone"]
    assert desk.grants().disconnect("asha", listing.grant_id, "person:asha")
    assert desk.grants().principal(gone.access_token, RESOURCE) is None
    assert desk.grants().principal(kept.access_token, RESOURCE) is not None
    assert [one.name for one in desk.grants().connected("asha")] == ["Claude"]
    assert not desk.grants().disconnect("asha", listing.grant_id, "person:asha")
    (event,) = [event for event in told(desk) if event.kind == "OAUTH_DISCONNECTED"]
    assert (event.actor, event.details["client"]) == ("person:asha", "Gone")


def test_nobody_disconnects_anothers_client(desk: SampleDesk) -> None:
    tokens = tokens_for(desk, client_of(desk))
    (listing,) = desk.grants().connected("asha")
    assert not desk.grants().disconnect("ravi", listing.grant_id, "person:ravi")
    assert not desk.grants().disconnect("asha", "", "person:asha")
    assert desk.grants().principal(tokens.access_token, RESOURCE) is not None


def test_what_was_ticked_is_forgotten_with_the_client(desk: SampleDesk) -> None:
    client = client_of(desk)
    tokens_for(desk, client, scopes=("read", "trade"))
    (listing,) = desk.grants().connected("asha")
    desk.grants().disconnect("asha", listing.grant_id, "person:asha")
    begun = desk.authorizations().begin(request_of(client))
    assert desk.authorizations().shown(begun.transaction, begun.browser_secret, ASHA).ticked == ("read",)
