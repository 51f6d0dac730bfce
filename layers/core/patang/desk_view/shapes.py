"""From stored records to what is shown of them."""

from datetime import datetime

from patang.approvals.proposal import Proposal
from patang.approvals.requests.record import OrderRequest
from patang.approvals.requests.wishes import title_of
from patang.audit.entry import AuditEntry
from patang.desk_view.trading_views import FillView
from patang.desk_view.views import (
    ApprovalView,
    EventView,
    OrderView,
    PositionView,
    ProtectionView,
    SignalView,
)
from patang.execution.intent import OrderIntent
from patang.execution.orders.requests import PlaceOrder
from patang.portfolio.position import Mark, Position
from patang.portfolio.protection import Protection
from patang.strategies.signal import Signal
from patang.trade_log.fill import OrderFill

__all__ = [
    "approval_view",
    "event_view",
    "fill_view",
    "order_view",
    "position_view",
    "request_view",
    "signal_view",
]


def position_view(position: Position, mark: Mark | None) -> PositionView:
    """A closed position keeps no mark: its result is `realised_pnl`."""
    shown = mark if position.state != "CLOSED" else None
    return PositionView(
        account=position.account,
        position_id=position.position_id,
        state=position.state,
        strategy=position.strategy,
        exchange=position.exchange,
        symbol=position.symbol,
        product=position.product,
        quantity=position.quantity,
        entry_price=position.entry_price,
        entry_time=position.entry_time,
        stop_loss_price=position.stop_loss_price,
        target_price=position.target_price,
        by_hand=position.by_hand,
        trailing_stop=shown.trailing_stop if shown else None,
        tick_size=position.tick_size,
        last_price=shown.last_price if shown else None,
        marked_at=shown.as_of if shown else None,
        unrealised_pnl=shown.unrealised_pnl if shown else None,
        exit_by=position.exit_by,
        exit_price=position.exit_price,
        exit_time=position.exit_time,
        exit_reason=position.exit_reason,
        realised_pnl=position.realised_pnl,
        charges=position.entry_charges + (position.exit_charges or 0),
        resting=_resting(position.protection) if position.state != "CLOSED" else None,
    )


def _resting(protection: Protection | None) -> ProtectionView | None:
    if protection is None:
        return None
    return ProtectionView(
        kind=protection.kind,
        state=protection.state,
        since=protection.since,
        quantity=protection.quantity,
        trigger_price=protection.trigger_price,
        target_price=protection.target_price,
    )


def order_view(intent: OrderIntent) -> OrderView:
    terms = intent.terms
    return OrderView(
        account=intent.account,
        intent_id=intent.intent_id,
        kind=intent.kind,
        state=intent.state,
        exchange=terms.exchange,
        symbol=terms.tradingsymbol,
        transaction_type=terms.transaction_type,
        quantity=terms.quantity,
        filled_quantity=intent.filled_quantity,
        order_type=terms.order_type,
        product=terms.product,
        price=terms.price,
        trigger_price=terms.trigger_price,
        average_price=intent.average_price,
        as_of=intent.as_of,
        order_id=intent.order_id,
        broker_order_id=intent.broker_order_id,
        broker_status=intent.broker_status,
        reason=intent.reason,
        message=intent.status_message,
    )


def fill_view(fill: OrderFill) -> FillView:
    return FillView.model_validate(fill.model_dump(include=set(FillView.model_fields)))


def signal_view(signal: Signal, *, with_features: bool) -> SignalView:
    return SignalView(
        signal_id=signal.signal_id,
        as_of=signal.as_of,
        strategy=signal.strategy,
        signal_type=signal.signal_type,
        exchange=signal.exchange,
        symbol=signal.symbol,
        entry_price=signal.entry_price,
        stop_loss_price=signal.stop_loss_price,
        target_price=signal.target_price,
        confidence=signal.confidence,
        expected_return_pct=signal.expected_return_pct,
        reason=signal.reason,
        refused=signal.refused,
        model_version=signal.model_version,
        model_promoted=signal.model_promoted,
        features=signal.features if with_features else {},
    )


def approval_view(proposal: Proposal, now: datetime) -> ApprovalView | None:
    """None before the terms of the proposal exist: nothing can be said yes to."""
    terms, digest, signal = proposal.terms, proposal.terms_digest, proposal.signal
    if terms is None or digest is None:
        return None
    expiry = proposal.expires_at_time
    return ApprovalView(
        account=proposal.account,
        mode=terms.mode,
        order_id=proposal.order_id,
        title=f"{terms.transaction_type.capitalize()} {terms.quantity} {terms.tradingsymbol}",
        value=None if terms.price is None else terms.price * terms.quantity,
        state=proposal.state,
        exchange=terms.exchange,
        symbol=terms.tradingsymbol,
        transaction_type=terms.transaction_type,
        quantity=terms.quantity,
        order_type=terms.order_type,
        product=terms.product,
        validity=terms.validity,
        price=terms.price,
        trigger_price=terms.trigger_price,
        strategy=signal.strategy,
        signal_type=signal.signal_type,
        stop_loss_price=signal.stop_loss_price,
        target_price=signal.target_price,
        confidence=signal.confidence,
        expected_net_profit=proposal.expected_net_profit,
        expected_charges=proposal.expected_charges,
        risk_amount=proposal.risk_amount,
        reason=signal.reason,
        features=signal.features,
        as_of=proposal.as_of,
        asked_at=proposal.asked_at,
        expires_at=expiry,
        seconds_left=_left(expiry, now),
        terms_digest=digest,
    )


def request_view(request: OrderRequest, now: datetime) -> ApprovalView:
    wish, figures, expiry = request.wanted(), request.figures, request.expires_at_time
    single = wish if isinstance(wish, PlaceOrder) else None
    return ApprovalView(
        kind="request",
        account=request.account,
        mode=request.mode,
        order_id=request.approval_id,
        title=title_of(wish),
        state=request.state,
        exchange=single and single.exchange,
        symbol=single and single.tradingsymbol,
        transaction_type=single and single.transaction_type,
        quantity=single and single.quantity,
        order_type=single and single.order_type,
        product=single and single.product,
        validity=single and single.validity,
        price=single and single.price,
        trigger_price=single and single.trigger_price,
        expected_charges=figures.charges,
        asked_by=request.actor,
        lines=figures.lines,
        estimated_price=figures.estimated_price,
        value=figures.value,
        margin_needed=figures.margin_needed,
        exposure_after=figures.exposure_after,
        exposure_limit=figures.exposure_limit,
        reason=f"asked for by {request.actor}",
        features={},
        as_of=request.as_of,
        asked_at=request.asked_at,
        expires_at=expiry,
        seconds_left=_left(expiry, now),
        terms_digest=request.terms_digest,
    )


def _left(expiry: datetime | None, now: datetime) -> int:
    return max(int((expiry - now).total_seconds()), 0) if expiry else 0


def event_view(entry: AuditEntry) -> EventView:
    event = entry.event()
    return EventView(
        account=entry.account,
        sequence=entry.sequence,
        kind=event.kind,
        as_of=event.as_of,
        actor=event.actor,
        details=event.details,
        hash=entry.hash,
    )
