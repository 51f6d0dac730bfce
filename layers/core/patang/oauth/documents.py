"""Clients that are known by a document at their id (draft-ietf-oauth-client-id-metadata-document)."""

import ipaddress
import json
import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from patang.oauth.client import Client
from patang.oauth.errors import OAuthError
from patang.oauth.metadata import read_metadata
from patang.ports.client_documents import ClientDocument

__all__ = ["checked_document_url", "client_of", "is_document_url"]

_LONGEST = 512
_HOST = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
_NOT_PUBLIC = (".local", ".localhost", ".internal", ".home.arpa")
_KEPT_AT_LEAST, _KEPT_AT_MOST = timedelta(minutes=5), timedelta(hours=24)
# While the document's host cannot be reached, who was good yesterday is so today.
_KEPT_IN_NEED = timedelta(hours=24)


def is_document_url(client_id: str) -> bool:
    """Whether the id is an address, rather than one that was registered here."""
    return client_id.startswith(("https:", "http:"))


def checked_document_url(client_id: str) -> str:
    """`client_id` if a document may be asked for there. Raises OAuthError invalid_client.

    https, a host by its public name, a path that says one thing (no dot segments), no user, no fragment.
    Where its name leads is looked at when it is asked.
    """
    try:
        parts = urlsplit(client_id)
        port = parts.port
    except ValueError as error:
        raise _wrong(client_id, f"is no address ({error})") from error
    plain = client_id.isascii() and client_id.isprintable() and not set(client_id) & set(' \\"<>')
    if not plain or len(client_id) > _LONGEST:
        raise _wrong(client_id[:80], f"has characters that no address has, or more than {_LONGEST}")
    if parts.scheme != "https" or not client_id.startswith("https://"):
        raise _wrong(client_id, "is not https")
    if "@" in parts.netloc or "#" in client_id or port == 0:
        raise _wrong(client_id, "carries a user, a fragment, or no port there is")
    host = parts.hostname or ""
    if host != parts.netloc.partition(":")[0] or not _is_public_name(host):
        raise _wrong(client_id, "is not on a host with a public name in small letters")
    if parts.path in {"", "/"} or any(step in {".", "..", "%2e", "%2e%2e"} for step in _steps(parts.path)):
        raise _wrong(client_id, "has no path, or one with dot segments")
    return client_id


def client_of(client_id: str, document: ClientDocument, known_since: datetime, now: datetime) -> Client:
    """Whom the document tells of. Raises OAuthError invalid_client, or as read_metadata does."""
    said = _said(client_id, document.content)
    if said.get("client_id") != client_id:
        raise _wrong(client_id, f"holds a document that says it is of {str(said.get('client_id'))[:120]!r}")
    if "client_secret" in said or "client_secret_expires_at" in said:
        raise _wrong(client_id, "holds a document with a secret, which all can read")
    metadata = read_metadata(said, default_auth="none")
    if metadata.auth_method != "none":
        raise _wrong(client_id, f"wants {metadata.auth_method}: a document's client can only use 'none' here")
    if not said.get("client_name"):
        raise _wrong(client_id, "holds a document without client_name: a person must know whom he lets in")
    fresh = min(max(document.fresh_for or _KEPT_AT_LEAST, _KEPT_AT_LEAST), _KEPT_AT_MOST)
    return Client(
        client_id=client_id,
        origin="document",
        name=metadata.name,
        redirect_uris=metadata.redirect_uris,
        auth_method=metadata.auth_method,
        grant_types=metadata.grant_types,
        scopes=metadata.scopes,
        client_uri=metadata.client_uri,
        known_since=known_since,
        fresh_until=now + fresh,
        until=now + fresh + _KEPT_IN_NEED,
    )


def _said(client_id: str, content: bytes) -> dict[str, Any]:
    try:
        said = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _wrong(client_id, "holds no JSON") from error
    if not isinstance(said, dict):
        raise _wrong(client_id, "holds no JSON object")
    return said


def _steps(path: str) -> list[str]:
    return path.lower().split("/")


def _is_public_name(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return _HOST.fullmatch(host) is not None and not host.endswith(_NOT_PUBLIC) and len(host) <= 253
    return False


def _wrong(client_id: str, why: str) -> OAuthError:
    return OAuthError("invalid_client", f"the client id {client_id!r} {why}")
