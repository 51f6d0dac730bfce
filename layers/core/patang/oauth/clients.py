"""The clients that the authorization server knows: registered here, or by a document of their own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from patang.errors import Refused, TryAgain
from patang.identity.credentials import fingerprint, new_secret
from patang.oauth.client import Client, client_key
from patang.oauth.documents import checked_document_url, client_of, is_document_url
from patang.oauth.errors import OAuthError
from patang.oauth.metadata import read_metadata
from patang.oauth.quota import taken
from patang.oauth.scopes import written
from patang.ports import Clock, Put, StateStore, WriteConflict
from patang.ports.client_documents import ClientDocuments
from patang.records import create, load, replace

__all__ = ["ClientBook", "Registered"]

# Anybody may register, so what nobody uses goes soon; what a person has let in stays while it is used.
_UNUSED_FOR = timedelta(days=7)
_USED_FOR = timedelta(days=400)
_REGISTRATIONS_AN_HOUR, _OF_ONE_SOURCE = 200, 20
_DOCUMENTS_AN_HOUR = 300
_LONGEST_ID = 512


@dataclass(frozen=True, slots=True)
class Registered:
    """A new client. `secret` is shown this once; None for a public one."""

    client: Client
    secret: str | None = field(repr=False)

    def answer(self) -> Mapping[str, Any]:
        """The JSON of RFC 7591 section 3.2.1: what was registered, which may be less than was asked for."""
        client = self.client
        said: dict[str, Any] = {
            "client_id": client.client_id,
            "client_id_issued_at": int(client.known_since.timestamp()),
            "client_name": client.name,
            "redirect_uris": list(client.redirect_uris),
            "grant_types": list(client.grant_types),
            "response_types": ["code"],
            "token_endpoint_auth_method": client.auth_method,
            "scope": written(client.scopes),
        }
        if client.client_uri is not None:
            said["client_uri"] = client.client_uri
        if self.secret is not None:
            said |= {"client_secret": self.secret, "client_secret_expires_at": 0}
        return said


class ClientBook:
    """`documents` reaches the addresses at which clients tell who they are."""

    def __init__(self, auth_store: StateStore, clock: Clock, documents: ClientDocuments) -> None:
        self._store = auth_store
        self._clock = clock
        self._documents = documents

    def register(self, metadata: Mapping[str, Any], source: str) -> Registered:
        """Dynamic registration (RFC 7591), open to all. `source`: the address that asks, for its share.

        Raises OAuthError: invalid_client_metadata, invalid_redirect_uri, temporarily_unavailable when too
        many have registered in this hour.
        """
        read, now = read_metadata(metadata, default_auth="client_secret_basic"), self._clock.now()
        self._within("registrations of " + fingerprint(source), _OF_ONE_SOURCE)
        self._within("registrations", _REGISTRATIONS_AN_HOUR)
        secret = None if read.auth_method == "none" else new_secret()
        client = Client(
            client_id=f"patang-client-{new_secret()}",
            origin="registered",
            name=read.name,
            redirect_uris=read.redirect_uris,
            auth_method=read.auth_method,
            grant_types=read.grant_types,
            scopes=read.scopes,
            client_uri=read.client_uri,
            secret_hash=None if secret is None else fingerprint(secret),
            known_since=now,
            fresh_until=now + _UNUSED_FOR,
            until=now + _UNUSED_FOR,
        )
        self._store.write(create(client))
        return Registered(client, secret)

    def find(self, client_id: str) -> Client:
        """The client of this id; one whose id is an address is read there, and kept while it is fresh.

        Raises OAuthError: invalid_client for one that is not known or whose document is no good,
        temporarily_unavailable when its document cannot be had now.
        """
        if not client_id or len(client_id) > _LONGEST_ID:
            raise OAuthError("invalid_client", f"a client id has 1 to {_LONGEST_ID} characters")
        stored, now = load(self._store, Client, client_key(client_id)), self._clock.now()
        if is_document_url(client_id):
            fresh = stored is not None and now < stored.fresh_until
            return stored if stored is not None and fresh else self._read(client_id, stored)
        if stored is None or stored.until <= now:
            raise OAuthError(
                "invalid_client", f"no client {client_id[:80]!r} is known here (any more): register again"
            )
        return stored

    def keep(self, client: Client) -> None:
        """A registered client was let in, or used: it stays."""
        now = self._clock.now()
        if client.origin == "document" or client.until - now > _USED_FOR / 2:
            return
        stored = load(self._store, Client, client.key())
        if stored is not None:
            self._write(replace(stored.evolve(until=now + _USED_FOR, fresh_until=now + _USED_FOR)))

    def _read(self, client_id: str, stored: Client | None) -> Client:
        url, now = checked_document_url(client_id), self._clock.now()
        try:
            self._within("documents", _DOCUMENTS_AN_HOUR)
            document = self._documents.fetch(url)
        except (TryAgain, OAuthError) as error:
            if stored is not None and now < stored.until:
                return stored
            raise OAuthError(
                "temporarily_unavailable", f"the client's document cannot be had: {error}"
            ) from error
        except Refused as error:
            raise OAuthError("invalid_client", f"the client's document cannot be taken: {error}") from error
        client = client_of(url, document, now if stored is None else stored.known_since, now)
        self._write(create(client) if stored is None else replace(client.evolve(revision=stored.revision)))
        return client

    def _write(self, put: Put) -> None:
        try:
            self._store.write(put)
        except WriteConflict:
            # Another instance has done the same in the same moment.
            return

    def _within(self, what: str, most: int) -> None:
        if not taken(self._store, what, self._clock.now(), most):
            raise OAuthError("temporarily_unavailable", f"{what.partition(' of ')[0]}: too many in this hour")
