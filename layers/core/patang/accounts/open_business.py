"""What is still under way in an account, so that it can neither be switched off nor removed."""

from collections.abc import Callable, Collection, Sequence

from patang.approvals.proposal import Proposal
from patang.approvals.requests.record import OrderRequest
from patang.execution.intent import OrderIntent
from patang.keys import (
    DECIDED_APPROVALS,
    LIVE_INTENTS,
    LIVE_REQUESTS,
    OPEN_POSITIONS,
    PENDING_APPROVALS,
    UNANSWERED_INTENTS,
    intent_key,
)
from patang.portfolio.position import Position
from patang.ports import StateStore
from patang.records import load_all, load_index

__all__ = ["open_business"]


def open_business(
    store: StateStore, account: str, triggers: Callable[[str], Collection[str] | None] | None
) -> tuple[str, ...]:
    """What is open, in words, a phrase a thing; empty where nothing is.

    `triggers` tells which GTTs of the account still wait at the broker, None where it cannot be asked.
    Without it the broker is left alone, and every GTT is told that the desk has set and not deleted.
    """
    mine = f"{account}#"
    laid = _laid(store, account)
    waiting = [
        proposal
        for index in (PENDING_APPROVALS, DECIDED_APPROVALS)
        for proposal in load_index(store, Proposal, index, mine)
    ]
    orders = {
        intent.intent_id: intent
        for index in (LIVE_INTENTS, UNANSWERED_INTENTS)
        for intent in load_index(store, OrderIntent, index, mine)
    }
    return (
        *(
            f"position {position.quantity - position.exited_quantity} {position.symbol}"
            for position in load_index(store, Position, OPEN_POSITIONS, mine)
        ),
        *(f"order {intent.intent_id} ({intent.terms.tradingsymbol})" for intent in orders.values()),
        *(f"approval of {proposal.signal.symbol} ({proposal.order_id})" for proposal in waiting),
        *(
            f"asked for: {request.kind} ({request.approval_id})"
            for request in load_index(store, OrderRequest, LIVE_REQUESTS, mine)
        ),
        *_triggers(laid, lambda: laid if triggers is None else triggers(account)),
    )


def _laid(store: StateStore, account: str) -> set[str]:
    """Triggers that the desk has set and, as far as it knows, not deleted."""
    key = intent_key(account, "")
    done = [i for i in load_all(store, OrderIntent, key.partition, key.sort) if i.state == "COMPLETE"]
    set_, deleted = (
        {intent.target_gtt_id for intent in done if intent.kind == kind and intent.target_gtt_id}
        for kind in ("GTT_PLACE", "GTT_DELETE")
    )
    return set_ - deleted


def _triggers(laid: set[str], waiting: Callable[[], Collection[str] | None]) -> Sequence[str]:
    if not laid:
        return ()
    known = waiting()
    if known is None:
        return (f"{len(laid)} GTTs that the broker cannot be asked about (log in first)",)
    return [f"GTT {gtt_id}" for gtt_id in sorted(laid.intersection(known))]
