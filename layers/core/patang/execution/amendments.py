"""Changing and cancelling orders that stand at the broker: more intents for the lane."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from patang.execution.ids import intent_id
from patang.execution.intent import OrderIntent
from patang.execution.journal import journal
from patang.keys import intent_key
from patang.ports import Clock, IntentQueue, StateStore, Write
from patang.records import change, create, load, replace

__all__ = ["Amendments", "enqueue"]


def enqueue(queue: IntentQueue, intent: OrderIntent) -> None:
    """Tells the lane of an intent; each account has a group of exits and one of entries."""
    body = {"account": intent.account, "intent_id": intent.intent_id}
    queue.enqueue(f"{intent.account}#{intent.lane}", intent.intent_id, body)


class Amendments:
    """Writes MODIFY and CANCEL intents. Each is counted on its target, so a repeated wish is one intent."""

    def __init__(self, store: StateStore, queue: IntentQueue, clock: Clock) -> None:
        self._store = store
        self._queue = queue
        self._clock = clock

    def cancel(self, target: OrderIntent, as_of: datetime, reason: str) -> str | None:
        """The id of the cancelling intent; None if there is nothing left to cancel."""
        return self._write(target, as_of, reason, None)

    def reprice(self, target: OrderIntent, price: Decimal, as_of: datetime, reason: str) -> str | None:
        """The id of the modifying intent; None if the order cannot be changed any more."""
        return self._write(target, as_of, reason, price)

    def _write(self, target: OrderIntent, as_of: datetime, reason: str, price: Decimal | None) -> str | None:
        written = change(self._store, lambda: self._decide(target, as_of, reason, price))
        if written is not None:
            enqueue(self._queue, written)
        return None if written is None else written.intent_id

    def _decide(
        self, target: OrderIntent, as_of: datetime, reason: str, price: Decimal | None
    ) -> tuple[OrderIntent | None, Sequence[Write]]:
        current = load(self._store, OrderIntent, intent_key(target.account, target.intent_id))
        if current is None or current.is_final or current.broker_order_id is None:
            return None, ()
        if (current.modifications, current.cancels) != (target.modifications, target.cancels):
            # Somebody else has just amended it; the caller decides again on what came of that.
            return None, ()
        if price is None:
            changed = current.evolve(cancels=current.cancels + 1, amended_at=as_of)
            terms, number = current.terms, changed.cancels
        else:
            changed = current.evolve(modifications=current.modifications + 1, amended_at=as_of)
            terms, number = current.terms.model_copy(update={"price": price}), changed.modifications
        now = self._clock.now()
        intent = OrderIntent(
            account=current.account,
            intent_id=intent_id(
                current.account,
                "cancel" if price is None else "modify",
                as_of.date(),
                current.intent_id,
                number,
            ),
            kind="CANCEL" if price is None else "MODIFY",
            terms=terms,
            as_of=as_of,
            written_at=now,
            position_id=current.position_id,
            order_id=current.order_id,
            reason=reason,
            reducing=current.lane == "exit",
            changes=None if price is None else {"price": str(price)},
            target_intent_id=current.intent_id,
            target_order_id=current.broker_order_id,
        )
        event = journal(
            current.account,
            f"{intent.kind}_WANTED",
            intent.intent_id,
            as_of,
            now,
            intent_id=intent.intent_id,
            target=current.intent_id,
            price=price,
            reason=reason,
        )
        return intent, (create(intent), replace(changed), event)
