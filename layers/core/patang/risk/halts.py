"""Stops: no new entry of an account until its day is over or somebody takes the stop back. Exits go on."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from typing import Any

from patang.errors import StopTrading
from patang.execution.following.consequences import Notice, tell
from patang.execution.journal import journal
from patang.execution.reconciliation.record import Reconciliation
from patang.identity.principal import is_program
from patang.identity.rights import OwnerNeeded
from patang.keys import reconciliation_key, risk_key
from patang.market.sessions import IST
from patang.portfolio.account_state import RiskState
from patang.ports import Clock, Metrics, Notifier, StateStore, Write, WriteConflict
from patang.records import change, create, load, replace
from patang.risk.account_view import view_account
from patang.risk.breaker import BREAKER, Breach, breach, drawdown
from patang.risk.stops import ACTIVE, opened_breaker, over_with_its_day, stopped
from patang.settings import Mode, Settings

__all__ = ["MISMATCH", "RECONCILER", "Halts"]

# The gate of an account whose books do not agree with the broker's.
MISMATCH = "RECONCILIATION"
RECONCILER = "reconciler"
_PROGRAMS_RESUMES_A_DAY = 5

_RESULTS = ("realised_total", "net_paid_in", "results_mode", "other_results")


class Halts:
    """Every change of an account's state: one transaction with its audit event, then a notice."""

    def __init__(
        self,
        store: StateStore,
        clock: Clock,
        settings: Callable[[], Settings],
        notifier: Callable[[], Notifier],
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._notifier = notifier
        self._metrics = metrics

    def halt(
        self, account: str, reason: str, actor: str, as_of: datetime, *, flattening: bool = False
    ) -> bool:
        """A person's stop, HALTED until a person resumes. False if one stands already: who stopped first, and
        why, is kept. It takes the place of what ends with the day. `flattening`: what the account holds, and
        what orders on their way still buy for it, is to be sold.
        """
        state: dict[str, Any] = {"state": "HALTED", "gate": "HALTED"}
        return self._stop(account, reason, actor, as_of, state | ({"flattening": True} if flattening else {}))

    def reduce(self, account: str, gate: str, reason: str, actor: str, as_of: datetime) -> bool:
        """REDUCING until a person resumes, by this gate. False if it is stopped for as long already."""
        return self._stop(account, reason, actor, as_of, {"state": "REDUCING", "gate": gate})

    def work_breaker(self, account: str, as_of: datetime) -> None:
        """Closes the breaker where its day has ended, opens it where a limit is reached."""
        # A position that cannot be valued stops the proposals too, and is counted there. Where others keep
        # changing the account the gates see the breach themselves, and the next cycle writes it down.
        with suppress(StopTrading, WriteConflict):
            self.end_of_day(account, as_of)
            settings = self._settings()
            found = breach(view_account(self._store, account, as_of, self._clock.now(), settings), settings)
            if found is not None:
                self.trip(account, found, as_of)

    def trip(self, account: str, found: Breach, as_of: datetime) -> bool:
        """The breaker opens. False if the account is stopped for as long already."""
        opened = self._stop(account, found.refusal.text, BREAKER, as_of, opened_breaker(found))
        if opened:
            self._metrics.alarm("breaker_opened", account=account, gate=found.refusal.gate)
        return opened

    def end_of_day(self, account: str, as_of: datetime) -> bool:
        """The breaker closes by its rule: what ended with an earlier market day. False if nothing did."""
        day = as_of.astimezone(IST).date()

        return self._change(
            account,
            "RESUMED",
            lambda old: over_with_its_day(old, day),
            BREAKER,
            as_of,
            {"reason": "its day is over"},
        )

    def resume(self, account: str, actor: str, as_of: datetime) -> bool:
        """A person takes a stop back. False if there was none that can be.

        The day's loss cannot be argued with: its account is REDUCING until the day is over. With a drawdown
        that has reached its limit the person accepts it: losses are counted from here. An account whose books
        do not agree with the broker's stays REDUCING until a reconciliation is clean.

        A program takes back what a program has stopped, and raises OwnerNeeded at any other stop: whoever
        speaks through it must not set the desk going again that its owner, or its breaker, has stopped. Nor
        does it go on without end: each time is a message to the owner.
        """
        day, settings = as_of.astimezone(IST).date(), self._settings()
        view = view_account(self._store, account, as_of, self._clock.now(), settings)
        accepted = drawdown(view) if view.state.gate == "MAX_DRAWDOWN" else None
        mismatch = self._mismatch(account, settings.mode)

        def decide(old: RiskState) -> Mapping[str, Any] | None:
            if is_program(actor) and old.is_halted_on(day) and not is_program(old.halted_by):
                raise OwnerNeeded(
                    f"{account} was stopped by {old.halted_by or 'nobody named'}: its owner takes that back, "
                    "signed in on the desk's page"
                )
            if old.gate == MISMATCH and mismatch is not None:
                return None
            if not old.halted or (old.state == "REDUCING" and old.gate == "DAILY_LOSS_LIMIT"):
                return over_with_its_day(old, day)
            changes: dict[str, Any] = {**ACTIVE, **(_counted(old, day) if is_program(actor) else {})}
            if old.gate == "MAX_DRAWDOWN" and accepted is not None:
                # What is accepted is of the mode in force; the state may hold the results of another.
                standing = old.in_mode(settings.mode)
                changes |= {name: getattr(standing, name) for name in _RESULTS}
                changes["peak_realised"] = standing.peak_realised - accepted
            if mismatch is not None:
                changes |= {"state": "REDUCING", "gate": MISMATCH, **mismatch}
            elif old.loss_day == day:
                changes |= {
                    "state": "REDUCING",
                    "gate": "DAILY_LOSS_LIMIT",
                    "halt_reason": "the day's loss had reached its limit",
                    "halted_by": BREAKER,
                    "halted_day": day,
                }
            return changes

        details = {} if accepted is None else {"accepted_drawdown": f"{accepted:.2f}"}
        return self._change(account, "RESUMED", decide, actor, as_of, details)

    def _mismatch(self, account: str, mode: Mode) -> Mapping[str, str] | None:
        """Why the latest reconciliation lets nobody resume, if it does not."""
        found = load(self._store, Reconciliation, reconciliation_key(account))
        if found is None or found.clean or found.mode != mode:
            return None
        return {"halt_reason": found.reason, "halted_by": RECONCILER}

    def _stop(self, account: str, reason: str, actor: str, as_of: datetime, state: Mapping[str, Any]) -> bool:
        day = as_of.astimezone(IST).date()

        def decide(old: RiskState) -> Mapping[str, Any] | None:
            return stopped(old, reason, actor, day, state)

        return self._change(account, str(state["state"]), decide, actor, as_of, {"reason": reason})

    def _change(
        self,
        account: str,
        kind: str,
        decide: Callable[[RiskState], Mapping[str, Any] | None],
        actor: str,
        as_of: datetime,
        details: Mapping[str, str],
    ) -> bool:
        def write() -> tuple[RiskState | None, Sequence[Write]]:
            known = load(self._store, RiskState, risk_key(account))
            old = known or RiskState(account=account)
            changes = decide(old)
            if changes is None:
                return None, ()
            new = old.evolve(**changes)
            told = journal(
                account,
                kind,
                f"{old.revision + 1}",
                as_of,
                self._clock.now(),
                actor,
                state_before=old.state,
                state=new.state,
                gate=new.gate or old.gate,
                **details,
            )
            return new, (create(new) if known is None else replace(new), told)

        changed = change(self._store, write)
        if changed is None:
            return False
        why = f": {details['reason']}" if "reason" in details else ""
        text = f"{account} is {changed.state} now, by {actor}{why}. Exits go on."
        notice = Notice(f"{account}: {changed.state.lower()}", text, kind="halt")
        tell(self._notifier(), self._metrics, [notice])
        return True


def _counted(old: RiskState, day: date) -> Mapping[str, Any]:
    """One more of a program's resumes on a market day. Raises OwnerNeeded where there have been enough."""
    before = old.programs_resumed if old.programs_resumed_day == day else 0
    if before >= _PROGRAMS_RESUMES_A_DAY:
        raise OwnerNeeded(
            f"programs have taken stops of {old.account} back {before} times today: its owner takes this "
            "one back, signed in on the desk's page"
        )
    return {"programs_resumed": before + 1, "programs_resumed_day": day}
