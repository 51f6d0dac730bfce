"""What was found, and asking for it anew, from where the broker cannot be reached."""

from collections.abc import Callable, Sequence

from patang.execution.reconciliation.record import Reconciliation
from patang.keys import reconciliation_key
from patang.ports import PollQueue, StateStore
from patang.records import load

__all__ = ["Reconciliations"]


class Reconciliations:
    """`queue` leads to (reconciler)."""

    def __init__(self, store: StateStore, queue: Callable[[], PollQueue]) -> None:
        self._store = store
        self._queue = queue

    def latest(self, accounts: Sequence[str]) -> tuple[Reconciliation, ...]:
        """The latest of each of these accounts that has one."""
        found = (load(self._store, Reconciliation, reconciliation_key(account)) for account in accounts)
        return tuple(reconciliation for reconciliation in found if reconciliation is not None)

    def ask(self, accounts: Sequence[str]) -> None:
        """Has these accounts compared within a few seconds."""
        self._queue().send({"reconcile": list(accounts)}, 0)
