"""The person's answer: his own, in his browser, once, and never more than he ticked."""

from dataclasses import replace as dataclass_replace

import pytest

from patang.errors import Refused
from patang.identity.principal import Principal
from patang.identity.rights import OwnerNeeded
from patang.oauth.errors import OAuthError
from tests.unit.api.sample_desk import SampleDesk
from tests.unit.oauth.parties import (
    ADDRESS,
    ASHA,
    CALLBACK,
    DOCUMENT,
    RAVI,
    RESOURCE,
    answer_in,
    client_of,
    code_form,
    kinds,
    request_of,
    tokens_for,
    told,
)


def begun(desk: SampleDesk, **changes: str | None) -> tuple[str, str]:
    started = desk.authorizations().begin(request_of(client_of(desk), **changes))
    return started.transaction, started.browser_secret


def decided(
    desk: SampleDesk,
    question: tuple[str, str],
    person: Principal = ASHA,
    yes: bool = True,
    scopes: tuple[str, ...] = ("read",),
) -> str:
    return desk.authorizations().decide(*question, person, yes, scopes)


def codes(desk: SampleDesk) -> int:
    return sum(key.partition.startswith("OAUTH_CODE#") for key in desk.auth_store.items)


def test_a_person_sees_who_asks_for_what_and_where_the_code_goes(desk: SampleDesk) -> None:
    shown = desk.authorizations().shown(*begun(desk, scope="read trade admin"), ASHA)
    assert (shown.client.name, shown.client.vouched_by) == ("Claude", None)
    assert (shown.redirect_uri, shown.redirect_host, shown.loopback) == (CALLBACK, "claude.ai", False)
    assert (shown.scopes, shown.ticked) == (("read", "trade", "admin"), ("read",))
    assert (shown.accounts, shown.resource) == (("main",), RESOURCE)
    assert (shown.until - desk.clock.now()).total_seconds() == 600


def test_a_program_on_his_machine_is_told_from_a_host_that_vouches(desk: SampleDesk) -> None:
    local = client_of(desk, redirect_uris=["http://127.0.0.1/"])
    started = desk.authorizations().begin(request_of(local, redirect_uri="http://127.0.0.1:5111/"))
    shown = desk.authorizations().shown(started.transaction, started.browser_secret, ASHA)
    assert (shown.redirect_host, shown.loopback, shown.client.vouched_by) == ("127.0.0.1:5111", True, None)
    desk.client_documents.put(DOCUMENT)
    started = desk.authorizations().begin(request_of(desk.oauth_clients().find(DOCUMENT)))
    shown = desk.authorizations().shown(started.transaction, started.browser_secret, ASHA)
    assert shown.client.vouched_by == "assistant.acme.dev"


def test_a_yes_sends_a_code_with_state_and_issuer(desk: SampleDesk) -> None:
    url = decided(desk, begun(desk))
    assert url.startswith(f"{CALLBACK}?")
    answer = answer_in(url)
    assert answer == {"code": answer["code"], "state": "state-of-the-client", "iss": ADDRESS}
    assert answer["code"] not in str(desk.auth_store.items)
    assert answer["code"] not in str(desk.store.items)


def test_a_client_without_state_gets_none(desk: SampleDesk) -> None:
    assert "state" not in answer_in(decided(desk, begun(desk, state=None)))


def test_a_no_is_told_and_uses_the_question_up(desk: SampleDesk) -> None:
    question = begun(desk)
    answer = answer_in(decided(desk, question, yes=False))
    assert (answer["error"], answer["state"], answer["iss"]) == (
        "access_denied",
        "state-of-the-client",
        ADDRESS,
    )
    assert (codes(desk), kinds(desk)) == (0, [])
    with pytest.raises(Refused, match="answered before"):
        decided(desk, question)


def test_a_question_is_answered_once(desk: SampleDesk) -> None:
    question = begun(desk)
    decided(desk, question)
    for yes in (True, False):
        with pytest.raises(Refused, match="answered before"):
            decided(desk, question, yes=yes)
    assert codes(desk) == 1


def test_a_question_is_over_after_ten_minutes(desk: SampleDesk) -> None:
    question = begun(desk)
    desk.clock.advance(600)
    with pytest.raises(Refused, match="too long"):
        desk.authorizations().shown(*question, ASHA)
    with pytest.raises(Refused, match="too long"):
        decided(desk, question)


@pytest.mark.parametrize("browser", [None, "", "guessed"])
def test_another_browser_neither_sees_nor_answers_nor_uses_up(desk: SampleDesk, browser: str | None) -> None:
    transaction, own = begun(desk)
    with pytest.raises(Refused, match="another browser"):
        desk.authorizations().shown(transaction, browser, ASHA)
    for yes in (True, False):
        with pytest.raises(Refused, match="another browser"):
            desk.authorizations().decide(transaction, browser, ASHA, yes, ("read",))
    assert decided(desk, (transaction, own))


