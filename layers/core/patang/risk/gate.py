"""The first question of a cycle: may anybody enter anything in this minute?"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from patang.accounts.account import Account
from patang.accounts.session import KiteSession
from patang.audit.decisions import keep
from patang.errors import StopTrading
from patang.execution.journal import journal
from patang.execution.market_clock import MarketClock
from patang.execution.preflight import egress_refusal, entry_refusal
from patang.keys import account_key, close_partition, cycle_key, market_clock_key, session_key
from patang.market.cycle import Cycle, run_id_of
from patang.market.minutes import MinuteClose
from patang.market.sessions import session_on
from patang.ports import Clock, Metrics, ObjectStore, Put, StateStore, Write
from patang.records import change, load, load_all, replace
from patang.risk.explanation import GateDecision
from patang.risk.halts import Halts
from patang.risk.refusals import count_refusals
from patang.settings import Settings
from patang.settings.changes import DESK_CHAIN

__all__ = ["RiskGate"]

_MINUTE = timedelta(minutes=1)


class RiskGate:
    """Looks at market hours, the freshness of the minute and the accounts' sessions. First it works each
    account's breaker, every minute: a limit that was passed and is not any more has been passed.

    Only sessions at the broker are held against wall time; the minute is held against market time alone, so
    that a replay of a past day passes as that day did.
    """

    def __init__(
        self,
        store: StateStore,
        objects: ObjectStore,
        clock: Clock,
        settings: Callable[[], Settings],
        halts: Halts,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._objects = objects
        self._clock = clock
        self._settings = settings
        self._halts = halts
        self._metrics = metrics

    def check(self, as_of: datetime) -> dict[str, object]:
        """{"proceed": bool, "reason": the gate that said no, "accounts": those that may be assessed}."""
        accounts: list[str] = []
        for account in self._enabled():
            self._halts.work_breaker(account, as_of)
        try:
            reason = self._market_gate(as_of)
            if not reason:
                accounts, reason = self._accounts(as_of)
            if not reason:
                reason = self._preflight_gate(as_of)
        except StopTrading as error:
            reason = f"STOP_TRADING: {error}"
        if reason:
            self._finish(as_of, reason)
            self._metrics.count("refusals", gate=reason.partition(":")[0])
        return {"proceed": not reason, "reason": reason, "accounts": [] if reason else accounts}

    def _preflight_gate(self, as_of: datetime) -> str:
        settings, day = self._settings(), as_of.date()
        address = egress_refusal(self._store, settings, day)
        if address is not None:
            return f"EGRESS_IP_MISMATCH: {address}"
        refusal = entry_refusal(self._store, settings, day)
        return "" if refusal is None else f"PREFLIGHT_NOT_PASSED: {refusal}"

    def _market_gate(self, as_of: datetime) -> str:
        session = session_on(as_of.date(), overrides=self._settings().sessions)
        if session is None or as_of == session.open or not session.holds(as_of):
            return "MARKET_CLOSED"
        if as_of.minute * 60 % self._settings().cycle_interval_seconds:
            return "BETWEEN_CYCLES"
        closes = load_all(self._store, MinuteClose, close_partition(as_of - _MINUTE))
        if not closes or any(close.late for close in closes):
            return "STALE_DATA"
        newest = load_all(self._store, Cycle, cycle_key(as_of).partition, newest_first=True, limit=1)
        clock = load(self._store, MarketClock, market_clock_key())
        # Where a backlog is read, its minutes close one after the other and each is the newest for a moment;
        # the guard's clock knows better. Another day's clock says nothing of a replay.
        seen = [cycle.as_of for cycle in newest]
        if clock is not None and clock.market_time.date() == as_of.date():
            seen.append(clock.market_time)
        oldest_allowed = timedelta(seconds=self._settings().risk.max_data_age_seconds)
        return "STALE_DATA" if any(moment - as_of > oldest_allowed for moment in seen) else ""

    def _accounts(self, as_of: datetime) -> tuple[list[str], str]:
        """The enabled accounts with a live session; for each of the others the refusal is counted."""
        enabled = self._enabled()
        if not enabled:
            return [], "NO_ACCOUNT"
        live = [account for account in enabled if self._is_live(account)]
        for account in sorted(set(enabled) - set(live)):
            self._count(account, as_of)
        return live, "" if live else "SESSION_EXPIRED"

    def _enabled(self) -> list[str]:
        accounts = load_all(self._store, Account, account_key("").partition)
        return [account.account for account in accounts if account.enabled]

    def _is_live(self, account: str) -> bool:
        session = load(self._store, KiteSession, session_key(account))
        return session is not None and session.is_live(self._clock.now())

    def _count(self, account: str, as_of: datetime) -> None:
        def decide() -> tuple[None, Sequence[Write]]:
            return None, (count_refusals(self._store, account, as_of.date(), {"SESSION_EXPIRED": 1}),)

        change(self._store, decide)

    def _finish(self, as_of: datetime, reason: str) -> None:
        gate = reason.partition(":")[0]

        def decide() -> tuple[None, Sequence[Write]]:
            cycle = load(self._store, Cycle, cycle_key(as_of))
            if cycle is None or cycle.state == "FINISHED":
                return None, ()
            refusals = {**cycle.refusals, gate: cycle.refusals.get(gate, 0) + 1}
            ended = replace(cycle.evolve(state="FINISHED", reason=reason, refusals=refusals))
            # A minute between two cycles was never to be looked at: that refuses nothing.
            return None, (ended,) if gate == "BETWEEN_CYCLES" else (ended, self._told(as_of, gate, reason))

        change(self._store, decide)

    def _told(self, as_of: datetime, gate: str, reason: str) -> Put:
        """The event of a cycle that ends here, which seals what the gates have looked at."""
        seen = self._seen(as_of, gate, reason)
        return journal(
            DESK_CHAIN,
            "GATED",
            seen.run_id,
            as_of,
            self._clock.now(),
            reason=reason,
            decisions=keep(self._objects, as_of, "gate", seen).model_dump(),
        )

    def _seen(self, as_of: datetime, gate: str, reason: str) -> GateDecision:
        """What the gates have looked at, for whoever asks why."""
        settings = self._settings()
        closes = load_all(self._store, MinuteClose, close_partition(as_of - _MINUTE))
        enabled = self._enabled()
        newest = load_all(self._store, Cycle, cycle_key(as_of).partition, newest_first=True, limit=1)
        return GateDecision(
            run_id=run_id_of(as_of),
            as_of=as_of,
            gate=gate,
            reason=reason,
            numbers={
                "minute": f"{as_of:%H:%M}",
                "shards_closed": len(closes),
                "shards_late": sum(close.late for close in closes),
                "newest_cycle": f"{newest[0].as_of:%H:%M}" if newest else "none",
                "max_data_age_seconds": settings.risk.max_data_age_seconds,
                "cycle_interval_seconds": settings.cycle_interval_seconds,
                "accounts_enabled": len(enabled),
                "accounts_live": sum(map(self._is_live, enabled)),
                "mode": settings.mode,
            },
            shards={close.shard: close.late for close in closes},
        )
