"""What the audit log hears of clients: in the day of each account of the person concerned."""

from typing import Any

from patang.accounts.service import AccountService
from patang.execution.journal import journal, told_first
from patang.identity.principal import accounts_of
from patang.ports import Clock, Notifier, StateStore

__all__ = ["GrantEvents"]


class GrantEvents:
    """Tells in the desk's table of what is done in the auth table.

    There is no one transaction over two tables. Who tells first errs on the side of telling of what did not
    come about rather than keeping quiet about what did.
    """

    def __init__(
        self, desk_store: StateStore, accounts: AccountService, clock: Clock, notifier: Notifier
    ) -> None:
        self._store = desk_store
        self._accounts = accounts
        self._clock = clock
        self._notifier = notifier

    def tell(self, kind: str, what: str, principal: str, actor: str, **details: Any) -> None:
        """One event of `kind` about `what` (an id), for each enabled account of the principal."""
        now = self._clock.now()
        for account in accounts_of(self._accounts, principal):
            told_first(self._store, journal(account, kind, what, now, now, actor, **details))

    def alarm(self, subject: str, text: str) -> None:
        """The owner hears of it at once."""
        self._notifier.send(subject, text, "alarm")
