"""Bearer tokens: how a program speaks for a principal."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from patang.accounts.service import AccountService
from patang.errors import BadInput
from patang.execution.journal import journal, told_first
from patang.identity.credentials import fingerprint, new_secret
from patang.identity.principal import Principal, Scope, accounts_of
from patang.identity.stored import BearerToken, TokenListing, token_key
from patang.ports import Clock, Delete, Key, StateStore
from patang.records import create, load, load_all

__all__ = ["IssuedToken", "Tokens"]

_PREFIX = "patang_"
_TOKENS_A_PRINCIPAL = 50


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A new token. `secret` is shown this once and kept nowhere."""

    secret: str
    listing: TokenListing


class Tokens:
    """Issuing, knowing, listing and revoking tokens."""

    def __init__(
        self, store: StateStore, auth_store: StateStore, accounts: AccountService, clock: Clock
    ) -> None:
        self._desk_store = store
        self._store = auth_store
        self._accounts = accounts
        self._clock = clock

    def issue(self, principal: str, label: str, scopes: Sequence[Scope], days: int) -> IssuedToken:
        """A token that is good for `days` days. Raises BadInput when he has fifty already."""
        if len(self.list(principal)) >= _TOKENS_A_PRINCIPAL:
            raise BadInput(f"{_TOKENS_A_PRINCIPAL} tokens are in use: revoke one first")
        secret, token_id, now = f"{_PREFIX}{new_secret()}", new_secret()[:12], self._clock.now()
        listing = TokenListing(
            token_id=token_id,
            principal=principal,
            label=label,
            scopes=tuple(sorted(set(scopes))),
            issued_at=now,
            until=now + timedelta(days=days),
            token_hash=fingerprint(secret),
        )
        token = BearerToken(
            token_hash=listing.token_hash,
            token_id=token_id,
            principal=principal,
            scopes=listing.scopes,
            until=listing.until,
        )
        self._tell("TOKEN_ISSUED", listing, f"person:{principal}")
        self._store.write(create(token), create(listing))
        return IssuedToken(secret, listing)

    def principal(self, secret: str) -> Principal | None:
        """Whom the token speaks for, or None when it is unknown, over or revoked."""
        if not secret.startswith(_PREFIX):
            return None
        token = load(self._store, BearerToken, token_key(fingerprint(secret)))
        if token is None or token.until <= self._clock.now():
            return None
        accounts = accounts_of(self._accounts, token.principal)
        if not accounts:
            return None
        actor = f"token:{token.token_id} of {token.principal}"
        return Principal(token.principal, actor, accounts, frozenset(token.scopes))

    def list(self, principal: str) -> list[TokenListing]:
        """His tokens that still work, oldest first."""
        listed = load_all(self._store, TokenListing, f"TOKENS#{principal}")
        alive = [listing for listing in listed if listing.until > self._clock.now()]
        return sorted(alive, key=lambda listing: listing.issued_at)

    def revoke(self, principal: str, token_id: str, actor: str) -> bool:
        """False if he has no such token."""
        listing = load(self._store, TokenListing, Key(f"TOKENS#{principal}", token_id))
        if listing is None:
            return False
        self._store.write(Delete(token_key(listing.token_hash)), Delete(listing.key()))
        self._tell("TOKEN_REVOKED", listing, actor)
        return True

    def _tell(self, kind: str, listing: TokenListing, actor: str) -> None:
        # The token is in another table, so there is no one transaction. The order errs on the side of telling
        # of a token that was not issued rather than keeping quiet about one that was.
        now = self._clock.now()
        for account in accounts_of(self._accounts, listing.principal):
            event = journal(
                account,
                kind,
                listing.token_id,
                now,
                now,
                actor,
                label=listing.label,
                scopes=" ".join(listing.scopes),
                ends_at=listing.until.isoformat(),
            )
            told_first(self._desk_store, event)
