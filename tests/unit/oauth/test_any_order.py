"""Whatever is done in whatever order: who holds a token holds what a person ticked, and no more.

A machine of all that clients, thieves and persons can do; beside it, what is known to be true.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from patang.errors import Refused
from patang.oauth.answers import TokenAnswer
from patang.oauth.client import Client
from patang.oauth.errors import OAuthError
from tests.unit.oauth.parties import (
    ASHA,
    RAVI,
    RESOURCE,
    VERIFIER,
    answer_in,
    client_of,
    code_form,
    new_desk,
    refresh_form,
    request_of,
)

SCOPES = st.sets(st.sampled_from(["read", "trade", "admin"]), min_size=1)


@dataclass
class Family:
    """What ought to be: one person's one yes."""

    client: Client
    person: str
    ticked: frozenset[str]
    code: str
    refresh: list[str] = field(default_factory=list)
    access: list[tuple[str, frozenset[str], float]] = field(default_factory=list)
    dead: bool = False

    def keep(self, answer: TokenAnswer, now: float) -> None:
        self.refresh.append(str(answer.refresh_token))
        self.access.append((answer.access_token, frozenset(answer.scopes), now + answer.expires_in))


def attempted[T](act: Callable[[], T]) -> T | OAuthError | Refused:
    try:
        return act()
    except (OAuthError, Refused) as refused:
        return refused


class Letting(RuleBasedStateMachine):
    families = Bundle("families")

    @initialize()
    def begin(self) -> None:
        self.desk = new_desk()
        self.clients = [client_of(self.desk), client_of(self.desk, client_name="Another")]
        for client in self.clients:
            self.desk.oauth_clients().keep(client)
        self.all: list[Family] = []

    def now(self) -> float:
        return self.desk.clock.now().timestamp()

    @rule(
        target=families,
        which=st.integers(0, 1),
        person=st.sampled_from([ASHA, RAVI]),
        asked=SCOPES,
        ticked=SCOPES,
        own_browser=st.booleans(),
        yes=st.booleans(),
    )
    def ask(self, which, person, asked, ticked, own_browser, yes):
        client, pages = self.clients[which], self.desk.authorizations()
        begun = pages.begin(request_of(client, scope=" ".join(asked)))
        browser = begun.browser_secret if own_browser else "another's"
        url = attempted(lambda: pages.decide(begun.transaction, browser, person, yes, ticked))
        if not own_browser:
            assert isinstance(url, Refused)
            return multiple()
        if not yes:
            assert "code" not in answer_in(url)
            return multiple()
        if not ticked <= asked:
            assert url.error == "invalid_scope"
            return multiple()
        made = Family(client, person.name, frozenset(ticked), answer_in(url)["code"])
        self.all.append(made)
        return made

    @rule(family=families, own_client=st.booleans(), proof=st.sampled_from([VERIFIER, "x" * 50]))
    def bring_the_code(self, family, own_client, proof):
        client = family.client if own_client else self.other(family)
        was_taken, began = bool(family.refresh), self.now()
        form = code_form(family.code, code_verifier=proof)
        answer = attempted(lambda: self.desk.grants().exchange(client, form))
        if isinstance(answer, Exception):
            assert answer.error == "invalid_grant"
            # Seen again within the day for which it is remembered.
            if was_taken and began - family.access[0][2] + 3600 < 86_400:
                family.dead = True
            return
        assert own_client
        assert proof == VERIFIER
        assert not was_taken
        assert frozenset(answer.scopes) == family.ticked
        family.keep(answer, began)

    @rule(family=families, own_client=st.booleans(), back=st.integers(0, 3), scopes=st.none() | SCOPES)
    def refresh(self, family, own_client, back, scopes):
        if back >= len(family.refresh):
            return
        token = family.refresh[-1 - back]
        client = family.client if own_client else self.other(family)
        more = {} if scopes is None else {"scope": " ".join(scopes)}
        answer = attempted(lambda: self.desk.grants().exchange(client, refresh_form(token, **more)))
        if isinstance(answer, Exception):
            if back:
                family.dead = True
            elif own_client and not family.dead:
                assert answer.error == "invalid_scope"
                assert scopes - family.ticked
            return
        assert own_client
        assert back == 0
        assert not family.dead
        assert frozenset(answer.scopes) == (family.ticked if scopes is None else frozenset(scopes))
        family.keep(answer, self.now())

    @rule(family=families, own_client=st.booleans(), refresh=st.booleans())
    def revoke(self, family, own_client, refresh):
        if not family.refresh:
            return
        token = family.refresh[-1] if refresh else family.access[-1][0]
        client = family.client if own_client else self.other(family)
        refused = attempted(lambda: self.desk.grants().revoke(client, token))
        assert (refused is None) == own_client
        family.dead = family.dead or own_client

    @rule(family=families, by=st.sampled_from(["asha", "ravi"]))
    def disconnect(self, family, by):
        mine = [one for one in self.all if one.person == family.person and one.refresh]
        for listed in self.desk.grants().connected(family.person):
            assert len(mine) >= 1
            done = self.desk.grants().disconnect(by, listed.grant_id, f"person:{by}")
            assert done == (by == family.person)
        if by == family.person:
            for one in mine:
                one.dead = True

    @rule(seconds=st.sampled_from([30, 61, 1800, 3601, 86_400]))
    def wait(self, seconds):
        self.desk.clock.advance(seconds)

    def other(self, family: Family) -> Client:
        return self.clients[1 - self.clients.index(family.client)]

    @invariant()
    def a_token_is_worth_what_was_ticked_until_its_end(self) -> None:
        for family in getattr(self, "all", []):
            for token, scopes, until in family.access:
                principal = self.desk.grants().principal(token, RESOURCE)
                if family.dead or until <= self.now():
                    assert principal is None
                else:
                    assert principal is not None
                    assert (principal.name, principal.scopes) == (family.person, scopes)
                    assert scopes <= family.ticked
                    assert not principal.in_person

    @invariant()
    def a_person_sees_those_that_can_still_act(self) -> None:
        for person in ("asha", "ravi"):
            alive = [one for one in getattr(self, "all", []) if one.person == person and one.refresh]
            living = [one for one in alive if not one.dead]
            if living:
                assert len(self.desk.grants().connected(person)) == len(living)

    @invariant()
    def no_secret_is_kept(self) -> None:
        if not hasattr(self, "all"):
            return
        text = f"{self.desk.auth_store.items}{self.desk.store.items}"
        for family in self.all:
            for secret in (family.code, *family.refresh, *(token for token, _, _ in family.access)):
                assert secret not in text


Letting.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestAnyOrder = Letting.TestCase
