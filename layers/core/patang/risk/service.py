"""What an account does about a cycle's signals: gates, size, expected profit, and the proposals that pass."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from patang.approvals.proposal import Proposal
from patang.audit.decisions import keep
from patang.errors import StopTrading
from patang.execution.journal import journal
from patang.keys import cycle_key, proposal_key, signal_partition
from patang.market.cycle import Cycle
from patang.ports import Clock, Metrics, ObjectStore, StateStore, Write, WriteConflict
from patang.records import change, create, load, load_all, replace
from patang.risk.account_view import AccountView, view_account
from patang.risk.assessment import outranked
from patang.risk.explanation import AccountDecision, AccountDecisions
from patang.risk.halts import Halts
from patang.risk.proposing import Choice, choose, order_id_of
from patang.risk.refusals import count_refusals
from patang.risk.slippage import Slippage, load_slippage
from patang.settings import Settings
from patang.strategies.aggregator import aggregate
from patang.strategies.signal import Signal

__all__ = ["RiskService"]

_ATTEMPTS = 10
# All accounts of a cycle end it in the same item, each against the others.
_RECORD_ATTEMPTS = 50


@dataclass(slots=True)
class _Answer:
    """What an account has made of a cycle so far: orders proposed, gates counted, every signal's decision."""

    made: list[Proposal] = field(default_factory=list)
    refusals: Counter[str] = field(default_factory=Counter)
    decisions: dict[str, AccountDecision] = field(default_factory=dict)

    def propose(self, proposal: Proposal, decision: AccountDecision) -> None:
        self.made.append(proposal)
        self.decisions[decision.signal_id] = decision

    def refuse(self, refused: Mapping[str, AccountDecision]) -> None:
        self.decisions |= refused
        self.refusals.update(decision.outcome for decision in refused.values())

    def give_up(self, signal_ids: Iterable[str], gate: str, text: str) -> None:
        """What nobody could decide; the caller counts it."""
        for name in signal_ids:
            self.decisions[name] = AccountDecision(signal_id=name, outcome=gate, told=text)

    def kept(self, account: str, run_id: str, as_of: datetime) -> AccountDecisions:
        return AccountDecisions(
            account=account,
            run_id=run_id,
            as_of=as_of,
            refusals=dict(self.refusals),
            decisions=tuple(self.decisions[name] for name in sorted(self.decisions)),
        )


