"""Finding out what became of an intent whose sending was interrupted, from the broker's order book."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation

from patang.execution.consequences import Notice, name_of, tell
from patang.execution.intent import IntentState, OrderIntent
from patang.execution.settlement import settle
from patang.execution.updates import OrderUpdates
from patang.keys import intent_key
from patang.market.sessions import IST
from patang.ports import BrokerOrder, Clock, Metrics, Notifier, StateStore, Write
from patang.records import change, load

__all__ = ["GRACE", "Resolution"]

# A timed-out order has been seen in the book about 8 s later, and the client itself waits up to 15 s: before
# this has passed since the claim, absence proves nothing.
GRACE = timedelta(seconds=30)

_ENDS = ("COMPLETE", "REJECTED", "CANCELLED")


class Resolution:
    """Resolves SENDING and UNKNOWN intents; never sends anything."""

    def __init__(
        self,
        store: StateStore,
        updates: OrderUpdates,
        clock: Clock,
        notifier: Notifier,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._updates = updates
        self._clock = clock
        self._notifier = notifier
        self._metrics = metrics

    def resolve(self, intent: OrderIntent, book: Sequence[BrokerOrder]) -> None:
        """`book` must have been read after `intent`."""
        if intent.kind in ("MODIFY", "CANCEL"):
            self._resolve_amendment(intent, book)
            return
        found = [order for order in book if order.tag == intent.intent_id]
        for order in found:
            self._updates.apply_order(intent.account, order, "lookup")
        if len(found) > 1:
            ids = ", ".join(order.order_id for order in found)
            self._metrics.count("duplicate_orders", intent_id=intent.intent_id, orders=ids)
        if not found:
            self._conclude_absence(intent)

    def missing(self, intent: OrderIntent, as_of: datetime) -> None:
        """An order that the broker had acknowledged is not in the book of this market day."""
        if intent.as_of.astimezone(IST).date() < as_of.astimezone(IST).date():
            self._conclude(intent, "CANCELLED", "its day has ended", ("ACKED",))
            return
        text = f"{name_of(intent)} was acknowledged as {intent.broker_order_id} and is not in the order book."
        tell(self._notifier, self._metrics, [Notice("Order missing at the broker", text, "order_missing")])

    def _resolve_amendment(self, intent: OrderIntent, book: Sequence[BrokerOrder]) -> None:
        target = next((order for order in book if order.order_id == intent.target_order_id), None)
        if target is not None and target.status in _ENDS:
            self._conclude(intent, "COMPLETE", f"the order ended {target.status}")
        elif target is not None and intent.kind == "MODIFY" and _price(target) == intent.terms.price:
            self._conclude(intent, "COMPLETE", "the order stands at the new price")
        else:
            self._conclude_absence(intent)

    def _conclude_absence(self, intent: OrderIntent) -> None:
        age = None if intent.sending_at is None else self._clock.now() - intent.sending_at
        if age is not None and age < GRACE:
            self._conclude(intent, "UNKNOWN", "not in the order book yet")
            return
        self._conclude(intent, "REJECTED", "never reached the broker")

    def _conclude(
        self,
        intent: OrderIntent,
        state: IntentState,
        message: str,
        since: Sequence[IntentState] = ("SENDING", "UNKNOWN"),
    ) -> None:
        """Ends the intent if it is still in one of the states `since`."""
        now = self._clock.now()
        notices = change(self._store, lambda: self._decide(intent, state, message, since, now))
        tell(self._notifier, self._metrics, notices)

    def _decide(
        self,
        intent: OrderIntent,
        state: IntentState,
        message: str,
        since: Sequence[IntentState],
        now: datetime,
    ) -> tuple[list[Notice], list[Write]]:
        current = load(self._store, OrderIntent, intent_key(intent.account, intent.intent_id))
        if current is None or current.state not in since or current.state == state:
            return [], []
        new = current.evolve(state=state, status_message=message)
        done = settle(self._store, current, new, current.as_of, now, "lookup")
        if state == "REJECTED":
            text = f"{name_of(new)}: {message}. It is not sent again by itself."
            done.notices.append(Notice("Order never reached the broker", text, "order_never_arrived"))
        return done.notices, done.writes


def _price(order: BrokerOrder) -> Decimal | None:
    try:
        return Decimal(str(order.raw.get("price")))
    except InvalidOperation:
        return None
