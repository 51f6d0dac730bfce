"""An intent that the broker has cut into several orders, all with its tag: followed as one.

The legs of an iceberg come one after the other: the next when one has filled, none after one that has not.
"""

from decimal import Decimal

from patang.execution.following.fill_price import is_first_price, presumed, told
from patang.execution.intent import IntentState, OrderIntent, Slice
from patang.ports import BrokerOrder

__all__ = ["live_orders", "may_lack_orders", "named", "sliced"]

_FINAL = frozenset({"COMPLETE", "REJECTED", "CANCELLED"})


def sliced(intent: OrderIntent, order: BrokerOrder) -> OrderIntent:
    """The intent after hearing of one of its orders; the same object's equal if that is no news.

    Only forwards: a slice's fills never fall, and an end stays. The intent ends when all its units are
    accounted for by orders that have ended; with `all_named` (the broker's reply has named every order) by
    those, since what he refused at once has no order.
    """
    before = next((one for one in intent.slices if one.broker_order_id == order.order_id), None)
    if before is not None and is_first_price(before, order):
        return _filled(intent, _with(intent, before.model_copy(update=told(before, order)._asdict())))
    after = _after(before, order)
    slices = _with(intent, after)
    filled = sum(one.filled_quantity for one in slices)
    state = _state(intent, slices, filled)
    if after == before and state == intent.state and intent.broker_order_id is not None:
        return intent
    return _filled(intent, slices).evolve(
        state=state,
        broker_order_id=intent.broker_order_id or order.order_id,
        broker_status=order.status,
        status_message=order.status_message or intent.status_message,
    )


def named(intent: OrderIntent, replied: tuple[Slice, ...]) -> OrderIntent:
    """The intent once the broker's reply has named its orders, of some of which others may have told before:
    it has ended where all of them have."""
    known = {one.broker_order_id for one in intent.slices}
    unheard = (one for one in replied if one.broker_order_id not in known)
    slices = tuple(sorted((*intent.slices, *unheard), key=lambda one: one.broker_order_id))
    whole = intent.evolve(slices=slices, all_named=True)
    return whole.evolve(state=_state(whole, slices, whole.filled_quantity))


def may_lack_orders(intent: OrderIntent) -> bool:
    """Whether all that is known of a live order has ended, and nobody has said whether there is more of it:
    what the broker has refused at once has no order."""
    ended = bool(intent.slices) and all(one.status in _FINAL for one in intent.slices)
    return intent.state == "ACKED" and intent.terms.autoslice and not intent.all_named and ended


def live_orders(intent: OrderIntent) -> tuple[str, ...]:
    """The broker's ids of the orders of an intent that have not ended: those of its slices, or its one."""
    if intent.slices:
        return tuple(one.broker_order_id for one in intent.slices if one.status not in _FINAL)
    return () if intent.broker_order_id is None or intent.is_final else (intent.broker_order_id,)


def _after(before: Slice | None, order: BrokerOrder) -> Slice:
    known = before or Slice(broker_order_id=order.order_id)
    return Slice(
        broker_order_id=order.order_id,
        status=known.status if known.status in _FINAL else order.status,
        quantity=order.quantity,
        **told(known, order)._asdict(),
    )


def _with(intent: OrderIntent, changed: Slice) -> tuple[Slice, ...]:
    others = (one for one in intent.slices if one.broker_order_id != changed.broker_order_id)
    return tuple(sorted((*others, changed), key=lambda one: one.broker_order_id))


def _filled(intent: OrderIntent, slices: tuple[Slice, ...]) -> OrderIntent:
    """The intent with what these have filled, on average over the units whose price was told."""
    filled = sum(one.filled_quantity for one in slices)
    priced = sum(one.priced_quantity for one in slices)
    value = sum((one.priced_quantity * (one.average_price or Decimal(0)) for one in slices), Decimal(0))
    return intent.evolve(
        slices=slices,
        filled_quantity=filled,
        average_price=value / priced if priced else None,
        unpriced_quantity=filled - priced,
        presumed_price=intent.presumed_price or (presumed(intent) if filled > priced else None),
    )


def _state(intent: OrderIntent, slices: tuple[Slice, ...], filled: int) -> IntentState:
    if filled >= intent.terms.quantity:
        return "COMPLETE"
    # What has ended is not brought back by an order that has ended too: of what risk management blocks there
    # is a row in the book, whatever the reply has said.
    whole = intent.is_final or intent.all_named
    whole = whole or sum(one.quantity for one in slices) >= intent.terms.quantity
    if intent.terms.variety == "iceberg":
        whole = any(one.status in ("CANCELLED", "REJECTED") for one in slices)
    if not whole or not all(one.status in _FINAL for one in slices):
        return "ACKED"
    if filled == 0 and all(one.status == "REJECTED" for one in slices):
        return "REJECTED"
    return "CANCELLED"
