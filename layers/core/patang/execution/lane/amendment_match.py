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

# The book shows 0 whatever it is.
_NEVER_SHOWN = "market_protection"


def has_ended(order: BrokerOrder) -> bool:
    return order.status in _ENDS


def is_pending(intent: OrderIntent, order: BrokerOrder) -> bool:
    """Whether the broker is at it: nothing is absent then, and nothing is done."""
    return order.status in _PENDING.get(intent.kind, frozenset())


def has_taken(intent: OrderIntent, order: BrokerOrder) -> bool:
    """Whether the order stands as a MODIFY wants it, in everything that it changes and the book tells."""
    if intent.kind != "MODIFY" or not intent.changes or is_pending(intent, order):
        return False
    wanted = {name: value for name, value in intent.changes.items() if name != _NEVER_SHOWN}
    if not wanted:
        return _was_modified(order)
    return all(_alike(name, value, order) for name, value in wanted.items())


def _alike(name: str, wanted: str, order: BrokerOrder) -> bool:
    there = order.raw.get(name)
    if name == "order_type" and wanted == "MARKET":
        # One that is left at its protection may be shown as a limit.
        return there == "MARKET" or (there == "LIMIT" and _was_modified(order))
    try:
        return Decimal(wanted) == Decimal(str(there))
    except InvalidOperation:
        return wanted.upper() == str(there).upper()


def _was_modified(order: BrokerOrder) -> bool:
    return order.raw.get("modified") is True
