"""An order's way, told step by step from what each step has left behind."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from patang.approvals.proposal import Proposal
from patang.audit.event import AuditEvent
from patang.desk_view.money import rupees
from patang.desk_view.shapes import fill_view, order_view
from patang.desk_view.trading_views import OrderStep, OrderStory
from patang.execution.intent import OrderIntent
from patang.execution.reconciliation.record import Reconciliation
from patang.ports import Attributes
from patang.trade_log.execution import order_execution
from patang.trade_log.fill import OrderFill

__all__ = ["order_story"]


def order_story(
    intent: OrderIntent,
    proposal: Proposal | None,
    fills: Sequence[OrderFill],
    events: Iterable[Attributes],
    compared: Reconciliation | None,
) -> OrderStory:
    """`events` are outbox items of the order, `compared` the account's latest comparison with the broker."""
    execution = order_execution(intent, proposal, fills)
    last = max((fill.heard_at for fill in fills), default=None)
    # A comparison says something of the order only when it looked after the last that was heard of it.
    known = compared if compared is not None and last is not None and compared.looked_at >= last else None
    asked, decided = (proposal.asked_at, proposal.decided_at) if proposal else (None, None)
    return OrderStory(
        order=order_view(intent),
        signal_id=execution.signal_id,
        position_id=execution.position_id,
        placed_by=execution.placed_by,
        user_confirmed=execution.user_confirmed,
        expected_price=execution.expected_price,
        slippage=execution.slippage,
        slippage_pct=execution.slippage_pct,
        api_latency_ms=intent.latency_ms,
        decided_in_ms=_between(asked, decided),
        sent_in_ms=_between(intent.written_at, intent.sending_at),
        filled_in_ms=_between(intent.sending_at, last),
        reconciled=None if known is None else known.clean,
        steps=tuple(_steps(intent, proposal, fills, events, known)),
        fills=tuple(map(fill_view, fills)),
    )


def _steps(
    intent: OrderIntent,
    proposal: Proposal | None,
    fills: Sequence[OrderFill],
    events: Iterable[Attributes],
    compared: Reconciliation | None,
) -> Iterator[OrderStep]:
    """In the order in which they happened; a signal is of market time alone, and comes first."""
    steps = [*_wanted(intent, proposal), *map(_told, events), *map(_filled, fills)]
    if compared is not None:
        wrong = "; ".join(map(str, compared.differences))
        steps.append(
            OrderStep(
                what="COMPARED",
                at=compared.looked_at,
                as_of=compared.as_of,
                by="broker",
                note=wrong or "both sides match",
            )
        )
    if proposal is not None:
        signal = proposal.signal
        yield OrderStep(what="SIGNAL", as_of=signal.as_of, by=signal.strategy, note=signal.reason)
    yield from sorted(steps, key=lambda step: step.at or intent.written_at)


def _wanted(intent: OrderIntent, proposal: Proposal | None) -> Iterator[OrderStep]:
    if proposal is not None and proposal.asked_at is not None:
        yield OrderStep(what="ASKED", at=proposal.asked_at, as_of=proposal.as_of, by="patang")
    if proposal is not None and proposal.decided_at is not None:
        by = proposal.decided_by or "patang"
        yield OrderStep(what="DECIDED", at=proposal.decided_at, by=by, note=proposal.state)
    by = intent.wanted_by or "patang"
    yield OrderStep(what="WRITTEN", at=intent.written_at, as_of=intent.as_of, by=by, note=intent.reason)


def _told(item: Attributes) -> OrderStep:
    event = AuditEvent.model_validate(dict(item))
    source = str(event.details.get("source") or event.actor)
    note = str(event.details.get("message") or event.details.get("reason") or "")
    return OrderStep(what=event.kind, at=event.written_at, as_of=event.as_of, by=source, note=note)


def _filled(fill: OrderFill) -> OrderStep:
    note = f"{fill.quantity} at {rupees(fill.price)}, {fill.filled_quantity} filled so far"
    return OrderStep(what="FILLED", at=fill.heard_at, as_of=fill.as_of, by=fill.source, note=note)


def _between(begun: datetime | None, ended: datetime | None) -> float | None:
    if begun is None or ended is None:
        return None
    return round((ended - begun).total_seconds() * 1000, 1)
