"""How a proposal ends, and when the capital held for it is free again."""

from collections.abc import Sequence

from patang.approvals.proposal import Proposal
from patang.execution.following.consequences import Notice, tell
from patang.execution.intent import OrderIntent
from patang.execution.journal import journal
from patang.keys import intent_key, proposal_key, risk_key
from patang.portfolio.account_state import RiskState
from patang.ports import Clock, Metrics, Notifier, StateStore, Write
from patang.records import change, load, replace
from patang.risk.reservations import release
from patang.trail.ids import on_trail

__all__ = ["Conclusion"]

# What the owner decided, or did not, is told by the proposal and not by the workflow's way to its end.
_KNOWN_ENDS = {"DECLINED": "USER_REJECTED", "EXPIRED": "APPROVAL_EXPIRED"}
_NOT_SUBMITTED = "NOT_SUBMITTED"


class Conclusion:
    """Concludes proposals. One whose order may still be alive keeps its reservation until the order ends."""

    def __init__(self, store: StateStore, clock: Clock, notifier: Notifier, metrics: Metrics) -> None:
        self._store = store
        self._clock = clock
        self._notifier = notifier
        self._metrics = metrics

    def conclude(self, account: str, order_id: str, reason: str) -> dict[str, object]:
        """Ends the proposal for `reason`, unless its own state or its order knows better.

        Returns {"ok": whether an order stands or was filled, "reason": the outcome}.
        """
        with on_trail(account=account, order_id=order_id):
            outcome, notices = change(self._store, lambda: self._decide(account, order_id, reason))
            tell(self._notifier, self._metrics, notices)
            self._metrics.count("orders_concluded", outcome=outcome.partition(":")[0], order_id=order_id)
        return {"ok": outcome in ("PLACED", "FILLED", "PARTLY_FILLED"), "reason": outcome}

    def _decide(
        self, account: str, order_id: str, reason: str
    ) -> tuple[tuple[str, list[Notice]], list[Write]]:
        proposal = load(self._store, Proposal, proposal_key(account, order_id))
        if proposal is None:
            return ("UNKNOWN_PROPOSAL", []), []
        proposal.follow()
        if proposal.state == "CONCLUDED":
            return (proposal.outcome or "CONCLUDED", []), []
        if proposal.intent_id is not None:
            return self._with_order(proposal, proposal.intent_id)
        outcome = _KNOWN_ENDS.get(proposal.state, _NOT_SUBMITTED if reason == "SUBMITTED" else reason)
        ended = proposal.evolve(state="CONCLUDED", outcome=outcome)
        writes: list[Write] = [replace(ended), self._told(proposal, outcome), *self._freed(proposal)]
        notices = []
        if proposal.state == "APPROVED":
            what = f"{proposal.quantity} {proposal.signal.symbol}"
            notices.append(
                Notice("Approved, but not bought", f"{what} was approved and not ordered: {outcome}.")
            )
        return (outcome, notices), writes

    def _with_order(self, proposal: Proposal, intent_id: str) -> tuple[tuple[str, list[Notice]], list[Write]]:
        """What became of the order is the order's to say; standing at the broker is enough for now."""
        intent = load(self._store, OrderIntent, intent_key(proposal.account, intent_id))
        if intent is None or intent.state != "ACKED":
            return ("IN_FLIGHT", []), []
        ended = proposal.evolve(state="CONCLUDED", outcome="PLACED")
        return ("PLACED", []), [replace(ended), self._told(proposal, "PLACED")]

    def _told(self, proposal: Proposal, outcome: str) -> Write:
        return journal(
            proposal.account,
            "PROPOSAL_CONCLUDED",
            proposal.order_id,
            proposal.as_of,
            self._clock.now(),
            order_id=proposal.order_id,
            outcome=outcome,
            state_before=proposal.state,
            decided_by=proposal.decided_by,
        )

    def _freed(self, proposal: Proposal) -> Sequence[Write]:
        risk = load(self._store, RiskState, risk_key(proposal.account))
        if risk is None or proposal.order_id not in risk.reservations:
            return ()
        return (replace(release(risk, proposal.order_id)),)
