"""Who the authorization server is, and the one resource that its tokens are good for."""

from urllib.parse import urlsplit

from patang.oauth.errors import OAuthError
from patang.public_address import known_address

__all__ = ["checked_resource", "issuer", "resource"]


def issuer(public_url: str) -> str:
    """The server's own name (`iss`, RFC 9207). Raises StopTrading while nobody has said where the desk is."""
    return known_address(public_url)


def resource(public_url: str) -> str:
    """The address of the MCP endpoint: what access tokens are bound to (RFC 8707)."""
    return f"{issuer(public_url)}/mcp"


def checked_resource(asked: str | None, public_url: str) -> str:
    """The resource that is meant. Raises OAuthError invalid_target for any other than ours.

    A client that names none, as those of before 2025-06-18 do, means the only one there is.
    """
    own = resource(public_url)
    if asked and _canonical(asked) != _canonical(own):
        raise OAuthError(
            "invalid_target", f"the resource {asked[:200]!r} is not of this server: ask for {own}"
        )
    return own


def _canonical(address: str) -> str | None:
    """Scheme and host in small letters, without the scheme's own port or a slash at the end."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    host, _, port = parts.netloc.lower().partition(":")
    own_port = {"https": "443", "http": "80"}.get(parts.scheme)
    netloc = host if port in {"", own_port} else f"{host}:{port}"
    return parts._replace(netloc=netloc).geturl().rstrip("/")
