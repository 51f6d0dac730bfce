"""A refused order whose reason other terms cure: a new intent of its own, never the same tag again."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from patang.approvals.proposal import OrderTerms, Proposal
from patang.errors import PatangError
from patang.execution.amendments import enqueue
from patang.execution.following.consequences import Notice, name_of
from patang.execution.ids import Purpose, intent_id
from patang.execution.intent import PLACING, OrderIntent
from patang.execution.journal import journal
from patang.execution.orders.cures import ailment_of, cured
from patang.execution.orders.market_facts import MarketFacts
from patang.keys import intent_key, position_key, proposal_key, risk_key
from patang.portfolio.account_state import RiskState
from patang.portfolio.position import Position
from patang.ports import Clock, IntentQueue, Metrics, StateStore, Write
from patang.records import change, create, load, replace
from patang.risk.reservations import bind

__all__ = ["MOST_ATTEMPTS", "SecondTry", "awaiting_cure", "is_curable"]

MOST_ATTEMPTS = 3

# Wall time the lane has to cure what the exchange refused, before the refusal stands.
_CURED_WITHIN = timedelta(seconds=10)

_PURPOSES: dict[str, Purpose] = {"ENTRY": "entry", "EXIT": "exit", "PROTECT": "protect", "ORDER": "order"}


class _Cured(NamedTuple):
    refused: OrderIntent
    following: OrderIntent
    writes: Sequence[Write]


def is_curable(intent: OrderIntent, message: str) -> bool:
    """Whether other terms may help: an order of which nothing was filled, refused for a reason that can be
    cured, at most twice."""
    may = intent.kind in PLACING and intent.attempt < MOST_ATTEMPTS and intent.filled_quantity == 0
    return may and ailment_of(message) is not None


def awaiting_cure(intent: OrderIntent, heard: OrderIntent, now: datetime) -> OrderIntent | None:
    """A live intent as it waits for the lane when it is `heard` to have been refused after all; the same
    object while it waits; None where the refusal stands: nothing cures it, or the lane has not in its time.
    """
    if heard.state != "REJECTED" or intent.is_final or not is_curable(heard, heard.status_message):
        return None
    if intent.refused_at is not None:
        return intent if now - intent.refused_at < _CURED_WITHIN else None
    return heard.evolve(state="ACKED", refused_at=now)


class SecondTry:
    """`facts` gives the market of an order's instrument as it is now, None where it is not known; it may
    raise what reads of the broker raise."""

    def __init__(
        self,
        store: StateStore,
        facts: Callable[[OrderTerms, datetime], MarketFacts | None],
        queue: IntentQueue,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._facts = facts
        self._queue = queue
        self._clock = clock
        self._metrics = metrics

    def follow(self, refused: OrderIntent, message: str) -> tuple[OrderIntent, Notice] | None:
        """Ends the refused intent, puts a cured one in its place with all that belongs to it, and tells the
        lane. Returns the ended intent and what to tell the owner; None where nothing cures it: the refusal
        stands, and nothing has been written.
        """
        terms = self._terms(refused, message)
        if terms is None:
            return None
        done = change(self._store, lambda: self._decide(refused, message, terms))
        if done is None:
            return None
        enqueue(self._queue, done.following)
        self._metrics.count("orders_cured", kind=refused.kind, ailment=str(ailment_of(message)))
        text = f"{name_of(refused)}: {message} It is tried again, {_changes(refused.terms, terms)}."
        return done.refused, Notice("Order refused, tried again", text)

    def _terms(self, refused: OrderIntent, message: str) -> OrderTerms | None:
        if not is_curable(refused, message):
            return None
        try:
            facts = self._facts(refused.terms, refused.as_of)
        except PatangError as error:
            self._metrics.count("cure_failed", intent_id=refused.intent_id, error=str(error))
            return None
        return None if facts is None else cured(refused.terms, message, facts)

    def _decide(
        self, refused: OrderIntent, message: str, terms: OrderTerms
    ) -> tuple[_Cured | None, Sequence[Write]]:
        current = load(self._store, OrderIntent, intent_key(refused.account, refused.intent_id))
        if current is None or current.is_final or current.filled_quantity or current.state == "NEW":
            return None, ()
        if current.state == "ACKED" and current.refused_at is None:
            # Somebody has told that it lives, and what lives is not placed again.
            return None, ()
        now = self._clock.now()
        following = _following(current, terms, now)
        moved = self._moved(current, following)
        if moved is None:
            return None, ()
        ended = current.evolve(state="REJECTED", status_message=message, task_token=None)
        event = journal(
            current.account,
            "ORDER_CURED",
            current.intent_id,
            current.as_of,
            now,
            intent_id=current.intent_id,
            followed_by=following.intent_id,
            attempt=following.attempt,
            message=message,
            terms=terms.model_dump(mode="json", exclude_none=True),
        )
        writes = [replace(ended), create(following), event, *moved]
        return _Cured(ended.evolve(revision=current.revision + 1), following, writes), writes

    def _moved(self, refused: OrderIntent, following: OrderIntent) -> list[Write] | None:
        """What belonged to the refused intent belongs to the one that follows; None if it has another now."""
        account = refused.account
        if refused.kind == "ENTRY":
            proposal = load(self._store, Proposal, proposal_key(account, refused.order_id or ""))
            risk = load(self._store, RiskState, risk_key(account))
            if proposal is None or risk is None or proposal.intent_id != refused.intent_id:
                return None
            bound = bind(risk, proposal.order_id, following.intent_id)
            if bound is None:
                return None
            return [replace(proposal.evolve(intent_id=following.intent_id)), replace(bound)]
        if refused.position_id is None:
            return []
        position = load(self._store, Position, position_key(account, refused.position_id))
        if position is None:
            return None
        resting = position.protection
        if refused.kind == "EXIT" and position.exit_intent_id == refused.intent_id:
            return [replace(position.evolve(exit_intent_id=following.intent_id))]
        if refused.kind == "PROTECT" and resting is not None and resting.intent_id == refused.intent_id:
            # The refused one may have been enlarged or raised since it was laid; this one has not.
            laid = {
                "intent_id": following.intent_id,
                "quantity": following.terms.quantity,
                "limit_price": following.terms.price,
            }
            if resting.state == "RESTING":
                # The broker had taken the one before; of this one he has yet to hear.
                laid |= {"state": "LAYING", "broker_order_id": None}
            if following.terms.trigger_price is not None:
                laid["trigger_price"] = following.terms.trigger_price
            return [replace(position.evolve(protection=resting.model_copy(update=laid)))]
        return None


def _following(refused: OrderIntent, terms: OrderTerms, now: datetime) -> OrderIntent:
    attempt = refused.attempt + 1
    day, purpose = refused.as_of.date(), _PURPOSES[refused.kind]
    return OrderIntent(
        account=refused.account,
        intent_id=intent_id(refused.account, purpose, day, refused.intent_id, "cured", attempt),
        kind=refused.kind,
        terms=terms,
        as_of=refused.as_of,
        approved_at=refused.approved_at,
        written_at=now,
        stale_after=refused.stale_after,
        expected_price=refused.expected_price,
        bid=refused.bid,
        order_id=refused.order_id,
        position_id=refused.position_id,
        reducing=refused.reducing,
        wanted_by=refused.wanted_by,
        attempt=attempt,
        cured_from=refused.intent_id,
        reason=refused.reason,
        task_token=refused.task_token,
    )


def _changes(before: OrderTerms, after: OrderTerms) -> str:
    changed = after.model_dump(exclude_none=True).items() - before.model_dump(exclude_none=True).items()
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in sorted(changed))
