"""Reading off an order whether a change or a cancel that got no answer has reached it."""

from decimal import Decimal, InvalidOperation

from patang.execution.intent import OrderIntent
from patang.ports import BrokerOrder

__all__ = ["has_ended", "has_taken", "is_pending"]

_ENDS = frozenset({"COMPLETE", "REJECTED", "CANCELLED"})
# The broker's words for a change that is on its way: https://kite.trade/docs/connect/v3/orders/
_PENDING = {
    "MODIFY": frozenset({"MODIFY VALIDATION PENDING", "MODIFY PENDING"}),
    "CANCEL": frozenset({"CANCEL PENDING"}),
}


def has_ended(order: BrokerOrder) -> bool:
    return order.status in _ENDS


def is_pending(intent: OrderIntent, order: BrokerOrder) -> bool:
    """Whether the broker is at it: nothing is absent then, and nothing is done."""
    return order.status in _PENDING.get(intent.kind, frozenset())


def has_taken(intent: OrderIntent, order: BrokerOrder) -> bool:
    """Whether the order stands as a MODIFY wants it, in everything that it changes."""
    if intent.kind != "MODIFY" or not intent.changes or is_pending(intent, order):
        return False
    return all(_alike(wanted, order.raw.get(name)) for name, wanted in intent.changes.items())


def _alike(wanted: str, there: object) -> bool:
    try:
        return Decimal(wanted) == Decimal(str(there))
    except InvalidOperation:
        return wanted.upper() == str(there).upper()
