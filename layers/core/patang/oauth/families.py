"""The tokens that came of one yes, from the first pair to the end of all.

The family is one record. It is read with every token and replaced with every rotation, so that its end is
the end of all of them, also of a pair that is just being made.
"""

from datetime import datetime, timedelta
from typing import Literal

from patang.identity.credentials import fingerprint, new_secret
from patang.identity.principal import Scope
from patang.oauth.answers import TokenAnswer
from patang.oauth.client import Client
from patang.oauth.errors import OAuthError
from patang.oauth.events import GrantEvents
from patang.oauth.scopes import written
from patang.oauth.stored import (
    AccessToken,
    Code,
    Grant,
    RefreshToken,
    Spent,
    grant_key,
    grants_partition,
    spent_key,
)
from patang.ports import Clock, Delete, Matches, StateStore, Write, WriteConflict
from patang.records import create, load, load_all, replace

__all__ = ["ACCESS_PREFIX", "OVER", "Families", "actor_of"]

# Not the prefix of the bearer tokens of REST: neither is mistaken for the other.
ACCESS_PREFIX = "patang-access-"
_REFRESH_PREFIX = "patang-refresh-"
_ACCESS_LASTS = timedelta(hours=1)
_IDLE_FOR = timedelta(days=30)
_FAMILY_LASTS = timedelta(days=180)
_SPENT_CODE_IS_KNOWN = timedelta(days=1)
_NO_MARKS = str.maketrans("", "", "«»")
_LONGEST_NAME = 40
OVER = "was used before, is over, or was never given: ask the person again"


class Families:
    """Makes, rotates and ends them."""

    def __init__(self, auth_store: StateStore, clock: Clock, events: GrantEvents) -> None:
        self._store = auth_store
        self._clock = clock
        self._events = events

    def grant(self, principal: str, grant_id: str) -> Grant | None:
        """A family that is not over."""
        found = load(self._store, Grant, grant_key(principal, grant_id))
        return found if found is not None and found.until > self._clock.now() else None

    def grants(self, principal: str) -> list[Grant]:
        """All of his that are not over."""
        now = self._clock.now()
        return [
            grant for grant in load_all(self._store, Grant, grants_partition(principal)) if grant.until > now
        ]

    def start(self, code: Code, secret: str, client: Client) -> TokenAnswer:
        """The first pair, for a code that was found good. Raises OAuthError if it was taken meanwhile."""
        now = self._clock.now()
        grant = Grant(
            grant_id=code.grant_id,
            principal=code.principal,
            client_id=client.client_id,
            client_name=client.name,
            vouched_by=client.vouched_by,
            scopes=code.scopes,
            resource=code.resource,
            granted_at=now,
            used_at=now,
            ends_at=now + _FAMILY_LASTS,
            until=_idle_until(now, now + _FAMILY_LASTS, client),
        )
        self._tell("OAUTH_CONNECTED", grant, actor_of(grant), scopes=written(grant.scopes))
        answer, tokens = _pair(grant, code.scopes, client, now)
        spent = _spent(secret, "code", grant, now + _SPENT_CODE_IS_KNOWN)
        taken = Delete(code.key(), Matches({"revision": code.revision}))
        self._write(secret, taken, create(spent), create(grant), *tokens)
        return answer

    def rotate(
        self, token: RefreshToken, secret: str, grant: Grant, client: Client, scopes: tuple[Scope, ...]
    ) -> TokenAnswer:
        """The next pair; the access token has `scopes`, the refresh token keeps the grant's.

        Raises OAuthError if the token was taken meanwhile, or the family has ended.
        """
        now = self._clock.now()
        answer, tokens = _pair(grant, scopes, client, now)
        spent = _spent(secret, "refresh token", grant, grant.ends_at)
        used = grant.evolve(used_at=now, until=_idle_until(now, grant.ends_at, client))
        taken = Delete(token.key(), Matches({"revision": token.revision}))
        self._write(secret, taken, create(spent), replace(used), *tokens)
        return answer

    def seen_again(self, secret: str) -> bool:
        """Of a secret that is not there: whether it was taken before. Then two have had it, and its family
        ends."""
        spent = load(self._store, Spent, spent_key(secret))
        if spent is None:
            return False
        grant = self.grant(spent.principal, spent.grant_id)
        if grant is not None:
            kind = "OAUTH_CODE_REUSED" if spent.what == "code" else "OAUTH_REFRESH_REUSED"
            self._tell(kind, grant, actor_of(grant))
            self._store.write(Delete(grant.key()))
            self._events.alarm(
                "A connected program was cut off",
                f"A {spent.what} of the program that calls itself {grant.client_name!r} was used a second "
                "time: somebody else may have had it. All its tokens are dead. If it was the program itself, "
                "connect it again.",
            )
        return True

    def end(self, principal: str, grant_id: str, actor: str | None = None) -> bool:
        """False if there is no such family (any more). Without an `actor` the client itself ends it."""
        grant = self.grant(principal, grant_id)
        if grant is None:
            return False
        self._tell("OAUTH_DISCONNECTED", grant, actor or actor_of(grant))
        self._store.write(Delete(grant.key()))
        return True

    def _write(self, secret: str, *writes: Write) -> None:
        try:
            self._store.write(*writes)
        except WriteConflict as conflict:
            if not self.seen_again(secret) and not conflict.failed:
                raise OAuthError(
                    "temporarily_unavailable", "the tables are busy, and nothing was taken: try again"
                ) from conflict
            raise OAuthError("invalid_grant", f"this {OVER}") from conflict

    def _tell(self, kind: str, grant: Grant, actor: str, **details: str) -> None:
        self._events.tell(
            kind,
            grant.grant_id,
            grant.principal,
            actor,
            client=grant.client_name,
            client_id=grant.client_id,
            **details,
        )


