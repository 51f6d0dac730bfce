"""From paper to real money: what an account has to have shown, and the first sessions it trades small.

An account may enter with real money after 20 paper sessions and 30 trades on paper, a comparison with the
backtest that leaves nothing unexplained, and reconciliations that were clean all that time: a day that was
not begins the count anew. Its first five live sessions it buys one lot at a time, and a person says yes to
each. A person may waive either half, with a reason, in the audit log.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from patang.errors import BadInput
from patang.execution.journal import journal
from patang.execution.reconciliation.record import Reconciliation, ReconciliationChange
from patang.keys import (
    account_partition,
    graduation_key,
    parity_key,
    preflight_key,
    reconciliation_key,
    waiver_key,
)
from patang.market.preflight import Check, Preflight
from patang.market.sessions import IST
from patang.portfolio.account_state import AccountDay
from patang.portfolio.position import Position
from patang.ports import Clock, ItemReader, Key, StateStore, Write
from patang.records import Record, change, create, load, load_all, replace
from patang.settings import Settings

__all__ = [
    "LIVE_SESSIONS",
    "PAPER_SESSIONS",
    "PAPER_TRADES",
    "Condition",
    "Graduation",
    "Graduations",
    "ParityReport",
    "Waivable",
    "Waiver",
    "trades_small",
]

PAPER_SESSIONS = 20
PAPER_TRADES = 30
LIVE_SESSIONS = 5

type Waivable = Literal["paper", "first-sessions"]
# A day on which nothing else refused an entry of the account was none on which it decided.
_IDLE = frozenset({"SESSION_EXPIRED", "HALTED"})

type Stage = Literal["PAPER", "FIRST_SESSIONS", "LIVE"]


class ParityReport(Record):
    """How a day's decisions compare with the backtest's of the same day: trades compared, and those that
    differ for no known reason."""

    day: date
    compared: int
    unexplained: int

    def key(self) -> Key:
        return parity_key(self.day)


class Waiver(Record):
    """What a person has excused an account from, and why; wall time."""

    account: str
    what: Waivable
    reason: str
    by: str
    at: datetime

    def key(self) -> Key:
        return waiver_key(self.account, self.what)


class Condition(BaseModel):
    """One thing that an account has to have shown, and what it has."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    met: bool
    found: str
    expected: str


class Graduation(Record):
    """How far an account has come by a day. PAPER: no entry with real money. FIRST_SESSIONS: one lot at a
    time, each with a person's yes. LIVE: as the settings say. `waived` is what a person has excused it from.
    """

    account: str
    day: date
    stage: Stage
    conditions: tuple[Condition, ...]
    live_sessions: int
    waived: tuple[Waivable, ...] = ()

    def key(self) -> Key:
        return graduation_key(self.account)

    @property
    def unmet(self) -> tuple[Condition, ...]:
        return tuple(condition for condition in self.conditions if not condition.met)


def trades_small(store: ItemReader, settings: Settings, account: str, day: date) -> bool:
    """Whether the account's entries are of one lot and each needs a person's yes: in mode live, until the
    day's preflight has found its first sessions to be over."""
    if settings.mode != "live":
        return False
    known = load(store, Graduation, graduation_key(account))
    return known is None or known.day != day or known.stage != "LIVE"


