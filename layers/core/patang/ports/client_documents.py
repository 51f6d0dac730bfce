"""Documents by which clients of the authorization server tell who they are.

Not among the protocols of patang.ports: one service alone reads them.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

__all__ = ["ClientDocument", "ClientDocuments"]


@dataclass(frozen=True, slots=True)
class ClientDocument:
    """The bytes of a document, and for how long its host lets them be kept; None where it did not say."""

    content: bytes
    fresh_for: timedelta | None


class ClientDocuments(Protocol):
    """The web, as far as it is asked for such documents."""

    def fetch(self, url: str) -> ClientDocument:
        """The document at an https address.

        Raises Refused where there is none to be had: no document there, a redirect, too large, another type,
        a host of a private network. Raises TryAgain where its host cannot be reached, or is at fault.
        """
        ...