def _pair(
    grant: Grant, scopes: tuple[Scope, ...], client: Client, now: datetime
) -> tuple[TokenAnswer, list[Write]]:
    access, refresh = f"{ACCESS_PREFIX}{new_secret()}", None
    until = min(now + _ACCESS_LASTS, grant.ends_at)
    common = {
        "grant_id": grant.grant_id,
        "principal": grant.principal,
        "client_id": grant.client_id,
        "resource": grant.resource,
    }
    writes: list[Write] = [
        create(AccessToken(token_hash=fingerprint(access), scopes=scopes, until=until, **common))
    ]
    if "refresh_token" in client.grant_types:
        refresh = f"{_REFRESH_PREFIX}{new_secret()}"
        idle = _idle_until(now, grant.ends_at, client)
        kept = RefreshToken(token_hash=fingerprint(refresh), scopes=grant.scopes, until=idle, **common)
        writes.append(create(kept))
    return TokenAnswer(access, refresh, scopes, int((until - now).total_seconds())), writes


def _idle_until(now: datetime, ends_at: datetime, client: Client) -> datetime:
    lasts = _IDLE_FOR if "refresh_token" in client.grant_types else _ACCESS_LASTS
    return min(now + lasts, ends_at)


def _spent(secret: str, what: Literal["code", "refresh token"], grant: Grant, until: datetime) -> Spent:
    return Spent(
        secret_hash=fingerprint(secret),
        what=what,
        grant_id=grant.grant_id,
        principal=grant.principal,
        client_id=grant.client_id,
        until=until,
    )


def actor_of(grant: Grant) -> str:
    """As whom a client is named in the audit log and before its owner: by what came of one yes, by the name
    that it gives itself, which stands between marks, and by whose yes it was."""
    name = grant.client_name.translate(_NO_MARKS)[:_LONGEST_NAME]
    return f"client:{grant.grant_id} «{name}» of {grant.principal}"
