"""What still stands of a basket when one of its orders has ended in vain, where its owner wants it gone.

Nobody has to ask for it: whoever hears that an order has ended looks at its basket, and every look at the
order book at all that are not over.
"""

import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from patang.execution.amendments import Amendments
from patang.execution.following.settlement import settle
from patang.execution.intent import OrderIntent
from patang.execution.orders.intent_states import IntentStates, IntentView
from patang.execution.orders.request_book import PersonsRequest
from patang.keys import OPEN_BASKETS, intent_key
from patang.ports import Clock, StateStore, Write, WriteConflict
from patang.records import change, load, load_index, replace

__all__ = ["BasketRest"]

# Market time after which a cancel that has shown no effect is asked for again.
_CANCEL_AGAIN = timedelta(seconds=30)
_NOW = timedelta(0)


class BasketRest:
    """Every step may be repeated. `as_of` is market time."""

    def __init__(self, store: StateStore, amendments: Amendments, clock: Clock) -> None:
        self._store = store
        self._amendments = amendments
        self._clock = clock
        self._states = IntentStates(store, clock, time.sleep)

    def follow(self, ended: OrderIntent, as_of: datetime) -> None:
        """The basket of an order that has just ended, if it is of one."""
        if ended.kind == "ORDER" and ended.is_final:
            self._look_at_each(self._open(ended.account), as_of)

    def sweep(self, account: str, as_of: datetime) -> int:
        """All baskets of the account that are not over; how many there are."""
        found = self._open(account)
        self._look_at_each(found, as_of)
        return len(found)

    def look(self, request: PersonsRequest, as_of: datetime) -> tuple[str, ...]:
        """Cancels what has to go of this one. The intents that cancel, those of earlier looks included."""
        if request.settled or not request.cancel_rest:
            return request.cancels
        views = self._states.of(request.account, request.intent_ids, _NOW)
        asked: tuple[str, ...] = ()
        if any(view.in_vain for view in views):
            standing = [view for view in views if not view.in_vain and view.state != "COMPLETE"]
            asked = tuple(filter(None, (self._end(request, view, as_of) for view in standing)))
        over = all(view.in_vain or view.state == "COMPLETE" for view in views)
        return change(self._store, lambda: self._noted(request, asked, over=over))

    def _open(self, account: str) -> list[PersonsRequest]:
        return load_index(self._store, PersonsRequest, OPEN_BASKETS, f"{account}#")

    def _look_at_each(self, requests: Iterable[PersonsRequest], as_of: datetime) -> None:
        for request in requests:
            # What others keep from being written now is left to the next look.
            with suppress(WriteConflict):
                self.look(request, as_of)

    def _end(self, request: PersonsRequest, view: IntentView, as_of: datetime) -> str | None:
        """Cancels an order, or drops it before it is sent; the intent that cancels it, if there is a new one.
        Of one whose sending nobody knows the end of, the next look decides."""
        name = view.followed_by or view.intent_id
        order = load(self._store, OrderIntent, intent_key(request.account, name))
        if order is None or order.is_final:
            return None
        why = f"another order of the basket {request.request_id} has ended in vain"
        if order.state == "NEW":
            change(self._store, lambda: self._dropped(order, why, as_of))
            return None
        asked_at = order.amended_at
        if order.state != "ACKED" or (order.cancels and asked_at and as_of < asked_at + _CANCEL_AGAIN):
            return None
        return self._amendments.cancel(order, as_of, why)

    def _dropped(self, seen: OrderIntent, why: str, as_of: datetime) -> tuple[None, Sequence[Write]]:
        order = load(self._store, OrderIntent, seen.key())
        if order is None or order.state != "NEW":
            # The lane has claimed it: it is cancelled once the broker has named it.
            return None, ()
        new = order.evolve(state="DROPPED", reason=why)
        return None, settle(self._store, order, new, as_of, self._clock.now(), "basket").writes

    def _noted(
        self, seen: PersonsRequest, asked: tuple[str, ...], *, over: bool
    ) -> tuple[tuple[str, ...], Sequence[Write]]:
        request = load(self._store, PersonsRequest, seen.key()) or seen
        cancels = tuple(dict.fromkeys((*request.cancels, *asked)))
        if cancels == request.cancels and over == request.settled:
            return cancels, ()
        return cancels, (replace(request.evolve(cancels=cancels, settled=over)),)
