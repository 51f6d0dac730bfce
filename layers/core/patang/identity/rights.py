"""Whose account it is, and what a credential may do: the refusals of every surface."""

from patang.errors import BadInput, PatangError
from patang.identity.principal import Principal, Scope

__all__ = [
    "OwnerNeeded",
    "ScopeMissing",
    "UnknownAccount",
    "in_person",
    "one_account",
    "own_account",
    "own_accounts",
]


class ScopeMissing(PatangError):
    """The credential is good, but not for this."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(
            f"this token has no scope {scope!r}: its owner connects the program again and ticks {scope!r}, "
            "or issues a token that has it"
        )
        self.scope = scope


class OwnerNeeded(PatangError):
    """The scope is there, and this takes more than a scope: a certain person, signed in."""


class UnknownAccount(PatangError):
    """There is no such account, or it is somebody else's: the answer is the same."""

    def __init__(self, account: str) -> None:
        super().__init__(f"you have no account {account!r}")


def in_person(principal: Principal, what: str) -> None:
    """Raises OwnerNeeded for a program's token: a leaked one must not be able to do `what`."""
    if not principal.in_person:
        raise OwnerNeeded(f"{what} takes the signed-in owner, in a browser: no token does it")


def own_account(principal: Principal, account: str) -> str:
    """`account` if it is the principal's. Raises UnknownAccount: to him another's does not exist."""
    if not principal.owns(account):
        raise UnknownAccount(account)
    return account


def own_accounts(principal: Principal, account: str | None) -> tuple[str, ...]:
    """The one asked for, or all of his."""
    return principal.accounts if account is None else (own_account(principal, account),)


def one_account(principal: Principal, account: str | None) -> str:
    """The one asked for, or his only one. Raises BadInput where he has several and named none."""
    if account is not None:
        return own_account(principal, account)
    if len(principal.accounts) != 1:
        raise BadInput(f"say which account is meant: {', '.join(principal.accounts) or 'you have none'}")
    return principal.accounts[0]
