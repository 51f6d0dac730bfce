"""Reservations that have lost what they stand for, and orders that have lost their reservation."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from patang.approvals.proposal import Proposal
from patang.errors import StopTrading
from patang.execution.conclusion import Conclusion
from patang.execution.following.consequences import position_id_of
from patang.execution.guarding.stop_risk import reserved_for_stop
from patang.execution.intent import OrderIntent
from patang.execution.journal import journal
from patang.keys import LIVE_INTENTS, intent_key, position_key, proposal_key, risk_key
from patang.market.sessions import IST
from patang.portfolio.account_state import Reservation, RiskState
from patang.portfolio.position import Position
from patang.ports import Clock, Put, StateStore, Write
from patang.records import change, create, load, load_index, replace
from patang.risk.reservations import release, reserve_again

__all__ = ["ReservationSweep"]

# Market time after which a proposal whose workflow never came to ask is given up, and a reservation whose
# proposal or intent is not to be found is taken for lost.
_GRACE = timedelta(minutes=15)
_UNASKED_STATES = ("PROPOSED", "CONSTRUCTED")


class ReservationSweep:
    """Makes what is reserved equal to what may still be bought, whatever has died on the way.

    Every decision is made on what is stored when it is written, so that an order which comes alive meanwhile
    keeps its reservation. Each repair is told to the audit log with its reason.
    """

    def __init__(self, store: StateStore, conclusion: Conclusion, clock: Clock) -> None:
        self._store = store
        self._conclusion = conclusion
        self._clock = clock

    def run(self, account: str, as_of: datetime) -> int:
        """How many reservations of this account were released or restored, as of this market time."""
        risk = load(self._store, RiskState, risk_key(account))
        reserved = {} if risk is None else risk.reservations
        freed = [self._free(account, order_id, held, as_of) for order_id, held in reserved.items()]
        live = load_index(self._store, OrderIntent, LIVE_INTENTS, f"{account}#")
        entries = [intent for intent in live if intent.kind == "ENTRY" and intent.order_id not in reserved]
        return sum(freed) + sum(self._restore(entry, as_of) for entry in entries)

    def _free(self, account: str, order_id: str, held: Reservation, as_of: datetime) -> bool:
        overdue = as_of - held.as_of >= _GRACE
        proposal = load(self._store, Proposal, proposal_key(account, order_id))
        if proposal is not None and proposal.state in _UNASKED_STATES:
            if overdue:
                self._conclusion.conclude(account, order_id, "WORKFLOW_LOST")
            return overdue
        return change(self._store, lambda: self._decide_freeing(account, order_id, overdue, as_of))

    def _decide_freeing(
        self, account: str, order_id: str, overdue: bool, as_of: datetime
    ) -> tuple[bool, Sequence[Write]]:
        risk = load(self._store, RiskState, risk_key(account))
        if risk is None or order_id not in risk.reservations:
            return False, ()
        proposal = load(self._store, Proposal, proposal_key(account, order_id))
        reason = self._why_lost(proposal, overdue)
        if reason is None:
            return False, ()
        writes: list[Write] = [
            replace(release(risk, order_id)),
            self._told("RESERVATION_RELEASED", risk, order_id, risk.reservations[order_id], reason, as_of),
        ]
        if proposal is not None and proposal.state != "CONCLUDED":
            writes.append(replace(proposal.evolve(state="CONCLUDED", outcome=reason)))
        return True, writes

    def _why_lost(self, proposal: Proposal | None, overdue: bool) -> str | None:
        """Why nothing can be bought any more for a reservation; None while something may."""
        if proposal is None:
            return "PROPOSAL_LOST" if overdue else None
        if proposal.intent_id is None:
            return "CONCLUDED" if proposal.state == "CONCLUDED" else None
        intent = load(self._store, OrderIntent, intent_key(proposal.account, proposal.intent_id))
        if intent is None:
            return "INTENT_LOST" if overdue else None
        return f"ORDER_{intent.state}" if intent.is_final else None

    def _restore(self, entry: OrderIntent, as_of: datetime) -> bool:
        return change(self._store, lambda: self._decide_restoring(entry, as_of))

    def _decide_restoring(self, entry: OrderIntent, as_of: datetime) -> tuple[bool, Sequence[Write]]:
        intent = load(self._store, OrderIntent, intent_key(entry.account, entry.intent_id))
        proposal = load(self._store, Proposal, proposal_key(entry.account, entry.order_id or ""))
        known = load(self._store, RiskState, risk_key(entry.account))
        risk = known or RiskState(account=entry.account)
        if intent is None or intent.is_final or proposal is None or proposal.order_id in risk.reservations:
            return False, ()
        held = reserve_again(risk, proposal, intent)
        if held is risk:
            return False, ()
        position = load(self._store, Position, position_key(intent.account, position_id_of(intent)))
        # On a day without charges nobody buys anything more meanwhile.
        with suppress(StopTrading):
            held = reserved_for_stop(held, position, intent, as_of.astimezone(IST).date())
        reservation = held.reservations[proposal.order_id]
        told = self._told(
            "RESERVATION_RESTORED", risk, proposal.order_id, reservation, f"ORDER_{intent.state}", as_of
        )
        return True, (create(held) if known is None else replace(held), told)

    def _told(
        self, kind: str, risk: RiskState, order_id: str, held: Reservation, reason: str, as_of: datetime
    ) -> Put:
        return journal(
            risk.account,
            kind,
            f"{order_id}#{risk.revision}",
            as_of,
            self._clock.now(),
            order_id=order_id,
            reason=reason,
            symbol=held.symbol,
            exposure=held.exposure,
            risk_amount=held.risk_amount,
        )
