"""Refusals in the words of the protocol."""

from collections.abc import Mapping
from typing import Literal

from patang.errors import PatangError

__all__ = ["ErrorCode", "OAuthError"]

# RFC 6749 sections 4.1.2.1 and 5.2, RFC 7591 section 3.2.2, RFC 8707 section 2.
type ErrorCode = Literal[
    "access_denied",
    "invalid_client",
    "invalid_client_metadata",
    "invalid_grant",
    "invalid_redirect_uri",
    "invalid_request",
    "invalid_scope",
    "invalid_target",
    "temporarily_unavailable",
    "unauthorized_client",
    "unsupported_grant_type",
    "unsupported_response_type",
]

_STATUSES = {"invalid_client": 401, "temporarily_unavailable": 503}
# RFC 6749 section 5.2: printable ASCII without the quotation mark and the backslash.
_QUOTES = str.maketrans({'"': "'", "\\": "/"})


class OAuthError(PatangError):
    """`error` is the protocol's code, `description` a sentence for whoever writes the client.

    `redirect` is where the browser goes to tell the client of it (with `error`, `state` and `iss`); None
    where nobody may be told but the person, because the client or its address is not known to be good.
    """

    def __init__(self, error: ErrorCode, description: str) -> None:
        plain = description.translate(_QUOTES).encode("ascii", "replace").decode()
        self.error: ErrorCode = error
        self.description = "".join(letter if letter.isprintable() else "?" for letter in plain)
        self.redirect: str | None = None
        super().__init__(f"{error}: {self.description}")

    @property
    def status(self) -> int:
        """Of the HTTP answer, where it is answered to the client itself."""
        return _STATUSES.get(self.error, 400)

    def body(self) -> Mapping[str, str]:
        """The JSON of that answer."""
        return {"error": self.error, "error_description": self.description}
