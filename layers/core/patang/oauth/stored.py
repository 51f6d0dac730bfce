"""What the auth table holds of the authorization server; secrets by their SHA-256 alone, all with an end."""

from datetime import datetime
from typing import Literal

from patang.identity.credentials import fingerprint
from patang.identity.principal import Scope
from patang.identity.stored import Passing
from patang.ports import Key

__all__ = [
    "AccessToken",
    "Code",
    "Consent",
    "Grant",
    "Quota",
    "RefreshToken",
    "Spent",
    "Transaction",
    "access_key",
    "code_key",
    "consent_key",
    "grant_key",
    "grants_partition",
    "refresh_key",
    "spent_key",
    "transaction_key",
]


class Transaction(Passing):
    """A client's question that a person has yet to answer, in the browser that brought it."""

    transaction_hash: str
    browser_hash: str
    client_id: str
    redirect_uri: str
    state: str | None = None
    challenge: str
    scopes: tuple[Scope, ...]
    resource: str
    began_at: datetime

    def key(self) -> Key:
        return _key("TRANSACTION", self.transaction_hash)


class Code(Passing):
    """A person's yes, on its way to the client. `grant_id` is the grant's that it will become."""

    code_hash: str
    grant_id: str
    client_id: str
    redirect_uri: str
    challenge: str
    principal: str
    scopes: tuple[Scope, ...]
    resource: str

    def key(self) -> Key:
        return _key("CODE", self.code_hash)


class Grant(Passing):
    """What a person has let a client do: the family of all tokens that came of one yes.

    Every use of a token reads it, so its end is theirs. `ends_at`: the family's end whatever is refreshed.
    """

    grant_id: str
    principal: str
    client_id: str
    client_name: str
    vouched_by: str | None = None
    scopes: tuple[Scope, ...]
    resource: str
    granted_at: datetime
    used_at: datetime
    ends_at: datetime

    def key(self) -> Key:
        return grant_key(self.principal, self.grant_id)


class _Token(Passing):
    token_hash: str
    grant_id: str
    principal: str
    client_id: str
    scopes: tuple[Scope, ...]
    resource: str


class AccessToken(_Token):
    """What a client shows with each call."""

    def key(self) -> Key:
        return _key("ACCESS", self.token_hash)


class RefreshToken(_Token):
    """What a client changes, once, for the next pair."""

    def key(self) -> Key:
        return _key("REFRESH", self.token_hash)


class Spent(Passing):
    """A code or a refresh token that was taken: whoever shows it again has what he should not have."""

    secret_hash: str
    what: Literal["code", "refresh token"]
    grant_id: str
    principal: str
    client_id: str

    def key(self) -> Key:
        return _key("SPENT", self.secret_hash)


class Consent(Passing):
    """What a person ticked for a client the last time: the page begins with it, and is shown all the same."""

    principal: str
    client_id: str
    scopes: tuple[Scope, ...]

    def key(self) -> Key:
        return consent_key(self.principal, self.client_id)


class Quota(Passing):
    """How often something that anybody may ask for was done in an hour."""

    name: str
    hour: str
    count: int

    def key(self) -> Key:
        return Key(f"OAUTH_QUOTA#{self.name}", self.hour)


def transaction_key(secret: str) -> Key:
    return _key("TRANSACTION", fingerprint(secret))


def code_key(secret: str) -> Key:
    return _key("CODE", fingerprint(secret))


def access_key(secret: str) -> Key:
    return _key("ACCESS", fingerprint(secret))


def refresh_key(secret: str) -> Key:
    return _key("REFRESH", fingerprint(secret))


def spent_key(secret: str) -> Key:
    return _key("SPENT", fingerprint(secret))


def grants_partition(principal: str) -> str:
    return f"OAUTH_GRANTS#{principal}"


def grant_key(principal: str, grant_id: str) -> Key:
    return Key(grants_partition(principal), grant_id)


def consent_key(principal: str, client_id: str) -> Key:
    return Key(f"OAUTH_CONSENTS#{principal}", fingerprint(client_id))


def _key(kind: str, digest: str) -> Key:
    return Key(f"OAUTH_{kind}#{digest}", kind)
