"""Sweeping up after crashes: approvals, decisions, reservations, and a market that has fallen silent."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from patang.accounts.account import Account
from patang.approvals.proposal import Proposal
from patang.approvals.service import ApprovalService
from patang.execution.book_sweep import mend_book
from patang.execution.conclusion import Conclusion
from patang.execution.following.consequences import Notice, tell
from patang.execution.journal import journal, told_first
from patang.execution.lane.sweep import IntentSweep
from patang.execution.market_clock import MarketClock
from patang.execution.protection.protector import Protector
from patang.execution.reservation_sweep import ReservationSweep
from patang.keys import (
    DECIDED_APPROVALS,
    OPEN_POSITIONS,
    PENDING_APPROVALS,
    cycle_key,
    market_clock_key,
)
from patang.market.cycle import Cycle
from patang.market.sessions import minute_of, session_on
from patang.portfolio.position import Position
from patang.ports import Clock, Metrics, Notifier, StateStore, Workflows
from patang.records import load, load_index
from patang.settings import Settings

__all__ = ["Sweeps"]

# Wall time a decision normally needs to reach its workflow, and after which the workflow is taken for dead.
_ANSWER_AFTER = timedelta(seconds=10)
_GIVE_UP_AFTER = timedelta(minutes=5)
# The cycle of the minute that has just ended is still being started; one older than these is of no use.
_CYCLES_BACK = (timedelta(minutes=1), timedelta(minutes=2))


class Sweeps:
    """Each sweep repeats a step that is idempotent; finding nothing is the rule. `requests` sweeps up the
    orders that were asked for of an account."""

    def __init__(
        self,
        store: StateStore,
        approvals: ApprovalService,
        workflows: Workflows,
        conclusion: Conclusion,
        intents: IntentSweep,
        protector: Protector,
        requests: Callable[[str], int],
        settings: Callable[[], Settings],
        clock: Clock,
        notifier: Notifier,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._approvals = approvals
        self._workflows = workflows
        self._conclusion = conclusion
        self._intents = intents
        self._protector = protector
        self._requests = requests
        self._reservations = ReservationSweep(store, conclusion, clock)
        self._settings = settings
        self._clock = clock
        self._notifier = notifier
        self._metrics = metrics

    def run(self, accounts: Sequence[Account], as_of: datetime) -> dict[str, int]:
        """How many of each were found, for these accounts, as of this market time.

        What an account that was disabled has left half done is swept up too: nobody else comes to it.
        """
        names = [account.account for account in accounts]
        trading = [account.account for account in accounts if account.enabled]
        swept = {
            "expired": sum(map(self._expire_overdue, names)),
            "requests": sum(map(self._requests, names)),
            "answered": sum(map(self._answer_decided, names)),
            "released": sum(self._reservations.run(name, as_of) for name in names),
            "books": sum(mend_book(self._store, name, as_of, self._clock.now()) for name in names),
            "intents": sum(self._intents.run(name, as_of) for name in names),
            "bare": self._protector.sweep(load_index(self._store, Position, OPEN_POSITIONS), as_of),
            "cycles": self._start_cycles(as_of),
            "stale_data": int(self._watch_data(trading, as_of)),
        }
        for name, found in swept.items():
            if found:
                self._metrics.count(f"swept_{name}", found)
        return swept

    def _expire_overdue(self, account: str) -> int:
        now = self._clock.now()
        pending = load_index(self._store, Proposal, PENDING_APPROVALS, f"{account}#")
        return sum(self._approvals.expire(account, proposal.order_id, now) for proposal in pending)

    def _answer_decided(self, account: str) -> int:
        """Decisions that their workflow has not acted on."""
        now, found = self._clock.now(), 0
        for proposal in load_index(self._store, Proposal, DECIDED_APPROVALS, f"{account}#"):
            waited = now - (proposal.decided_at or now)
            if waited < _ANSWER_AFTER:
                continue
            found += 1
            if not self._approvals.answer(proposal) and waited >= _GIVE_UP_AFTER:
                if proposal.state == "APPROVED":
                    self._metrics.alarm("approval_failed", error="WORKFLOW_LOST", order_id=proposal.order_id)
                self._conclusion.conclude(account, proposal.order_id, "WORKFLOW_LOST")
        return found

    def _start_cycles(self, as_of: datetime) -> int:
        """Cycles that were written down and may not have been started; a name is started once."""
        found = 0
        for back in _CYCLES_BACK:
            cycle = load(self._store, Cycle, cycle_key(minute_of(as_of) - back))
            if cycle is None or cycle.state != "STARTED":
                continue
            payload = {"run_id": cycle.run_id, "as_of": cycle.as_of.isoformat()}
            found += self._workflows.start("trading_cycle", cycle.run_id, payload)
        return found

    def _watch_data(self, accounts: Sequence[str], as_of: datetime) -> bool:
        """Alarms once for each silence: `as_of` is the schedule's time, the market clock the ticks'."""
        settings = self._settings()
        longest = timedelta(seconds=settings.risk.max_data_age_seconds)
        session = session_on(as_of.date(), overrides=settings.sessions)
        if session is None or not (session.holds(as_of) and session.holds(as_of - longest)):
            return False
        seen = load(self._store, MarketClock, market_clock_key())
        if seen is not None and as_of - seen.market_time <= longest:
            return False
        since = f"{seen.market_time:%Y-%m-%d %H:%M:%S}" if seen is not None else "the beginning"
        self._metrics.count("stale_data", since=since)
        for account in accounts[:1]:
            event = journal(
                account, "STALE_DATA", f"{as_of:%Y-%m-%d}#{since}", as_of, self._clock.now(), since=since
            )
            if told_first(self._store, event):
                text = f"No tick since {since}: no new entry is made until they come again."
                notice = Notice("Market data has stopped", text, kind="data")
                tell(self._notifier, self._metrics, [notice])
        return True
