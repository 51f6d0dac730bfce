"""Which client is at the token endpoint (RFC 6749 section 2.3.1)."""

import base64
import binascii
from collections.abc import Mapping
from urllib.parse import unquote_plus

from patang.identity.credentials import fingerprint, same
from patang.oauth.client import Client
from patang.oauth.clients import ClientBook
from patang.oauth.errors import OAuthError

__all__ = ["authenticated"]


def authenticated(clients: ClientBook, form: Mapping[str, str], authorization: str | None) -> Client:
    """The client that the form or the header names, if its secret is right. Raises OAuthError."""
    client_id, secret = _named(form, authorization)
    client = clients.find(client_id)
    if client.secret_hash is None:
        if secret:
            raise OAuthError("invalid_client", "this client has no secret: send its client_id alone")
        return client
    if not secret or not same(fingerprint(secret), client.secret_hash):
        raise OAuthError("invalid_client", "the client's secret is missing or wrong")
    return client


def _named(form: Mapping[str, str], authorization: str | None) -> tuple[str, str]:
    client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
    if authorization is None:
        if not client_id:
            raise OAuthError("invalid_client", "client_id is missing")
        return client_id, secret
    by_header = _basic(authorization)
    if secret or client_id not in {"", by_header[0]}:
        raise OAuthError("invalid_request", "the header and the form both say who the client is: use one")
    return by_header


def _basic(authorization: str) -> tuple[str, str]:
    kind, _, value = authorization.partition(" ")
    try:
        text = base64.b64decode(value.strip(), validate=True).decode() if kind.lower() == "basic" else ""
    except (binascii.Error, UnicodeDecodeError):
        text = ""
    client_id, colon, secret = text.partition(":")
    if not colon or not client_id:
        raise OAuthError("invalid_client", "the Authorization header is not Basic, or cannot be read")
    return unquote_plus(client_id), unquote_plus(secret)