class RiskService:
    """Decides for one account at a time; whatever it accepts is written against the state it has seen."""

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
        self._metrics = metrics
        self._halts = halts

    def assess(self, account: str, run_id: str, as_of: datetime) -> dict[str, object]:
        """{"proposals": [{"account", "order_id"}], "refusals": {gate: times}} of one cycle.

        Asked again about the same cycle it names the proposals made before.
        """
        answer = _Answer()
        stored = load_all(self._store, Signal, signal_partition(as_of.date()), f"{as_of:%H%M}#")
        wanted, left_out = aggregate(signal for signal in stored if not signal.refused)
        answer.refuse({signal_id: outranked(signal_id, refusal) for signal_id, refusal in left_out.items()})
        self._halts.work_breaker(account, as_of)
        slippage = load_slippage(self._store, self._settings().mode)
        self._propose(account, run_id, as_of, wanted, slippage, answer)
        self._record(account, run_id, as_of, answer)
        for proposal in answer.made:
            signal, order = proposal.signal.signal_id, proposal.order_id
            self._metrics.count("order_proposed", signal_id=signal, order_id=order)
        names = [{"account": account, "order_id": proposal.order_id} for proposal in answer.made]
        return {"proposals": names, "refusals": dict(answer.refusals)}

    def _view(self, account: str, as_of: datetime) -> AccountView:
        return view_account(self._store, account, as_of, self._clock.now(), self._settings())

    def _propose(
        self,
        account: str,
        run_id: str,
        as_of: datetime,
        wanted: list[Signal],
        slippage: Slippage,
        answer: _Answer,
    ) -> None:
        """One proposal after the other, each decided on the state that the one before has left."""
        left = {signal.signal_id: signal for signal in wanted}
        for signal in wanted:
            known = load(self._store, Proposal, proposal_key(account, order_id_of(account, signal)))
            if known is not None:
                answer.propose(known, _made_before(known))
                del left[signal.signal_id]
        try:
            while left:
                best, refused = self._propose_best(account, run_id, as_of, list(left.values()), slippage)
                if best is None:
                    answer.refuse(refused)
                    break
                proposal, decision = best
                answer.propose(proposal, decision)
                del left[proposal.signal.signal_id]
        except StopTrading as error:
            answer.give_up(left, "STOP_TRADING", str(error))
            answer.refusals["STOP_TRADING"] += 1
            self._metrics.count("stop_trading", reason=str(error))
        except WriteConflict:
            # Somebody else keeps changing the account: what was not decided in time is refused.
            answer.give_up(left, "CONTENTION", "the account kept changing while it was decided on")
            answer.refusals["CONTENTION"] += len(left)

    def _propose_best(
        self, account: str, run_id: str, as_of: datetime, signals: list[Signal], slippage: Slippage
    ) -> tuple[tuple[Proposal, AccountDecision] | None, Mapping[str, AccountDecision]]:
        """The best proposal of those that the account may make now, or why it may make none."""

        def decide() -> tuple[
            tuple[tuple[Proposal, AccountDecision] | None, Mapping[str, AccountDecision]], Sequence[Write]
        ]:
            view = self._view(account, as_of)
            choice, refused = choose(view, account, run_id, signals, self._settings(), slippage, as_of)
            if choice is None:
                return (None, refused), ()
            told = choice.best.told("PROPOSED", choice.proposal.order_id)
            return ((choice.proposal, told), refused), self._writes(view, choice)

        return change(self._store, decide, _ATTEMPTS)

    def _writes(self, view: AccountView, choice: Choice) -> tuple[Write, ...]:
        proposal, best, state = choice.proposal, choice.best, choice.state
        event = journal(
            proposal.account,
            "PROPOSED",
            proposal.order_id,
            proposal.as_of,
            self._clock.now(),
            signal_id=best.signal.signal_id,
            quantity=proposal.quantity,
            bound=best.sizing.binding,
            risk_amount=str(proposal.risk_amount),
            expected_net_profit=str(proposal.expected_net_profit),
            expected_charges=str(proposal.expected_charges),
            confidence=best.signal.confidence,
            reason=best.signal.reason,
        )
        risk = create(state) if view.state.revision == 0 else replace(state)
        return create(proposal), risk, event

    def _record(self, account: str, run_id: str, as_of: datetime, answer: _Answer) -> None:
        """Keeps what was decided and seals it, counts the refusals, once a cycle, and ends the cycle."""
        proposals, refusals = len(answer.made), answer.refusals
        self._metrics.count("proposals", proposals)
        for gate, times in refusals.items():
            self._metrics.count("refusals", times, gate=gate)

        kept = keep(self._objects, as_of, account, answer.kept(account, run_id, as_of))
        told = journal(
            account,
            "ASSESSED",
            run_id,
            as_of,
            self._clock.now(),
            proposals=proposals,
            refusals=refusals,
            decisions=kept.model_dump(),
        )

        def decide() -> tuple[None, Sequence[Write]]:
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


def _made_before(proposal: Proposal) -> AccountDecision:
    """The decision of a cycle that ended before it could be kept, as far as the proposal tells it."""
    return AccountDecision(
        signal_id=proposal.signal.signal_id,
        outcome="PROPOSED",
        order_id=proposal.order_id,
        numbers={
            "quantity": proposal.quantity,
            "risk_amount": float(proposal.risk_amount),
            "expected_charges": float(proposal.expected_charges),
            "expected_net_profit": float(proposal.expected_net_profit),
        },
    )
