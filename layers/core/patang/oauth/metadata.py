"""What a client says of itself, when it registers or in its document (RFC 7591 section 2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

from patang.identity.principal import Scope
from patang.oauth.client import AuthMethod, GrantType
from patang.oauth.errors import OAuthError
from patang.oauth.redirects import checked_redirect, shown_host
from patang.oauth.scopes import SCOPES, known_scopes

__all__ = ["AUTH_METHODS", "ClientMetadata", "read_metadata"]

AUTH_METHODS: tuple[AuthMethod, ...] = ("none", "client_secret_post", "client_secret_basic")
_GRANT_TYPES: tuple[GrantType, ...] = ("authorization_code", "refresh_token")
_MOST_REDIRECTS = 20
_LONGEST_NAME = 100
_LONGEST_ADDRESS = 512


@dataclass(frozen=True, slots=True)
class ClientMetadata:
    """What of it this server goes by; what else a client says is passed over."""

    name: str
    redirect_uris: tuple[str, ...]
    auth_method: AuthMethod
    grant_types: tuple[GrantType, ...]
    scopes: tuple[Scope, ...]
    client_uri: str | None


def read_metadata(said: Mapping[str, Any], default_auth: AuthMethod) -> ClientMetadata:
    """`said` as JSON has it. Raises OAuthError invalid_client_metadata or invalid_redirect_uri.

    What is null or empty counts as not said. `default_auth` is the method of a client that names none.
    """
    given = {name: value for name, value in said.items() if value not in (None, "")}
    redirects = _redirects(given)
    if "code" not in _words(given, "response_types", ["code"]):
        raise _wrong("response_types", "has to have 'code': there is no other flow here")
    grants = _words(given, "grant_types", list(_GRANT_TYPES))
    if "authorization_code" not in grants:
        raise _wrong("grant_types", "has to have 'authorization_code': there is no other flow here")
    method = given.get("token_endpoint_auth_method", default_auth)
    if method not in AUTH_METHODS:
        raise _wrong("token_endpoint_auth_method", f"is {str(method)[:60]!r}: use {', '.join(AUTH_METHODS)}")
    return ClientMetadata(
        name=_name(given) or shown_host(redirects[0]),
        redirect_uris=redirects,
        auth_method=method,
        grant_types=tuple(kind for kind in _GRANT_TYPES if kind in grants),
        scopes=_scopes(given),
        client_uri=_page(given),
    )


def _name(given: Mapping[str, Any]) -> str | None:
    name = _text(given, "client_name", _LONGEST_NAME)
    # The owner reads it in the desk's own messages, among links that he may follow.
    if name is not None and "://" in name:
        raise _wrong("client_name", "holds a link: leave it out")
    return name


def _redirects(given: Mapping[str, Any]) -> tuple[str, ...]:
    uris = _words(given, "redirect_uris", [])
    if not 1 <= len(uris) <= _MOST_REDIRECTS:
        raise OAuthError(
            "invalid_redirect_uri", f"{len(uris)} redirect_uris: there have to be 1 to {_MOST_REDIRECTS}"
        )
    return tuple(dict.fromkeys(checked_redirect(uri) for uri in uris))


def _scopes(given: Mapping[str, Any]) -> tuple[Scope, ...]:
    asked = _text(given, "scope", _LONGEST_ADDRESS)
    if asked is None:
        return SCOPES
    scopes = known_scopes(asked)
    if not scopes:
        raise _wrong("scope", f"names none of {', '.join(SCOPES)}")
    return scopes


def _page(given: Mapping[str, Any]) -> str | None:
    uri = _text(given, "client_uri", _LONGEST_ADDRESS)
    # It is shown to a person, who may follow it: nothing else is worth refusing a client for.
    return uri if uri is not None and _is_web_page(uri) else None


def _is_web_page(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    return uri.isascii() and parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc


def _text(given: Mapping[str, Any], name: str, longest: int) -> str | None:
    value = given.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip() or len(value) > longest or not value.isprintable():
        raise _wrong(name, f"has to be a text of at most {longest} letters, in one line, without controls")
    return value.strip()


def _words(given: Mapping[str, Any], name: str, default: list[str]) -> list[str]:
    value = given.get(name, default)
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise _wrong(name, "has to be a list of texts")
    return cast(list[str], value)


def _wrong(name: str, why: str) -> OAuthError:
    return OAuthError("invalid_client_metadata", f"{name} {why}")