def test_the_secret_of_one_question_answers_no_other(desk: SampleDesk) -> None:
    """A thief begins a question and gets its owner to follow the address: the cookie is of another one."""
    (thiefs, _), (_, owners) = begun(desk), begun(desk)
    with pytest.raises(Refused, match="another browser"):
        desk.authorizations().decide(thiefs, owners, ASHA, True, ("read",))
    assert codes(desk) == 0


def test_an_address_that_its_document_gave_up_meanwhile_gets_no_code(desk: SampleDesk) -> None:
    desk.client_documents.put(DOCUMENT)
    started = desk.authorizations().begin(request_of(desk.oauth_clients().find(DOCUMENT)))
    desk.client_documents.put(DOCUMENT, redirect_uris=["https://assistant.acme.dev/cb"])
    desk.clock.advance(301)
    with pytest.raises(Refused, match="no longer has the address"):
        decided(desk, (started.transaction, started.browser_secret))
    assert codes(desk) == 0


def test_a_programs_token_lets_nobody_in(desk: SampleDesk) -> None:
    question, program = begun(desk), dataclass_replace(ASHA, csrf=None)
    with pytest.raises(OwnerNeeded, match="letting a client in"):
        decided(desk, question, program)
    assert decided(desk, question)


@pytest.mark.parametrize(
    "ticked", [(), ("admin",), ("read", "admin"), ("trade",), ("everything",), ("read", "")]
)
def test_nothing_that_was_not_asked_for_can_be_granted(desk: SampleDesk, ticked: tuple[str, ...]) -> None:
    question = begun(desk, scope="read")
    with pytest.raises(OAuthError, match="invalid_scope") as refused:
        decided(desk, question, scopes=ticked)
    assert refused.value.redirect is None
    assert codes(desk) == 0
    assert decided(desk, question, scopes=("read",))


def test_nobody_grants_what_he_may_not_do_himself(desk: SampleDesk) -> None:
    reader = dataclass_replace(ASHA, scopes=frozenset({"read"}))
    question = begun(desk, scope="read trade")
    assert desk.authorizations().shown(*question, reader).scopes == ("read",)
    with pytest.raises(OAuthError, match="invalid_scope"):
        decided(desk, question, reader, scopes=("read", "trade"))


def test_what_was_ticked_is_what_is_granted(desk: SampleDesk) -> None:
    client = client_of(desk)
    started = desk.authorizations().begin(request_of(client, scope="read trade admin"))
    question = started.transaction, started.browser_secret
    code = answer_in(decided(desk, question, scopes=("trade", "read")))["code"]
    answer = desk.grants().exchange(client, code_form(code))
    assert answer.scopes == ("read", "trade")


def test_the_page_begins_with_what_was_ticked_the_last_time_and_is_shown_again(desk: SampleDesk) -> None:
    client = client_of(desk)
    tokens_for(desk, client, scopes=("read", "trade"))

    def ticked(person: Principal, scope: str) -> tuple[str, ...]:
        started = desk.authorizations().begin(request_of(client, scope=scope))
        return desk.authorizations().shown(started.transaction, started.browser_secret, person).ticked

    assert ticked(ASHA, "read trade admin") == ("read", "trade")
    assert ticked(ASHA, "trade") == ("trade",)
    assert ticked(RAVI, "read trade admin") == ("read",)
    tokens_for(desk, client, scopes=("read",))
    assert ticked(ASHA, "read trade") == ("read",)
    tokens_for(desk, client, scopes=("read", "trade"))
    desk.clock.advance(200 * 86_400)
    assert ticked(ASHA, "read trade") == ("read",)


def test_whoever_is_signed_in_grants_what_is_his(desk: SampleDesk) -> None:
    client = client_of(desk)
    tokens = tokens_for(desk, client, RAVI)
    principal = desk.grants().principal(tokens.access_token, RESOURCE)
    assert principal is not None
    assert (principal.name, principal.accounts) == ("ravi", ("other",))
    assert desk.grants().connected("asha") == ()


def test_there_is_an_end_to_connected_clients_and_the_question_waits(desk: SampleDesk) -> None:
    client = client_of(desk)
    for _ in range(50):
        tokens_for(desk, client)
    started = desk.authorizations().begin(request_of(client))
    question = started.transaction, started.browser_secret
    with pytest.raises(Refused, match="disconnect one"):
        decided(desk, question)
    assert decided(desk, begun(desk), RAVI)
    desk.grants().disconnect("asha", desk.grants().connected("asha")[0].grant_id, "person:asha")
    assert decided(desk, question)


def test_the_audit_log_knows_of_the_yes_and_of_no_secret(desk: SampleDesk) -> None:
    transaction, browser = begun(desk)
    code = answer_in(decided(desk, (transaction, browser)))["code"]
    (event,) = told(desk)
    assert (event.kind, event.actor) == ("OAUTH_CONSENTED", "person:asha")
    assert (event.details["client"], event.details["redirect"], event.details["scopes"]) == (
        "Claude",
        "claude.ai",
        "read",
    )
    assert not any(secret in str(desk.store.items) for secret in (transaction, browser, code))
    assert kinds(desk, "other") == []
