"""A stop: no new entry of an account until somebody takes the halt back. Exits go on."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from patang.execution.journal import journal
from patang.keys import risk_key
from patang.portfolio.account_state import RiskState
from patang.ports import Clock, StateStore, Write
from patang.records import change, create, load, replace

__all__ = ["Halts"]


class Halts:
    """Halting and resuming, each told once to the audit log."""

    def __init__(self, store: StateStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def halt(
        self, account: str, reason: str, actor: str, as_of: datetime, only_day: date | None = None
    ) -> bool:
        """False if the account was halted already: who halted first, and why, is kept.

        A halt for `only_day` ends with that market day; a lasting one takes its place.
        """
        changes = {"halted": True, "halt_reason": reason, "halted_by": actor, "halted_day": only_day}
        return self._set(account, "HALTED", changes, actor, as_of, {"reason": reason})

    def resume(self, account: str, actor: str, as_of: datetime) -> bool:
        """False if the account was not halted."""
        changes = {"halted": False, "halt_reason": None, "halted_by": None, "halted_day": None}
        return self._set(account, "RESUMED", changes, actor, as_of, {})

    def _set(
        self,
        account: str,
        kind: str,
        changes: Mapping[str, object],
        actor: str,
        as_of: datetime,
        details: Mapping[str, str],
    ) -> bool:
        def decide() -> tuple[bool, Sequence[Write]]:
            state = load(self._store, RiskState, risk_key(account))
            old = state or RiskState(account=account)
            lasting = old.halted_day is not None and changes["halted_day"] is None
            if old.halted == changes["halted"] and not lasting:
                return False, ()
            new = old.evolve(**changes)
            event = journal(account, kind, f"{old.revision + 1}", as_of, self._clock.now(), actor, **details)
            return True, (create(new) if state is None else replace(new), event)

        return change(self._store, decide)
