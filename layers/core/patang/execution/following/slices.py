"""An intent that the broker has cut into several orders, all with its tag: followed as one.

The legs of an iceberg come one after the other: the next when one has filled, none after one that has not.
"""

from decimal import Decimal

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
    after = _after(before, order)
    others = tuple(one for one in intent.slices if one.broker_order_id != order.order_id)
    slices = tuple(sorted((*others, after), key=lambda one: one.broker_order_id))
    filled = sum(one.filled_quantity for one in slices)
    state = _state(intent, slices, filled)
    if after == before and state == intent.state and intent.broker_order_id is not None:
        return intent
    return intent.evolve(
        state=state,
        slices=slices,
        broker_order_id=intent.broker_order_id or order.order_id,
        broker_status=order.status,
        status_message=order.status_message or intent.status_message,
        filled_quantity=filled,
        average_price=_average_of(slices) or intent.average_price,
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
    price = Decimal(order.average_price)
    grown = order.filled_quantity > known.filled_quantity
    return Slice(
        broker_order_id=order.order_id,
        status=known.status if known.status in _FINAL else order.status,
        quantity=order.quantity,
        filled_quantity=max(order.filled_quantity, known.filled_quantity),
        average_price=price if grown and price > 0 else known.average_price,
    )


def _average_of(slices: tuple[Slice, ...]) -> Decimal | None:
    """Over the fills whose price was told, in rupees a unit."""
    told = [
        (one.filled_quantity, one.average_price)
        for one in slices
        if one.filled_quantity and one.average_price
    ]
    units = sum(quantity for quantity, _ in told)
    return sum((quantity * price for quantity, price in told), Decimal(0)) / units if units else None


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
