"""Who is speaking: a principal, the accounts that are his, and what this credential may do."""

from dataclasses import dataclass
from typing import Literal

from patang.accounts.service import AccountService

__all__ = ["ALL_SCOPES", "Principal", "Scope", "accounts_of", "is_program"]

type Scope = Literal["read", "trade", "admin"]

ALL_SCOPES: frozenset[Scope] = frozenset({"read", "trade", "admin"})


# How the actors of credentials begin that no person in a browser has: bearer tokens, connected clients, and
# the host that has started a home desk.
_PROGRAMS = ("token:", "client:", "stdio of ")


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who has proved who he is. `actor` is his name in the audit log.

    `csrf` is the word that a form of his browser session has to repeat; None for a bearer token, which no
    browser sends by itself.
    """

    name: str
    actor: str
    accounts: tuple[str, ...]
    scopes: frozenset[Scope]
    csrf: str | None = None

    @property
    def in_person(self) -> bool:
        """Whether this is the browser that a person has signed in with, rather than a program's token."""
        return self.csrf is not None

    def may(self, scope: Scope) -> bool:
        return scope in self.scopes

    def owns(self, account: str) -> bool:
        return account in self.accounts


def is_program(actor: str | None) -> bool:
    """Whether who is named so in the audit log spoke by a program's credential."""
    return actor is not None and actor.startswith(_PROGRAMS)


def accounts_of(accounts: AccountService, principal: str) -> tuple[str, ...]:
    """The enabled accounts of a principal; empty when he has none any more."""
    return tuple(known.account for known in accounts.list() if known.enabled and known.principal == principal)
