"""An order from its placing to its fills, with everything that was known of it."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict

from patang.approvals.proposal import AUTOMATED, Proposal
from patang.execution.intent import OrderIntent
from patang.trade_log.fill import OrderFill

__all__ = ["OrderExecution", "OrderStatus", "order_execution"]

type OrderStatus = Literal["PENDING", "COMPLETE", "REJECTED", "CANCELLED"]

_ENDS: dict[str, OrderStatus] = {
    "COMPLETE": "COMPLETE",
    "REJECTED": "REJECTED",
    "CANCELLED": "CANCELLED",
    # Never sent: for the one who wanted it that is a no, and `reject_reason` says whose.
    "DROPPED": "REJECTED",
}
_DESK = "patang"


class OrderExecution(BaseModel):
    """One order as the specification's schema has it, and what tells it apart among ours.

    Prices and slippage in rupees a unit, `slippage` the average fill price less the expected one.
    `placed_time` is the wall time at which it was sent (None: it was not), `fill_time` the market time of its
    last fill. `placed_by` is the person who said yes to an entry or ordered it himself, else the desk;
    `user_confirmed` says whether it was a person. `api_latency_ms` is of the call to the broker.
    `audit_log_entry` is how the id of the audit event begins that tells of the order's present state.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: str
    mode: str
    intent_id: str
    order_id: str | None
    signal_id: str | None
    position_id: str | None
    kind: str
    exchange: str
    symbol: str
    product: str
    transaction_type: Literal["BUY", "SELL"]
    quantity: int
    order_price: Decimal | None
    trigger_price: Decimal | None
    order_type: str
    placed_time: datetime | None
    placed_by: str
    user_confirmed: bool
    expected_price: Decimal | None
    fill_time: datetime | None
    filled_quantity: int
    average_fill_price: Decimal | None
    slippage: Decimal | None
    slippage_pct: Decimal | None
    status: OrderStatus
    state: str
    reject_reason: str | None
    api_latency_ms: float | None
    audit_log_entry: str


def order_execution(
    intent: OrderIntent, proposal: Proposal | None, fills: Sequence[OrderFill]
) -> OrderExecution:
    """`proposal` is the one that its position goes back to, None for orders of people; `fills` its own."""
    status = _ENDS.get(intent.state, "PENDING")
    expected, average = intent.expected_price, intent.average_price
    slippage = None if expected is None or average is None else average - expected
    person = _person(intent, proposal)
    return OrderExecution(
        account=intent.account,
        mode=intent.terms.mode,
        intent_id=intent.intent_id,
        order_id=intent.broker_order_id,
        signal_id=None if proposal is None else proposal.signal.signal_id,
        position_id=intent.position_id,
        kind=intent.kind,
        exchange=intent.terms.exchange,
        symbol=intent.terms.tradingsymbol,
        product=intent.terms.product,
        transaction_type=intent.terms.transaction_type,
        quantity=intent.terms.quantity,
        order_price=intent.limit_price or intent.terms.price,
        trigger_price=intent.terms.trigger_price,
        order_type=intent.terms.order_type,
        placed_time=intent.sending_at,
        placed_by=person or _DESK,
        user_confirmed=person is not None,
        expected_price=expected,
        fill_time=max((fill.as_of for fill in fills), default=None),
        filled_quantity=intent.filled_quantity,
        average_fill_price=average,
        slippage=slippage,
        slippage_pct=None
        if slippage is None or not expected
        else (100 * slippage / expected).quantize(Decimal("0.0001")),
        status=status,
        state=intent.state,
        reject_reason=(intent.status_message or intent.reason or "no reason given")
        if status == "REJECTED"
        else None,
        api_latency_ms=intent.latency_ms,
        audit_log_entry=f"order_{intent.state.lower()}#{intent.intent_id}",
    )


def _person(intent: OrderIntent, proposal: Proposal | None) -> str | None:
    """Who of the people stands behind the order: for an entry the one who said yes to it."""
    if intent.kind != "ENTRY":
        return intent.wanted_by
    decided_by = None if proposal is None else proposal.decided_by
    return None if decided_by == AUTOMATED else decided_by
