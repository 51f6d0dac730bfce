"""What clients are handed, and what a person sees of those he has let in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from patang.identity.principal import Scope
from patang.oauth.scopes import written

__all__ = ["ConnectedClient", "TokenAnswer"]


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """New tokens, shown this once. `refresh_token` is None for a client that did not register for it;
    `expires_in` is the access token's, in seconds."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    scopes: tuple[Scope, ...]
    expires_in: int

    def body(self) -> Mapping[str, str | int]:
        """The JSON of RFC 6749 section 5.1."""
        said: dict[str, str | int] = {
            "access_token": self.access_token,
            "token_type": "Bearer",
            "expires_in": self.expires_in,
            "scope": written(self.scopes),
        }
        return said if self.refresh_token is None else {**said, "refresh_token": self.refresh_token}


@dataclass(frozen=True, slots=True)
class ConnectedClient:
    """A client that a person has let in. `used_at`: when it last fetched tokens (they are good for an hour).
    `until`: when it is out if it fetches none any more. `name` is the client's own text, `vouched_by` the
    host that publishes its document, if one does."""

    grant_id: str
    client_id: str
    name: str
    vouched_by: str | None
    scopes: tuple[Scope, ...]
    granted_at: datetime
    used_at: datetime
    until: datetime
