"""What a client's request at the authorization endpoint has to say (RFC 6749 section 4.1.1, OAuth 2.1)."""

from collections.abc import Mapping
from dataclasses import dataclass

from patang.identity.principal import Scope
from patang.oauth.addresses import checked_resource
from patang.oauth.client import Client
from patang.oauth.errors import OAuthError
from patang.oauth.pkce import is_challenge
from patang.oauth.redirects import checked_redirect, registered
from patang.oauth.scopes import DEFAULT_SCOPES, known_scopes, written

__all__ = ["LONGEST_STATE", "Asked", "read_request", "redirect_of"]

LONGEST_STATE = 2048


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that a person can be asked about."""

    state: str | None
    challenge: str
    scopes: tuple[Scope, ...]
    resource: str


def redirect_of(client: Client, asked: Mapping[str, str]) -> str:
    """Where the answer goes. Until this is known to be the client's own, nobody is sent anywhere.

    Raises OAuthError invalid_request for an address that is missing, dangerous or not the client's.
    """
    uri = asked.get("redirect_uri", "")
    if not uri:
        raise OAuthError(
            "invalid_request", "redirect_uri is missing: it is asked for even if there is but one"
        )
    try:
        checked_redirect(uri)
    except OAuthError as error:
        raise OAuthError("invalid_request", error.description) from error
    if not registered(uri, client.redirect_uris):
        raise OAuthError("invalid_request", f"the redirect address {uri!r} is not one of this client's")
    return uri


def read_request(client: Client, asked: Mapping[str, str], public_url: str) -> Asked:
    """Raises OAuthError, which the client may be told."""
    state = asked.get("state") or None
    if state is not None and (len(state) > LONGEST_STATE or not state.isprintable()):
        raise OAuthError("invalid_request", f"state has controls, or more than {LONGEST_STATE} characters")
    if asked.get("response_type") != "code":
        raise OAuthError("unsupported_response_type", "response_type has to be 'code'")
    if asked.get("response_mode", "query") != "query":
        raise OAuthError("invalid_request", "response_mode can only be 'query'")
    challenge = asked.get("code_challenge", "")
    # An absent method means "plain" (RFC 7636 section 4.3), which proves nothing to who has seen the request.
    if asked.get("code_challenge_method") != "S256" or not is_challenge(challenge):
        raise OAuthError(
            "invalid_request", "PKCE is needed: code_challenge_method S256, and a code_challenge made by it"
        )
    return Asked(
        state, challenge, _scopes(client, asked), checked_resource(asked.get("resource"), public_url)
    )


def _scopes(client: Client, asked: Mapping[str, str]) -> tuple[Scope, ...]:
    words = asked.get("scope", "").strip()
    wanted = known_scopes(words) if words else DEFAULT_SCOPES
    allowed = tuple(scope for scope in wanted if scope in client.scopes)
    if not allowed:
        raise OAuthError(
            "invalid_scope", f"asked for {words[:80]!r}; this client may ask for {written(client.scopes)}"
        )
    return allowed
