"""Codes into tokens, tokens into the next, what a token is worth, and who is connected."""

from collections.abc import Mapping

from patang.accounts.service import AccountService
from patang.identity.principal import Principal, Scope, accounts_of
from patang.oauth.addresses import checked_resource
from patang.oauth.answers import ConnectedClient, TokenAnswer
from patang.oauth.authentication import authenticated
from patang.oauth.client import Client
from patang.oauth.clients import ClientBook
from patang.oauth.errors import OAuthError
from patang.oauth.families import ACCESS_PREFIX, OVER, Families, actor_of
from patang.oauth.pkce import proves
from patang.oauth.scopes import known_scopes, written
from patang.oauth.stored import (
    AccessToken,
    Code,
    RefreshToken,
    Spent,
    access_key,
    code_key,
    consent_key,
    refresh_key,
    spent_key,
)
from patang.ports import Clock, Delete, StateStore
from patang.records import load

__all__ = ["Grants"]


class Grants:
    """The token and revocation endpoints without their HTTP. `public_url` is the desk's from outside."""

    def __init__(
        self,
        auth_store: StateStore,
        clients: ClientBook,
        families: Families,
        accounts: AccountService,
        clock: Clock,
        public_url: str,
    ) -> None:
        self._store = auth_store
        self._clients = clients
        self._families = families
        self._accounts = accounts
        self._clock = clock
        self._public_url = public_url

    def authenticate(self, form: Mapping[str, str], authorization: str | None) -> Client:
        """Which client sends this form, by its secret if it has one. `authorization` is the header.

        Raises OAuthError invalid_client, invalid_request or temporarily_unavailable.
        """
        return authenticated(self._clients, form, authorization)

    def exchange(self, client: Client, form: Mapping[str, str]) -> TokenAnswer:
        """grant_type authorization_code or refresh_token, of the client that `authenticate` gave.

        Raises OAuthError. A code or refresh token that was taken before ends the whole family.
        """
        kind = form.get("grant_type", "")
        if kind not in {"authorization_code", "refresh_token"}:
            raise OAuthError("unsupported_grant_type", f"there is no grant_type {kind[:60]!r} here")
        if kind not in client.grant_types:
            raise OAuthError("unauthorized_client", f"this client has not registered for {kind}")
        checked_resource(form.get("resource"), self._public_url)
        answer = self._first(client, form) if kind == "authorization_code" else self._next(client, form)
        self._clients.keep(client)
        return answer

    def revoke(self, client: Client, token: str) -> None:
        """Ends the grant that an access or refresh token is of (RFC 7009). An unknown token is no error.

        Raises OAuthError invalid_grant for a token of another client, and nothing ends.
        """
        found = (
            load(self._store, AccessToken, access_key(token))
            or load(self._store, RefreshToken, refresh_key(token))
            or load(self._store, Spent, spent_key(token))
        )
        if found is None:
            return
        if found.client_id != client.client_id:
            raise OAuthError("invalid_grant", "this token is not of this client")
        self._families.end(found.principal, found.grant_id)

    def principal(self, access_token: str, resource: str) -> Principal | None:
        """Whom the token speaks for at `resource` (the address of the endpoint that was called); None when it
        is unknown, over, revoked, or of another resource."""
        if not access_token.startswith(ACCESS_PREFIX):
            return None
        token = load(self._store, AccessToken, access_key(access_token))
        if token is None or token.until <= self._clock.now() or token.resource != resource:
            return None
        grant = self._families.grant(token.principal, token.grant_id)
        if grant is None:
            return None
        accounts = accounts_of(self._accounts, token.principal)
        if not accounts:
            return None
        return Principal(token.principal, actor_of(grant), accounts, frozenset(token.scopes))

    def connected(self, principal: str) -> tuple[ConnectedClient, ...]:
        """The clients that he has let in and that are not out yet, last used first."""
        grants = sorted(self._families.grants(principal), key=lambda grant: grant.used_at, reverse=True)
        return tuple(
            ConnectedClient(
                grant_id=grant.grant_id,
                client_id=grant.client_id,
                name=grant.client_name,
                vouched_by=grant.vouched_by,
                scopes=grant.scopes,
                granted_at=grant.granted_at,
                used_at=grant.used_at,
                until=grant.until,
            )
            for grant in grants
        )

    def disconnect(self, principal: str, grant_id: str, actor: str) -> bool:
        """Ends a grant of this principal, and forgets what he ticked; False if he has no such one."""
        grant = self._families.grant(principal, grant_id)
        if grant is None or not self._families.end(principal, grant_id, actor):
            return False
        self._store.write(Delete(consent_key(principal, grant.client_id)))
        return True

    def _first(self, client: Client, form: Mapping[str, str]) -> TokenAnswer:
        secret = form.get("code", "")
        code = load(self._store, Code, code_key(secret))
        if code is None:
            self._families.seen_again(secret)
            raise OAuthError("invalid_grant", f"this code {OVER}")
        if code.until <= self._clock.now() or code.client_id != client.client_id:
            raise OAuthError("invalid_grant", "this code is over, or of another client")
        if form.get("redirect_uri", code.redirect_uri) != code.redirect_uri:
            raise OAuthError("invalid_grant", "redirect_uri is not the one that the code was asked with")
        if not proves(form.get("code_verifier", ""), code.challenge):
            raise OAuthError("invalid_grant", "code_verifier does not prove the code_challenge")
        return self._families.start(code, secret, client)

    def _next(self, client: Client, form: Mapping[str, str]) -> TokenAnswer:
        secret = form.get("refresh_token", "")
        token = load(self._store, RefreshToken, refresh_key(secret))
        if token is None:
            self._families.seen_again(secret)
            raise OAuthError("invalid_grant", f"this refresh token {OVER}")
        if token.until <= self._clock.now() or token.client_id != client.client_id:
            raise OAuthError("invalid_grant", "this refresh token is over, or of another client")
        grant = self._families.grant(token.principal, token.grant_id)
        if grant is None or not accounts_of(self._accounts, token.principal):
            raise OAuthError(
                "invalid_grant", "the person has disconnected this client, or has no account now"
            )
        return self._families.rotate(
            token, secret, grant, client, _no_more(form.get("scope", ""), token.scopes)
        )


def _no_more(asked: str, granted: tuple[Scope, ...]) -> tuple[Scope, ...]:
    """What of the grant the next access token is for: all of it, or what was asked if that is no more."""
    if not asked.strip():
        return granted
    wanted = known_scopes(asked)
    if not wanted or set(wanted) - set(granted):
        raise OAuthError(
            "invalid_scope", f"asked for {asked[:80]!r}, and the person has granted {written(granted)}"
        )
    return wanted
