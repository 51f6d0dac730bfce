"""Who calls /mcp: the access token of a client that a person has let in, or a token of his own programs."""

from starlette.requests import Request

from patang.app import Desk
from patang.identity.principal import Principal
from patang.oauth.addresses import resource
from patang.oauth.scopes import DEFAULT_SCOPES, written

__all__ = ["challenge", "principal_of"]


def principal_of(desk: Desk, request: Request) -> Principal | None:
    """Whom the request's bearer token speaks for here; None without one that is good."""
    kind, _, secret = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer":
        return None
    known = desk.tokens().principal(secret.strip())
    here = desk.public_url()
    if known is not None or not here:
        return known
    return desk.grants().principal(secret.strip(), resource(here))


def challenge(desk: Desk, request: Request) -> str:
    """`WWW-Authenticate` of a 401 (RFC 6750 section 3, RFC 9728 section 5.1): where a client learns how to be
    let in, and what to ask for."""
    told = {"realm": "patang", "scope": written(DEFAULT_SCOPES)}
    if here := desk.public_url():
        told["resource_metadata"] = f"{here}/.well-known/oauth-protected-resource/mcp"
    if "authorization" in request.headers:
        told |= {
            "error": "invalid_token",
            "error_description": "the token is unknown, over, or of another place",
        }
    return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in told.items())
