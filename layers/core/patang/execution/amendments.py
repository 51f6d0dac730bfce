"""Changing and cancelling orders that stand at the broker: more intents for the lane."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from patang.approvals.proposal import OrderTerms
from patang.execution.following.slices import live_orders
from patang.execution.ids import Purpose, intent_id
from patang.execution.intent import OrderIntent
from patang.execution.journal import journal
from patang.keys import intent_key
from patang.ports import Clock, IntentQueue, StateStore, Write
from patang.records import change, create, load, replace

__all__ = ["MOST_MODIFICATIONS", "Amendments", "enqueue", "remind"]

# https://kite.trade/docs/connect/v3/exceptions/#api-rate-limit
MOST_MODIFICATIONS = 25


def enqueue(queue: IntentQueue, intent: OrderIntent) -> None:
    """Tells the lane of an intent; each account has a group of exits and one of entries."""
    body = {"account": intent.account, "intent_id": intent.intent_id}
    queue.enqueue(f"{intent.account}#{intent.lane}", intent.intent_id, body)


def remind(queue: IntentQueue, intent: OrderIntent, now: datetime) -> None:
    """Tells the lane again, once in ten seconds of wall time: an id that it has seen in the last five minutes
    the queue would swallow.
    """
    body = {"account": intent.account, "intent_id": intent.intent_id}
    again = f"{intent.intent_id}-{now:%H%M%S}"[:-1]
    queue.enqueue(f"{intent.account}#{intent.lane}", again, body)


class Amendments:
    """Writes MODIFY and CANCEL intents. Each is counted on its target, so a repeated wish is one intent."""

    def __init__(self, store: StateStore, queue: IntentQueue, clock: Clock) -> None:
        self._store = store
        self._queue = queue
        self._clock = clock

    def cure(self, refused: OrderIntent) -> None:
        """Tells the lane of an order that the exchange has refused: other terms may cure it."""
        remind(self._queue, refused, self._clock.now())

    def cancel(self, target: OrderIntent, as_of: datetime, reason: str) -> str | None:
        """The id of the cancelling intent; None if there is nothing left to cancel."""
        return self._write(target, as_of, reason, None)

    def reprice(self, target: OrderIntent, price: Decimal, as_of: datetime, reason: str) -> str | None:
        """The id of the modifying intent; None if the order cannot be changed any more."""
        return self.modify(target, {"price": str(price)}, as_of, reason)

    def modify(
        self, target: OrderIntent, changes: Mapping[str, str], as_of: datetime, reason: str
    ) -> str | None:
        """The same for any of price, trigger_price (rupees), quantity (units), order_type and validity."""
        return self._write(target, as_of, reason, changes)

    def _write(
        self, target: OrderIntent, as_of: datetime, reason: str, changes: Mapping[str, str] | None
    ) -> str | None:
        written = change(self._store, lambda: self._decide(target, as_of, reason, changes))
        for intent in written:
            enqueue(self._queue, intent)
        return written[0].intent_id if written else None

    def _decide(
        self, target: OrderIntent, as_of: datetime, reason: str, changes: Mapping[str, str] | None
    ) -> tuple[list[OrderIntent], Sequence[Write]]:
        current = load(self._store, OrderIntent, intent_key(target.account, target.intent_id))
        orders = () if current is None or current.is_final else live_orders(current)
        if current is None or not orders:
            return [], ()
        if (current.modifications, current.cancels) != (target.modifications, target.cancels):
            # Somebody else has just amended it; the caller decides again on what came of that.
            return [], ()
        if changes is None:
            changed = current.evolve(cancels=current.cancels + 1, amended_at=as_of)
        elif current.modifications >= MOST_MODIFICATIONS or (current.slices and "quantity" in changes):
            return [], ()
        else:
            changed = current.evolve(modifications=current.modifications + 1, amended_at=as_of)
        now = self._clock.now()
        intents = [_amending(changed, order_id, as_of, now, reason, changes) for order_id in orders]
        events = [
            journal(
                current.account,
                f"{intent.kind}_WANTED",
                intent.intent_id,
                as_of,
                now,
                intent_id=intent.intent_id,
                target=current.intent_id,
                changes=changes,
                reason=reason,
            )
            for intent in intents
        ]
        return intents, (*map(create, intents), replace(changed), *events)


def _amending(
    target: OrderIntent,
    order_id: str,
    as_of: datetime,
    now: datetime,
    reason: str,
    changes: Mapping[str, str] | None,
) -> OrderIntent:
    """The intent that changes an order of `target` (`changes`) or cancels it (None); `target` counts it
    already."""
    purpose: Purpose = "cancel" if changes is None else "modify"
    number = target.cancels if changes is None else target.modifications
    which = (order_id,) if target.slices else ()
    return OrderIntent(
        account=target.account,
        intent_id=intent_id(target.account, purpose, as_of.date(), target.intent_id, number, *which),
        kind="CANCEL" if changes is None else "MODIFY",
        terms=OrderTerms.model_validate(target.terms.model_dump() | dict(changes or {})),
        as_of=as_of,
        written_at=now,
        position_id=target.position_id,
        order_id=target.order_id,
        reason=reason,
        reducing=target.lane == "exit",
        changes=changes,
        target_intent_id=target.intent_id,
        target_order_id=order_id,
        parent_order_id=target.parent_order_id,
    )
