"""Wishes by the name of their kind, and in words: all that a person is shown of one before he says yes."""

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from patang.execution.intent import OrderIntent
from patang.execution.orders.request_book import Decision
from patang.execution.orders.requests import (
    Basket,
    CancelOrder,
    ConvertPosition,
    DeleteAlert,
    DeleteGtt,
    ExitPosition,
    ModifyGtt,
    ModifyOrder,
    PersonsWish,
    PlaceAlert,
    PlaceGtt,
    PlaceOrder,
)

__all__ = ["fewer", "lowers_risk", "rows_of", "takes_a_stop_away", "title_of", "wish_of"]

_KINDS: Mapping[str, type[PersonsWish]] = {kind.__name__: kind for kind in get_args(PersonsWish.__value__)}


def wish_of(kind: str, fields: Mapping[str, Any]) -> PersonsWish:
    """A stored wish. Raises KeyError for a kind that is none, ValueError for fields that do not agree."""
    return _KINDS[kind].model_validate(dict(fields))


def lowers_risk(wish: PersonsWish) -> bool:
    """Whether it only takes an order away or sells a position of the desk's: nothing ever holds that up."""
    return isinstance(wish, CancelOrder | ExitPosition)


def takes_a_stop_away(decision: Decision) -> bool:
    """Whether what a cancel comes to ends an order that waits for its trigger: it may be what protects."""
    ended = [one for one in (*decision.intents, *decision.changed) if isinstance(one, OrderIntent)]
    return any(intent.terms.order_type in ("SL", "SL-M") for intent in ended)


def title_of(wish: PersonsWish) -> str:
    """The wish in a few words, which a telephone has room for."""
    match wish:
        case PlaceOrder():
            price = f" at {wish.price}" if wish.price is not None else f" {wish.order_type}"
            return f"{wish.transaction_type} {wish.quantity} {wish.tradingsymbol}{price}"
        case Basket():
            first = wish.orders[0]
            return f"Basket of {len(wish.orders)}: {first.transaction_type} {first.tradingsymbol}, ..."
        case CancelOrder():
            return f"Cancel order {wish.order_id}"
        case ModifyOrder():
            return f"Change order {wish.order_id}"
        case ModifyGtt():
            return f"Change trigger {wish.gtt_id} of {wish.tradingsymbol}"
        case PlaceGtt():
            leg = wish.legs[0]
            return f"Trigger to {leg.transaction_type} {leg.quantity} {wish.tradingsymbol}"
        case PlaceAlert():
            return f"Alert to place {len(wish.alert.orders)} orders: {wish.alert.name}"
        case DeleteAlert():
            return f"Delete alert {wish.uuid}"
        case DeleteGtt():
            return f"Delete trigger {wish.gtt_id}"
        case ConvertPosition():
            return f"Convert {wish.quantity} {wish.tradingsymbol} to {wish.new_product}"
        case _:
            return type(wish).__name__


def rows_of(wish: PersonsWish) -> tuple[tuple[str, str], ...]:
    """Every field that the wish says, by its name."""
    return tuple(_rows("", wish.model_dump(mode="json", exclude_none=True)))


def fewer(wish: PersonsWish, quantity: int) -> PlaceOrder | None:
    """The same order of less, or None where the quantity is no less, or of no single order."""
    if not isinstance(wish, PlaceOrder) or not 0 < quantity < wish.quantity:
        return None
    return PlaceOrder.model_validate(wish.model_dump() | {"quantity": quantity})


def _rows(prefix: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _rows(f"{prefix} {name.replace('_', ' ')}".strip(), inner)
    elif isinstance(value, list):
        for number, inner in enumerate(value, start=1):
            yield from _rows(f"{prefix} {number}", inner)
    elif value is not False:
        yield prefix, "yes" if value is True else str(value)
