"""An order as the broker tells it: in the order book, an order frame or a postback, all of one shape."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from patang.errors import BadInput
from patang.market.sessions import IST
from patang.ports import BrokerOrder

__all__ = ["parse_order"]

_TIMES = ("exchange_update_timestamp", "order_timestamp", "exchange_timestamp")


def parse_order(order: Mapping[str, Any]) -> BrokerOrder:
    """The order in Kite's JSON shape; times without an offset are IST.

    Raises BadInput that names the field which is missing or does not parse.
    """
    return BrokerOrder(
        order_id=_text(order, "order_id"),
        tag=_tag(order),
        status=_text(order, "status").upper(),
        exchange=_text(order, "exchange"),
        tradingsymbol=_text(order, "tradingsymbol"),
        transaction_type=_text(order, "transaction_type"),
        quantity=_count(order, "quantity"),
        filled_quantity=_count(order, "filled_quantity"),
        average_price=_price(order, "average_price"),
        status_message=str(order.get("status_message") or ""),
        updated_at=_latest_time(order),
        raw=dict(order),
    )


def _text(order: Mapping[str, Any], name: str) -> str:
    value = order.get(name)
    if not isinstance(value, str | int) or not str(value):
        raise BadInput(f"an order update's {name} is {value!r}, not a text: {_summary(order)}")
    return str(value)


def _tag(order: Mapping[str, Any]) -> str:
    """The tag; where the broker has merged several, `tags` lists them and ours is the first."""
    tags = order.get("tags") or ()
    return str(order.get("tag") or (tags[0] if isinstance(tags, list | tuple) and tags else ""))


def _count(order: Mapping[str, Any], name: str) -> int:
    value = order.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0 or value != int(value):
        raise BadInput(
            f"an order update's {name} is {value!r}, not a whole number of units: {_summary(order)}"
        )
    return int(value)


def _price(order: Mapping[str, Any], name: str) -> str:
    value = order.get(name)
    try:
        price = Decimal(str(value or 0))
    except InvalidOperation:
        price = Decimal("NaN")
    if not price.is_finite() or price < 0:
        raise BadInput(f"an order update's {name} is {value!r}, not a price: {_summary(order)}")
    return str(price)


def _latest_time(order: Mapping[str, Any]) -> datetime | None:
    times = [_time(order, name) for name in _TIMES if order.get(name)]
    return max(times) if times else None


def _time(order: Mapping[str, Any], name: str) -> datetime:
    value = order[name]
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError as error:
        raise BadInput(f"an order update's {name} is {value!r}, not a time: {_summary(order)}") from error
    return moment.replace(tzinfo=IST) if moment.tzinfo is None else moment.astimezone(IST)


def _summary(order: Mapping[str, Any]) -> str:
    return f"order {order.get('order_id')!r}, tag {order.get('tag')!r}"
