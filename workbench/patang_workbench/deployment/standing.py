"""What is under way at a deployed desk, so that its functions are not taken away under it."""

from typing import TYPE_CHECKING

from patang.accounts.open_business import open_business
from patang.approvals.proposal import Proposal
from patang.approvals.requests.record import OrderRequest
from patang.errors import PatangError
from patang.execution.intent import OrderIntent
from patang.execution.orders.request_book import PersonsRequest
from patang.keys import (
    DECIDED_APPROVALS,
    LIVE_INTENTS,
    LIVE_REQUESTS,
    OPEN_BASKETS,
    PENDING_APPROVALS,
    UNANSWERED_INTENTS,
)
from patang.ports import StateStore
from patang.records import load_index

if TYPE_CHECKING:
    from patang.app import Desk

__all__ = ["everything_open", "orders_open"]


def orders_open(store: StateStore) -> tuple[str, ...]:
    """Orders of all accounts on their way, asked for, or waiting for a yes, in words; empty where none is.

    A position does not count: what protects it rests at the broker, and one that is carried for days would
    forbid every deployment.
    """
    orders = {
        (intent.account, intent.intent_id): intent
        for index in (LIVE_INTENTS, UNANSWERED_INTENTS)
        for intent in load_index(store, OrderIntent, index)
    }
    waiting = [
        proposal
        for index in (PENDING_APPROVALS, DECIDED_APPROVALS)
        for proposal in load_index(store, Proposal, index)
    ]
    return (
        *(f"{o.account}: order {o.intent_id} ({o.terms.tradingsymbol})" for o in orders.values()),
        *(f"{p.account}: approval of {p.signal.symbol} ({p.order_id})" for p in waiting),
        *(
            f"{request.account}: asked for: {request.kind} ({request.approval_id})"
            for request in load_index(store, OrderRequest, LIVE_REQUESTS)
        ),
        *(
            f"{request.account}: basket {request.request_id}"
            for request in load_index(store, PersonsRequest, OPEN_BASKETS)
        ),
    )


def everything_open(desk: "Desk") -> tuple[str, ...]:
    """What nobody would look after any more: positions, orders, approvals, GTTs that wait at the broker."""

    def waiting_gtts(account: str) -> set[str] | None:
        try:
            return {gtt.gtt_id for gtt in desk.broker(account).gtts() if gtt.status == "active"}
        except PatangError:
            # Above all without a session: it is told that the broker cannot be asked.
            return None

    return tuple(
        f"{account.account}: {phrase}"
        for account in desk.accounts().list()
        for phrase in open_business(desk.store, account.account, waiting_gtts)
    )
