"""The steps of the order workflow. Each may run again; each returns {"ok", "reason", ...} and raises nothing
that was to be expected.

    construct > validate > request approval > recheck > submit > conclude
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from patang.approvals.proposal import Proposal
from patang.approvals.service import ApprovalService
from patang.errors import PatangError, SessionExpired
from patang.execution.amendments import enqueue
from patang.execution.checks import (
    check_allowed,
    check_circuit,
    check_drift,
    check_price,
    check_risk,
    check_shape,
)
from patang.execution.conclusion import Conclusion
from patang.execution.ids import intent_id
from patang.execution.intent import OrderIntent
from patang.execution.journal import journal
from patang.execution.margin_check import check_margin
from patang.execution.market_clock import MarketClock
from patang.execution.orders.market_facts import MarketQuote
from patang.execution.quotes import Quotes
from patang.execution.terms import entry_terms
from patang.keys import (
    account_key,
    intent_key,
    market_clock_key,
    preflight_key,
    proposal_key,
    risk_key,
    session_key,
)
from patang.market.sessions import IST
from patang.portfolio.account_state import RiskState
from patang.ports import Broker, Clock, IntentQueue, ItemReader, Key, Metrics, StateStore, Workflows, Write
from patang.records import change, create, load, read_ahead, replace
from patang.risk.reservations import bind
from patang.settings import Mode, Settings
from patang.trail.ids import learned

__all__ = ["OrderFlow", "Step"]

type Step = dict[str, Any]

# Wall time an approved entry may wait for the lane.
_GOOD_FOR = timedelta(seconds=45)


class OrderFlow:
    """`broker` gives an account's broker in a mode, `market` an instrument's quote as it is now (by
    EXCHANGE:TRADINGSYMBOL), `settings` the desk's settings now."""

    def __init__(
        self,
        store: StateStore,
        quotes: Quotes,
        market: Callable[[str], MarketQuote],
        broker: Callable[[str, Mode], Broker],
        approvals: ApprovalService,
        conclusion: Conclusion,
        queue: IntentQueue,
        workflows: Workflows,
        settings: Callable[[], Settings],
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._quotes = quotes
        self._market = market
        self._broker = broker
        self._approvals = approvals
        self._conclusion = conclusion
        self._queue = queue
        self._workflows = workflows
        self._settings = settings
        self._clock = clock
        self._metrics = metrics

    def construct(self, account: str, order_id: str) -> Step:
        """Writes the exact terms the owner will be asked about."""
        proposal = change(self._store, lambda: self._construct(account, order_id))
        if proposal is None:
            return _no("UNKNOWN_PROPOSAL")
        proposal.follow()
        if proposal.state == "CONCLUDED" or proposal.terms_digest is None:
            return _no(proposal.outcome or proposal.state)
        return _yes("CONSTRUCTED", terms_digest=proposal.terms_digest)

    def validate(self, account: str, order_id: str) -> Step:
        """Whether such an order could be placed now. Changes nothing."""
        facts = self._facts(account, order_id)
        proposal = load(facts, Proposal, proposal_key(account, order_id))
        if proposal is None or proposal.terms is None:
            return _no("UNKNOWN_PROPOSAL")
        proposal.follow()
        as_of, settings = _market_time(facts, proposal), self._settings()
        try:
            reason = (
                check_shape(proposal, proposal.terms)
                or check_allowed(facts, proposal, as_of, settings, self._clock)
                or check_price(
                    proposal.terms, self._quotes.latest(_identifier(proposal), as_of), as_of, settings
                )
                or check_circuit(proposal.terms, self._market(_identifier(proposal)))
                or check_margin(proposal.terms, self._broker(account, proposal.terms.mode), settings)
            )
        except PatangError as error:
            reason = _unable(error)
        return _yes("VALID") if reason is None else self._refused("validate", proposal, reason)

    def request_approval(self, account: str, order_id: str, task_token: str) -> Step:
        """Asks the owner; the answer completes the task, not this call."""
        state = self._approvals.request(account, order_id, task_token)
        return _yes(state) if state in ("PENDING", "APPROVED") else _no(state)

    def recheck(self, account: str, order_id: str) -> Step:
        """Whether what the owner said yes to still holds: terms, price, risk, hours and session."""
        facts = self._facts(account, order_id, risk_key(account))
        proposal = load(facts, Proposal, proposal_key(account, order_id))
        if proposal is None or proposal.terms is None:
            return _no("UNKNOWN_PROPOSAL")
        proposal.follow()
        if proposal.state == "SUBMITTED":
            return _yes("SUBMITTED")
        if proposal.state != "APPROVED":
            return _no(f"NOT_APPROVED: it is {proposal.state}")
        if proposal.terms.digest() != proposal.terms_digest:
            return self._refused("recheck", proposal, "TERMS_CHANGED")
        as_of, settings = _market_time(facts, proposal), self._settings()
        try:
            quote = self._quotes.latest(_identifier(proposal), as_of)
            reason = (
                check_allowed(facts, proposal, as_of, settings, self._clock)
                or check_drift(proposal, quote, as_of, settings)
                or check_risk(
                    self._store,
                    proposal,
                    as_of,
                    settings,
                    self._clock,
                    load(facts, RiskState, risk_key(account)),
                )
            )
        except PatangError as error:
            reason = _unable(error)
        return _yes("VALID") if reason is None else self._refused("recheck", proposal, reason)

    def submit(self, account: str, order_id: str, task_token: str) -> Step:
        """Writes the intent and tells the lane, which completes the task."""
        intent = change(self._store, lambda: self._submit(account, order_id, task_token))
        if isinstance(intent, str):
            return self._answered(task_token, _no(intent))
        if intent.task_token != task_token and intent.state != "NEW":
            # The workflow was driven again behind an order that has left already.
            done = intent.state in ("ACKED", "COMPLETE")
            answer = {"ok": done, "reason": intent.state, "intent_id": intent.intent_id}
            return self._answered(task_token, answer)
        learned(intent_id=intent.intent_id)
        enqueue(self._queue, intent)
        return _yes("SUBMITTED", intent_id=intent.intent_id)

    def conclude(self, account: str, order_id: str, reason: str) -> Step:
        """The end of the workflow, whichever way it came there."""
        return self._conclusion.conclude(account, order_id, reason)

    def _construct(self, account: str, order_id: str) -> tuple[Proposal | None, list[Write]]:
        proposal = self._load(account, order_id)
        if proposal is None or proposal.state != "PROPOSED":
            return proposal, []
        terms = entry_terms(proposal, self._settings())
        constructed = proposal.evolve(state="CONSTRUCTED", terms=terms, terms_digest=terms.digest())
        event = journal(
            account,
            "ORDER_CONSTRUCTED",
            order_id,
            proposal.as_of,
            self._clock.now(),
            order_id=order_id,
            terms=terms.model_dump(mode="json", exclude_none=True),
            terms_digest=constructed.terms_digest,
        )
        return constructed, [replace(constructed), event]

    def _submit(self, account: str, order_id: str, task_token: str) -> tuple[OrderIntent | str, list[Write]]:
        asked = proposal_key(account, order_id)
        facts = read_ahead(self._store, asked, risk_key(account), market_clock_key())
        proposal = load(facts, Proposal, asked)
        if proposal is None or proposal.terms is None:
            return "NOT_APPROVED", []
        proposal.follow()
        if proposal.intent_id is not None:
            return self._submitted(proposal, proposal.intent_id, task_token)
        if proposal.state != "APPROVED" or proposal.terms.digest() != proposal.terms_digest:
            return "NOT_APPROVED", []
        now, as_of = self._clock.now(), _market_time(facts, proposal)
        new_id = intent_id(account, "entry", as_of.date(), order_id)
        held = load(facts, RiskState, risk_key(account))
        risk = None if held is None else bind(held, order_id, new_id)
        if risk is None:
            return "RESERVATION_LOST", []
        intent = OrderIntent(
            account=account,
            intent_id=new_id,
            kind="ENTRY",
            terms=proposal.terms,
            as_of=as_of,
            approved_at=proposal.decided_at,
            written_at=now,
            stale_after=now + _GOOD_FOR,
            expected_price=proposal.signal.entry_price,
            order_id=order_id,
            task_token=task_token,
        )
        event = journal(
            account,
            "ORDER_SUBMITTED",
            order_id,
            as_of,
            now,
            proposal.decided_by or "",
            order_id=order_id,
            intent_id=intent.intent_id,
            terms_digest=proposal.terms_digest,
        )
        submitted = proposal.evolve(state="SUBMITTED", intent_id=intent.intent_id)
        return intent, [create(intent), replace(submitted), replace(risk), event]

    def _submitted(
        self, proposal: Proposal, known_id: str, task_token: str
    ) -> tuple[OrderIntent | str, list[Write]]:
        intent = load(self._store, OrderIntent, intent_key(proposal.account, known_id))
        if intent is None:
            return "INTENT_LOST", []
        if intent.state != "NEW" or intent.task_token == task_token:
            return intent, []
        taken_over = intent.evolve(task_token=task_token)
        return taken_over, [replace(taken_over)]

    def _answered(self, task_token: str, answer: Mapping[str, Any]) -> Step:
        self._workflows.succeed(task_token, answer)
        return dict(answer)

    def _refused(self, step: str, proposal: Proposal, reason: str) -> Step:
        gate = reason.partition(":")[0]
        self._metrics.count("orders_refused", step=step, gate=gate, order_id=proposal.order_id)
        return _no(reason)

    def _load(self, account: str, order_id: str) -> Proposal | None:
        return load(self._store, Proposal, proposal_key(account, order_id))

    def _facts(self, account: str, order_id: str, *more: Key) -> ItemReader:
        """What a check of an order begins with, and `more`, in one trip. The preflight is that of the wall
        clock's day; of another market day, as in a replay, it is read by itself."""
        return read_ahead(
            self._store,
            proposal_key(account, order_id),
            market_clock_key(),
            account_key(account),
            session_key(account),
            preflight_key(self._clock.now().astimezone(IST).date()),
            *more,
        )


def _market_time(facts: ItemReader, proposal: Proposal) -> datetime:
    """Market time as last seen, never before the proposal's own."""
    seen = load(facts, MarketClock, market_clock_key())
    return proposal.as_of if seen is None else max(seen.market_time, proposal.as_of)


def _identifier(proposal: Proposal) -> str:
    return f"{proposal.signal.exchange}:{proposal.signal.symbol}"


def _unable(error: PatangError) -> str:
    gate = "SESSION_EXPIRED" if isinstance(error, SessionExpired) else "CANNOT_CHECK"
    return f"{gate}: {error}"


def _yes(reason: str, **more: Any) -> Step:
    return {"ok": True, "reason": reason, **more}


def _no(reason: str) -> Step:
    return {"ok": False, "reason": reason}
