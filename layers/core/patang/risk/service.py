"""What an account does about a cycle's signals: gates, size, expected profit, and the proposals that pass."""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal

from patang.approvals.proposal import Proposal
from patang.errors import StopTrading
from patang.execution.journal import journal
from patang.keys import cycle_key, proposal_key, signal_partition
from patang.market.cycle import Cycle
from patang.ports import Clock, Metrics, StateStore, Write, WriteConflict
from patang.records import change, create, load, load_all, replace
from patang.risk.account_view import AccountView, view_account
from patang.risk.breaker import breach
from patang.risk.expected_profit import ExpectedProfit, expected_profit
from patang.risk.halts import Halts
from patang.risk.manager import account_gate, signal_gate
from patang.risk.refusals import Refusal, count_refusals
from patang.risk.reservations import reserve
from patang.risk.sizing import Sizing, size
from patang.risk.slippage import Slippage, load_slippage
from patang.settings import Settings
from patang.strategies.aggregator import aggregate, rank
from patang.strategies.signal import Signal

__all__ = ["RiskService", "order_id_of"]

_PAISA = Decimal("0.01")
_ATTEMPTS = 10
# All accounts of a cycle end it in the same item, each against the others.
_RECORD_ATTEMPTS = 50


def order_id_of(account: str, signal: Signal) -> str:
    """The one order an account can make of a signal; also the name of the order's workflow."""
    digest = hashlib.sha256(f"{account}\x1f{signal.signal_id}".encode()).hexdigest()
    return f"o{signal.as_of:%Y%m%d%H%M}-{digest[:8]}"


@dataclass(frozen=True, slots=True)
class _Assessed:
    signal: Signal
    sizing: Sizing
    profit: ExpectedProfit

    @property
    def merit(self) -> Decimal:
        """Expected net profit for each rupee at risk."""
        return self.profit.net / self.sizing.risk_amount


