"""From a client's question to a person's answer, in the browser that brought it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from patang.errors import Refused
from patang.identity.credentials import fingerprint, new_secret, same
from patang.identity.principal import Principal, Scope
from patang.identity.rights import in_person
from patang.oauth.addresses import issuer
from patang.oauth.asking import LONGEST_STATE, read_request, redirect_of
from patang.oauth.client import Client
from patang.oauth.clients import ClientBook
from patang.oauth.errors import ErrorCode, OAuthError
from patang.oauth.events import GrantEvents
from patang.oauth.redirects import answered, is_loopback, registered, shown_host
from patang.oauth.scopes import known_scopes, written
from patang.oauth.stored import (
    Code,
    Consent,
    Grant,
    Transaction,
    consent_key,
    grants_partition,
    transaction_key,
)
from patang.ports import Clock, Delete, Matches, Put, StateStore, WriteConflict
from patang.records import create, load, load_all, replace

__all__ = ["Authorizations", "Begun", "ConsentShown"]

_ANSWER_TAKES = timedelta(minutes=10)
_CODE_LASTS = timedelta(seconds=60)
_CONSENT_IS_REMEMBERED = timedelta(days=180)
_GRANTS_A_PRINCIPAL = 50
_OVER = "this question was answered before, or took too long: connect again from your assistant"


@dataclass(frozen=True, slots=True)
class Begun:
    """`transaction` names the question in the desk's own addresses; `browser_secret` is for a cookie of the
    browser that brought it, and for nothing else. Both are good for ten minutes."""

    transaction: str = field(repr=False)
    browser_secret: str = field(repr=False)
    client: Client


@dataclass(frozen=True, slots=True)
class ConsentShown:
    """What a person has to see before he answers.

    `scopes` can be ticked, `ticked` are to begin with. `redirect_host`: where the code goes (`scheme:` of an
    app). `loopback`: to a program on his own machine, and any program there can say that it is this client.
    `client.vouched_by` is None where nobody vouches for the client's name. `until`: wall time.
    """

    client: Client
    redirect_uri: str
    redirect_host: str
    loopback: bool
    scopes: tuple[Scope, ...]
    ticked: tuple[Scope, ...]
    accounts: tuple[str, ...]
    resource: str
    until: datetime


class Authorizations:
    """The authorization endpoint without its HTTP. `public_url` is the desk's address from outside."""

    def __init__(
        self,
        auth_store: StateStore,
        clients: ClientBook,
        clock: Clock,
        events: GrantEvents,
        public_url: str,
    ) -> None:
        self._store = auth_store
        self._clients = clients
        self._clock = clock
        self._events = events
        self._public_url = public_url

    def begin(self, asked: Mapping[str, str], browser_secret: str | None = None) -> Begun:
        """A client's request, by the parameters of RFC 6749 section 4.1.1, RFC 7636 and RFC 8707.

        `browser_secret`: what the browser keeps of a question before, which goes on being good; two programs
        that ask in two of its windows can both be answered.

        Raises OAuthError; with `redirect` once the client and its address are known to be good.
        """
        client = self._clients.find(asked.get("client_id", ""))
        redirect_uri = redirect_of(client, asked)
        try:
            request = read_request(client, asked, self._public_url)
        except OAuthError as error:
            state = asked.get("state", "")
            said = state if 0 < len(state) <= LONGEST_STATE else None
            raise self._told(error.error, error.description, redirect_uri, said) from error
        transaction, browser, now = new_secret(), browser_secret or new_secret(), self._clock.now()
        self._store.write(
            create(
                Transaction(
                    transaction_hash=fingerprint(transaction),
                    browser_hash=fingerprint(browser),
                    client_id=client.client_id,
                    redirect_uri=redirect_uri,
                    state=request.state,
                    challenge=request.challenge,
                    scopes=request.scopes,
                    resource=request.resource,
                    began_at=now,
                    until=now + _ANSWER_TAKES,
                )
            )
        )
        return Begun(transaction, browser, client)

    def shown(self, transaction: str, browser_secret: str | None, principal: Principal) -> ConsentShown:
        """The question, as often as its page is loaded. Raises Refused when it is over, or of another
        browser; OAuthError when the client is no longer known."""
        question = self._question(transaction, browser_secret)
        offered = _within_rights(question, principal)
        before = load(self._store, Consent, consent_key(principal.name, question.client_id))
        known = before.scopes if before is not None and before.until > self._clock.now() else ("read",)
        return ConsentShown(
            client=self._clients.find(question.client_id),
            redirect_uri=question.redirect_uri,
            redirect_host=shown_host(question.redirect_uri),
            loopback=is_loopback(question.redirect_uri),
            scopes=offered,
            ticked=tuple(scope for scope in offered if scope in known),
            accounts=principal.accounts,
            resource=question.resource,
            until=question.until,
        )

    def decide(
        self,
        transaction: str,
        browser_secret: str | None,
        principal: Principal,
        yes: bool,
        scopes: Collection[str],
    ) -> str:
        """The person's answer, once; `scopes` are what he ticked. Returns where his browser goes.

        Raises OwnerNeeded for a program's token, Refused when the question is over, of another browser, or
        too many clients are connected, OAuthError invalid_scope for a yes to what was not asked.
        """
        in_person(principal, "letting a client in")
        question = self._question(transaction, browser_secret)
        if not yes:
            self._take(question)
            refusal = self._told(
                "access_denied", "the person has said no", question.redirect_uri, question.state
            )
            return refusal.redirect or ""
        granted = known_scopes(scopes)
        if not granted or set(scopes) - set(_within_rights(question, principal)):
            raise OAuthError(
                "invalid_scope",
                f"ticked: {written(granted) or 'nothing'}; one or more of {written(question.scopes)} can be",
            )
        self._check_room(principal.name)
        return self._yes(question, principal, granted)

    def _question(self, transaction: str, browser_secret: str | None) -> Transaction:
        found = load(self._store, Transaction, transaction_key(transaction))
        if found is None or found.until <= self._clock.now():
            raise Refused(_OVER)
        if browser_secret is None or not same(fingerprint(browser_secret), found.browser_hash):
            raise Refused("this question was asked in another browser: connect again from your assistant")
        return found

    def _check_room(self, principal: str) -> None:
        grants = load_all(self._store, Grant, grants_partition(principal))
        if sum(grant.until > self._clock.now() for grant in grants) >= _GRANTS_A_PRINCIPAL:
            raise Refused(
                f"{_GRANTS_A_PRINCIPAL} clients are connected: disconnect one that you do not use, then say "
                "yes again"
            )

    def _yes(self, question: Transaction, principal: Principal, scopes: tuple[Scope, ...]) -> str:
        client = self._clients.find(question.client_id)
        if not registered(question.redirect_uri, client.redirect_uris):
            raise Refused("the client no longer has the address that it asked from: connect again")
        code, grant_id = f"patang-code-{new_secret()}", new_secret()[:16]
        self._events.tell(
            "OAUTH_CONSENTED",
            grant_id,
            principal.name,
            principal.actor,
            client=client.name,
            client_id=client.client_id,
            redirect=shown_host(question.redirect_uri),
            scopes=written(scopes),
        )
        answer = Code(
            code_hash=fingerprint(code),
            grant_id=grant_id,
            client_id=client.client_id,
            redirect_uri=question.redirect_uri,
            challenge=question.challenge,
            principal=principal.name,
            scopes=scopes,
            resource=question.resource,
            until=self._clock.now() + _CODE_LASTS,
        )
        self._take(question, create(answer))
        self._remember(principal.name, client.client_id, scopes)
        return self._answer(question.redirect_uri, {"code": code, "state": question.state})

    def _take(self, question: Transaction, *then: Put) -> None:
        try:
            self._store.write(Delete(question.key(), Matches({"revision": question.revision})), *then)
        except WriteConflict as conflict:
            raise Refused(_OVER) from conflict

    def _remember(self, principal: str, client_id: str, scopes: tuple[Scope, ...]) -> None:
        before = load(self._store, Consent, consent_key(principal, client_id))
        consent = Consent(
            principal=principal,
            client_id=client_id,
            scopes=scopes,
            revision=0 if before is None else before.revision,
            until=self._clock.now() + _CONSENT_IS_REMEMBERED,
        )
        try:
            self._store.write(create(consent) if before is None else replace(consent))
        except WriteConflict:
            # He has answered the same client elsewhere in this moment: either answer will do to begin with.
            return

    def _told(self, code: ErrorCode, why: str, redirect_uri: str, state: str | None) -> OAuthError:
        told = OAuthError(code, why)
        told.redirect = self._answer(redirect_uri, {**told.body(), "state": state})
        return told

    def _answer(self, redirect_uri: str, answer: Mapping[str, str | None]) -> str:
        # RFC 9207: a client of several servers can tell by `iss` whose answer it holds.
        return answered(redirect_uri, {**answer, "iss": issuer(self._public_url)})


def _within_rights(question: Transaction, principal: Principal) -> tuple[Scope, ...]:
    return tuple(scope for scope in question.scopes if principal.may(scope))
