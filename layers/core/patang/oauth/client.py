"""A client of the authorization server: a program that asks to act for a person."""

from datetime import datetime
from typing import Literal
from urllib.parse import urlsplit

from patang.identity.credentials import fingerprint
from patang.identity.principal import Scope
from patang.identity.stored import Passing
from patang.ports import Key

__all__ = ["AuthMethod", "Client", "GrantType", "client_key"]

type AuthMethod = Literal["none", "client_secret_post", "client_secret_basic"]
type GrantType = Literal["authorization_code", "refresh_token"]


class Client(Passing):
    """Registered by its own word (`origin` registered), or by a document at its id (`origin` document).

    `name` and `client_uri` are texts of whoever wrote the client: data for a person, never a proof.
    `fresh_until`: until when a document is taken as it was read. `scopes`: the most it may ask for.
    """

    client_id: str
    origin: Literal["registered", "document"]
    name: str
    redirect_uris: tuple[str, ...]
    auth_method: AuthMethod
    grant_types: tuple[GrantType, ...]
    scopes: tuple[Scope, ...]
    client_uri: str | None = None
    secret_hash: str | None = None
    known_since: datetime
    fresh_until: datetime

    @property
    def vouched_by(self) -> str | None:
        """The host that publishes the client's document; None for one that nobody vouches for."""
        return urlsplit(self.client_id).netloc if self.origin == "document" else None

    def key(self) -> Key:
        return client_key(self.client_id)


def client_key(client_id: str) -> Key:
    return Key(f"OAUTH_CLIENT#{fingerprint(client_id)}", "CLIENT")
