"""The order book as the second source: what it says of our orders is applied, what it lacks is resolved."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from patang.accounts.funds import note_funds
from patang.accounts.seen import note_margins
from patang.execution.amendments import Amendments, enqueue
from patang.execution.following.updates import OrderUpdates
from patang.execution.intent import PLACING, OrderIntent
from patang.execution.lane.resolution import GRACE, Resolution
from patang.execution.orders.basket_rest import BasketRest
from patang.execution.protection.stop_watch import StopWatch
from patang.execution.protection.triggered import TriggerWatch
from patang.execution.reconciliation.earlier_days import EarlierDays
from patang.keys import LIVE_INTENTS
from patang.market.sessions import IST
from patang.ports import Broker, BrokerOrder, Clock, IntentQueue, StateStore
from patang.records import load_index
from patang.settings import Mode, Settings

__all__ = ["BookFollower"]

# Wall time after which an intent that nobody has claimed is told to the lane again.
_UNCLAIMED = timedelta(seconds=10)


class BookFollower:
    """Follows orders of the mode in force: the book of another mode would make the rest look lost."""

    def __init__(
        self,
        store: StateStore,
        broker: Callable[[str, Mode], Broker],
        updates: OrderUpdates,
        resolution: Resolution,
        triggers: TriggerWatch,
        stops: StopWatch,
        earlier_days: EarlierDays,
        queue: IntentQueue,
        settings: Callable[[], Settings],
        clock: Clock,
    ) -> None:
        self._store = store
        self._broker = broker
        self._updates = updates
        self._resolution = resolution
        self._triggers = triggers
        self._stops = stops
        self._earlier_days = earlier_days
        self._queue = queue
        self._settings = settings
        self._clock = clock
        self._baskets = BasketRest(store, Amendments(store, queue, clock), clock)

    def live(self, account: str) -> list[OrderIntent]:
        """The account's intents that have not ended, of the mode in force."""
        mode = self._settings().mode
        live = load_index(self._store, OrderIntent, LIVE_INTENTS, f"{account}#")
        return [intent for intent in live if intent.terms.mode == mode]

    def follow(self, account: str, as_of: datetime, source: str) -> int:
        """Reads the book once and applies it; how many orders it has. Raises as the reads of Broker do."""
        # Live intents first: what the book then does not hold was missing after they were written.
        live, mode = self.live(account), self._settings().mode
        stops = self._stops.resting(account, mode, as_of)
        broker = self._broker(account, mode)
        book = broker.orders()
        self.apply(account, book, source)
        self._resolve(live, book, as_of)
        self._stops.compare(stops, book, as_of)
        if self._triggers.follow(account, mode, broker, as_of):
            # The order of a trigger is ours now, and what the book says of it is news.
            self.apply(account, book, source)
        self._baskets.sweep(account, as_of)
        return len(book)

    def refresh_funds(self, account: str) -> None:
        """Asks what the account can still pay for: what was filled since has changed it. Raises as follow."""
        mode, now = self._settings().mode, self._clock.now()
        margins = self._broker(account, mode).margins()
        note_funds(self._store, account, margins, mode, now)
        note_margins(self._store, account, mode, margins, now)

    def apply(self, account: str, book: Sequence[BrokerOrder], source: str) -> None:
        """Applies the rows of a book that was read already."""
        for order in book:
            self._updates.apply_order(account, order, source)

    def _resolve(self, live: list[OrderIntent], book: Sequence[BrokerOrder], as_of: datetime) -> None:
        now = self._clock.now()
        known = {order.tag for order in book} | {order.order_id for order in book}
        for intent in live:
            if intent.state == "NEW" and now - intent.written_at >= _UNCLAIMED:
                enqueue(self._queue, intent)
            elif intent.state != "NEW" and _is_gone(intent, known, as_of):
                self._earlier_days.end(intent, as_of)
            elif intent.state == "UNKNOWN" or (
                intent.state == "SENDING"
                and intent.sending_at is not None
                and now - intent.sending_at >= GRACE
            ):
                self._resolution.resolve(intent, book)
            elif intent.state == "ACKED" and intent.kind in PLACING and not _names(intent) & known:
                self._resolution.missing(intent, as_of)


def _is_gone(intent: OrderIntent, known: set[str], as_of: datetime) -> bool:
    """Whether it is of an earlier market day, and the books of this one tell nothing of it: an order that the
    book does not hold any more, a conversion."""
    earlier = intent.as_of.astimezone(IST).date() < as_of.astimezone(IST).date()
    untold = intent.kind == "CONVERT" or (intent.kind in PLACING and not _names(intent) & known)
    return earlier and untold


def _names(intent: OrderIntent) -> set[str]:
    parts = (part.broker_order_id for part in intent.slices)
    return {intent.intent_id, intent.broker_order_id or "", *parts}