class RiskService:
    """Decides for one account at a time; whatever it accepts is written against the state it has seen."""

    def __init__(
        self,
        store: StateStore,
        clock: Clock,
        settings: Callable[[], Settings],
        halts: Halts,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._metrics = metrics
        self._halts = halts

    def assess(self, account: str, run_id: str, as_of: datetime) -> dict[str, object]:
        """{"proposals": [{"account", "order_id"}], "refusals": {gate: times}} of one cycle.

        Asked again about the same cycle it names the proposals made before.
        """
        refusals: Counter[str] = Counter()
        stored = load_all(self._store, Signal, signal_partition(as_of.date()), f"{as_of:%H%M}#")
        wanted, left_out = aggregate(signal for signal in stored if not signal.refused)
        refusals.update(refusal.gate for refusal in left_out.values())
        self._work_breaker(account, as_of)
        slippage = load_slippage(self._store, self._settings().mode)
        made = self._propose(account, run_id, as_of, wanted, slippage, refusals)
        self._record(account, run_id, as_of, len(made), refusals)
        names = [{"account": account, "order_id": proposal.order_id} for proposal in made]
        return {"proposals": names, "refusals": dict(refusals)}

    def _work_breaker(self, account: str, as_of: datetime) -> None:
        """Closes the breaker where its day has ended, opens it where a limit is reached."""
        self._halts.end_of_day(account, as_of)
        # A position that cannot be valued stops the proposals too, and is counted there.
        with suppress(StopTrading):
            found = breach(self._view(account, as_of), self._settings())
            if found is not None:
                self._halts.trip(account, found, as_of)

    def _view(self, account: str, as_of: datetime) -> AccountView:
        return view_account(self._store, account, as_of, self._clock.now(), self._settings())

    def _propose(
        self,
        account: str,
        run_id: str,
        as_of: datetime,
        wanted: list[Signal],
        slippage: Slippage,
        refusals: Counter[str],
    ) -> list[Proposal]:
        """One proposal after the other, each decided on the state that the one before has left."""
        made: list[Proposal] = []
        for signal in wanted:
            known = load(self._store, Proposal, proposal_key(account, order_id_of(account, signal)))
            if known is not None:
                made.append(known)
        done = {proposal.signal.signal_id for proposal in made}
        left = {signal.signal_id: signal for signal in wanted if signal.signal_id not in done}
        try:
            while left:
                proposal, gates = self._propose_best(account, run_id, as_of, list(left.values()), slippage)
                if proposal is None:
                    refusals.update(gates.values())
                    break
                made.append(proposal)
                del left[proposal.signal.signal_id]
        except StopTrading as error:
            refusals["STOP_TRADING"] += 1
            self._metrics.count("stop_trading", reason=str(error))
        except WriteConflict:
            # Somebody else keeps changing the account: what was not decided in time is refused.
            refusals["CONTENTION"] += len(left)
        return made

    def _propose_best(
        self, account: str, run_id: str, as_of: datetime, signals: list[Signal], slippage: Slippage
    ) -> tuple[Proposal | None, Mapping[str, str]]:
        def decide() -> tuple[tuple[Proposal | None, Mapping[str, str]], Sequence[Write]]:
            view = self._view(account, as_of)
            passed, gates = self._sift(view, signals, slippage, as_of)
            if not passed:
                return (None, gates), ()
            best = passed[0]
            proposal = _proposal(account, run_id, as_of, best)
            return (proposal, gates), self._writes(view, proposal, best)

        return change(self._store, decide, _ATTEMPTS)

    def _sift(
        self, view: AccountView, signals: list[Signal], slippage: Slippage, as_of: datetime
    ) -> tuple[list[_Assessed], dict[str, str]]:
        """The signals that pass every gate now, best first, and the gate of each of the others."""
        settings = self._settings()
        passed: list[_Assessed] = []
        gates: dict[str, str] = {}
        closed = account_gate(view, settings)
        for signal in signals:
            found = closed or _assess(view, signal, settings, slippage, as_of)
            if isinstance(found, Refusal):
                gates[signal.signal_id] = found.gate
            else:
                passed.append(found)
        ranked, behind = rank(passed, view.underlyings)
        return ranked, gates | {signal_id: refusal.gate for signal_id, refusal in behind.items()}

    def _writes(self, view: AccountView, proposal: Proposal, best: _Assessed) -> tuple[Write, ...]:
        signal = best.signal
        state = reserve(view.state, proposal, best.sizing.exposure)
        event = journal(
            proposal.account,
            "PROPOSED",
            proposal.order_id,
            proposal.as_of,
            self._clock.now(),
            signal_id=signal.signal_id,
            quantity=proposal.quantity,
            bound=best.sizing.binding,
            risk_amount=str(proposal.risk_amount),
            expected_net_profit=str(proposal.expected_net_profit),
            expected_charges=str(proposal.expected_charges),
            confidence=signal.confidence,
            reason=signal.reason,
        )
        risk = create(state) if view.state.revision == 0 else replace(state)
        return create(proposal), risk, event

    def _record(
        self, account: str, run_id: str, as_of: datetime, proposals: int, refusals: Counter[str]
    ) -> None:
        """Counts this account's refusals, once a cycle, and ends the cycle."""
        self._metrics.count("proposals", proposals)
        for gate, times in refusals.items():
            self._metrics.count("refusals", times, gate=gate)

        def decide() -> tuple[None, Sequence[Write]]:
            told = journal(
                account, "ASSESSED", run_id, as_of, self._clock.now(), proposals=proposals, refusals=refusals
            )
            if self._store.get(told.key) is not None:
                return None, ()
            writes: list[Write] = [told]
            if refusals:
                writes.append(count_refusals(self._store, account, as_of.date(), refusals))
            cycle = load(self._store, Cycle, cycle_key(as_of))
            if cycle is not None:
                ended = cycle.evolve(
                    state="FINISHED",
                    proposals=cycle.proposals + proposals,
                    refusals=dict(Counter(cycle.refusals) + refusals),
                )
                writes.append(replace(ended))
            return None, writes

        try:
            change(self._store, decide, _RECORD_ATTEMPTS)
        except WriteConflict:
            # The proposals stand, and their workflows must be started.
            self._metrics.count("cycle_not_recorded", run_id=run_id)


def _assess(
    view: AccountView, signal: Signal, settings: Settings, slippage: Slippage, as_of: datetime
) -> _Assessed | Refusal:
    refused = signal_gate(view, signal, settings, as_of)
    if refused is not None:
        return refused
    sizing = size(signal, settings, view.headroom(signal, settings))
    if sizing.quantity == 0:
        units = {name: f"{allowed:.2f}" for name, allowed in sizing.bounds.items()}
        text = f"{sizing.binding} allows less than a lot of {signal.lot_size}"
        return Refusal(f"SIZE_ZERO_{sizing.binding}", text, units)
    profit = expected_profit(signal, sizing.quantity, slippage)
    least = settings.risk.min_expected_net_profit_inr
    if profit.net < least:
        text = f"{profit.net:.2f} rupees are expected of {sizing.quantity} and {least:.2f} asked for"
        return Refusal("EXPECTED_PROFIT_TOO_LOW", text, {"net": profit.net, "least": least})
    return _Assessed(signal, sizing, profit)


def _proposal(account: str, run_id: str, as_of: datetime, best: _Assessed) -> Proposal:
    return Proposal(
        account=account,
        order_id=order_id_of(account, best.signal),
        run_id=run_id,
        as_of=as_of,
        signal=best.signal,
        quantity=best.sizing.quantity,
        expected_net_profit=_to_paisa(best.profit.net),
        expected_charges=_to_paisa(best.profit.charges.total),
        risk_amount=_to_paisa(best.sizing.risk_amount),
    )


def _to_paisa(amount: Decimal) -> Decimal:
    return amount.quantize(_PAISA, ROUND_HALF_EVEN)