class Graduations:
    """Reads what the desk has stored of its sessions; nothing is counted anywhere else."""

    def __init__(self, store: StateStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def progress(self, account: str, day: date) -> Graduation:
        """How far the account has come before this market day."""
        days = load_all(self._store, AccountDay, account_partition(account), "DAY#")
        traded = {found.day for found in days if found.day < day and _decided(found)}
        runs = load_all(self._store, Preflight, preflight_key(day).partition)
        real = [run for run in runs if run.day in traded and not run.simulated and not run.mixed]
        paper = [run.day for run in real if run.mode == "paper"]
        live = sum(run.mode == "live" and run.passed for run in real)
        conditions = self._conditions(account, paper)
        waived: list[Waivable] = [
            what for what in ("paper", "first-sessions") if self._waiver(account, what) is not None
        ]
        stage: Stage = "LIVE"
        if "paper" not in waived and not all(condition.met for condition in conditions):
            stage = "PAPER"
        elif "first-sessions" not in waived and live < LIVE_SESSIONS:
            stage = "FIRST_SESSIONS"
        return Graduation(
            account=account,
            day=day,
            stage=stage,
            conditions=conditions,
            live_sessions=live,
            waived=tuple(waived),
        )

    def check(self, account: str, day: date) -> Check:
        """The preflight's question; keeps the answer, by which entries are sized and approved that day."""
        found = self.progress(account, day)

        def decide() -> tuple[None, Sequence[Write]]:
            known = load(self._store, Graduation, found.key())
            if known is None:
                return None, [create(found)]
            return None, [replace(found.evolve(revision=known.revision))]

        change(self._store, decide)
        short = "; ".join(f"{condition.name}: {condition.found}" for condition in found.unmet)
        told = {
            "PAPER": short,
            "FIRST_SESSIONS": f"live session {found.live_sessions + 1} of the first {LIVE_SESSIONS}: "
            "one lot at a time, each with a yes",
            "LIVE": "graduated",
        }[found.stage]
        waived = f" (waived: {', '.join(found.waived)})" if found.waived else ""
        return Check(
            name="graduation",
            account=account,
            passed=found.stage != "PAPER",
            found=told + waived,
            expected=f"{PAPER_SESSIONS} paper sessions, {PAPER_TRADES} trades, parity, clean reconciliation",
            to_do="go on in mode paper, or `patang graduation --waive paper --reason WHY`"
            if found.stage == "PAPER"
            else "",
        )

    def waive(self, account: str, what: str, reason: str, actor: str, as_of: datetime) -> Waiver:
        """Excuses an account; the event tells who, of what and why. Raises BadInput without a reason, or for
        what cannot be waived. `as_of` is market time."""
        if what not in ("paper", "first-sessions"):
            raise BadInput(f"what can be waived is paper or first-sessions, not {what!r}")
        if not reason.strip():
            raise BadInput("a waiver needs a reason: it stands in the audit log for whoever asks later")
        wanted: Waivable = "paper" if what == "paper" else "first-sessions"
        now = self._clock.now()

        def decide() -> tuple[Waiver, Sequence[Write]]:
            known = self._waiver(account, wanted)
            waiver = Waiver(account=account, what=wanted, reason=reason.strip(), by=actor, at=now)
            revision = 0 if known is None else known.revision
            event = journal(
                account,
                "GRADUATION_WAIVED",
                f"{wanted}#{revision}",
                as_of,
                now,
                actor,
                waived=wanted,
                reason=waiver.reason,
            )
            waiver = waiver.evolve(revision=revision)
            return waiver, [create(waiver) if known is None else replace(waiver), event]

        return change(self._store, decide)

    def _conditions(self, account: str, paper: Sequence[date]) -> tuple[Condition, ...]:
        compared, unclean = self._reconciled(account)
        counted = [day for day in paper if unclean is None or day > unclean]
        positions = load_all(self._store, Position, account_partition(account), "POSITION#")
        trades = sum(
            position.mode == "paper"
            and position.state == "CLOSED"
            and position.entry_time.astimezone(IST).date() in counted
            for position in positions
        )
        clean = "clean throughout" if compared else "never compared"
        if unclean is not None:
            clean = f"not clean on {unclean}; counted from the day after"
        return (
            _at_least("paper_sessions", len(counted), PAPER_SESSIONS),
            _at_least("paper_trades", trades, PAPER_TRADES),
            self._parity(counted),
            Condition(
                name="reconciliation",
                met=compared,
                found=clean,
                expected="every difference explained in the sessions that count",
            ),
        )

    def _reconciled(self, account: str) -> tuple[bool, date | None]:
        """Whether paper was ever compared with its broker, and the last day that was not clean."""
        changes = load_all(self._store, ReconciliationChange, account_partition(account), "RECONCILED#")
        latest = load(self._store, Reconciliation, reconciliation_key(account))
        found = [one for one in (*changes, latest) if one is not None and one.mode == "paper"]
        unclean = [one.as_of.astimezone(IST).date() for one in found if not one.clean]
        return bool(found), max(unclean, default=None)

    def _parity(self, counted: Sequence[date]) -> Condition:
        reports = load_all(self._store, ParityReport, "PARITY")
        of_them = [report for report in reports if report.day in counted]
        differ = sum(report.unexplained for report in of_them)
        trades = sum(report.compared for report in of_them)
        found = f"{differ} unexplained, {trades} trades compared in {len(of_them)} sessions"
        return Condition(
            name="parity",
            met=trades > 0 and differ == 0,
            found=found if of_them else "no session was compared with the backtest",
            expected="no unexplained difference from the backtest",
        )

    def _waiver(self, account: str, what: Waivable) -> Waiver | None:
        return load(self._store, Waiver, waiver_key(account, what))


def _decided(day: AccountDay) -> bool:
    """Whether the account could have entered on the day, and was signed in."""
    return day.closed_trades > 0 or not day.refusals or not _IDLE.issuperset(day.refusals)


def _at_least(name: str, found: int, least: int) -> Condition:
    return Condition(name=name, met=found >= least, found=str(found), expected=f"at least {least}")
