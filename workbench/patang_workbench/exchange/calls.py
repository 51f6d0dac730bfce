"""A request to the broker and its reply, without the wire."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from patang_workbench.exchange.errors import InputError

__all__ = ["Call", "Reply"]


@dataclass(frozen=True, slots=True)
class Call:
    """A request: `headers` by lower-case name, `query` in order, `address` of the client, `parts` the named
    pieces of the path. `lag`: the clock and the seconds by which the order book is behind, if it is.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Sequence[tuple[str, str]] = ()
    body: bytes = b""
    address: str = "127.0.0.1"
    parts: Mapping[str, str] = field(default_factory=dict)
    lag: tuple[str, float] | None = None

    def form(self) -> dict[str, str]:
        """The fields of the body."""
        return dict(parse_qsl(self.body.decode("utf-8", errors="replace"), keep_blank_values=True))

    def fields(self) -> dict[str, str]:
        """The fields of the query; the last of a name counts."""
        return dict(self.query)

    def json(self) -> Any:
        """The body as JSON. Raises InputError."""
        try:
            return json.loads(self.body)
        except ValueError:
            raise InputError("The body must be JSON.") from None


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it goes over the wire."""

    status: int
    body: bytes
    media: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, value: Any, status: int = 200) -> "Reply":
        """A JSON reply."""
        return cls(status, json.dumps(value).encode())
