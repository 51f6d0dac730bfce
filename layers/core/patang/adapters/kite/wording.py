"""What is asked of the broker, in the words of its API."""

import re
from collections.abc import Mapping
from typing import Any

from patang.errors import BadInput
from patang.ports import BrokerOrder, GttRequest, OrderRequest

__all__ = [
    "as_margin_row",
    "checked_changes",
    "checked_id",
    "checked_uuid",
    "gtt_arguments",
    "imagined",
    "priced",
    "sent_time",
]

_UUID = re.compile(r"[0-9A-Za-z-]{1,64}")

_CHANGEABLE = frozenset(
    {
        "quantity",
        "price",
        "order_type",
        "trigger_price",
        "validity",
        "disclosed_quantity",
        "market_protection",
    }
)


def checked_changes(changes: Mapping[str, str]) -> dict[str, str]:
    """Raises BadInput for what no order has to change."""
    unknown = changes.keys() - _CHANGEABLE
    if unknown:
        raise BadInput(
            f"an order has no {', '.join(sorted(unknown))} to change; it has {sorted(_CHANGEABLE)}"
        )
    return dict(changes)


def checked_id(order_id: str) -> str:
    """The id becomes a part of the address. Raises BadInput."""
    if not order_id.isalnum():
        raise BadInput(f"{order_id!r} is no id of an order or trigger of the broker")
    return order_id


def checked_uuid(uuid: str) -> str:
    """Of an alert, or an order of a fund. The id becomes a part of the address. Raises BadInput."""
    if _UUID.fullmatch(uuid) is None:
        raise BadInput(f"{uuid!r} is no id of an alert or of a fund's order at the broker")
    return uuid


def gtt_arguments(request: GttRequest) -> dict[str, Any]:
    """Arguments of the client's calls for a trigger, which take prices as numbers."""
    return {
        "trigger_type": request.kind,
        "tradingsymbol": request.tradingsymbol,
        "exchange": request.exchange,
        "trigger_values": [float(value) for value in request.trigger_values],
        "last_price": float(request.last_price),
        "orders": [
            {
                "transaction_type": leg.transaction_type,
                "quantity": leg.quantity,
                "order_type": leg.order_type,
                "product": leg.product,
                "price": leg.price,
            }
            for leg in request.legs
        ],
    }


def as_margin_row(request: OrderRequest) -> dict[str, Any]:
    """An imagined order, https://kite.trade/docs/connect/v3/margins/"""
    return {
        "exchange": request.exchange,
        "tradingsymbol": request.tradingsymbol,
        "transaction_type": request.transaction_type,
        "variety": request.variety,
        "product": request.product,
        "order_type": request.order_type,
        "quantity": request.quantity,
        "price": float(request.price or 0),
        "trigger_price": float(request.trigger_price or 0),
    }


def priced(order: BrokerOrder) -> dict[str, Any]:
    """What was traded, as the broker wants it for its charges."""
    terms = {name: order.raw.get(name, "") for name in ("variety", "product", "order_type")}
    return terms | {
        "order_id": order.order_id,
        "exchange": order.exchange,
        "tradingsymbol": order.tradingsymbol,
        "transaction_type": order.transaction_type,
        "quantity": order.filled_quantity,
        "average_price": float(order.average_price),
    }


def imagined(request: OrderRequest, number: int) -> dict[str, Any]:
    """An order that need not exist, as if it had traded at its price, for the charges of it."""
    return {
        "order_id": str(number),
        "exchange": request.exchange,
        "tradingsymbol": request.tradingsymbol,
        "transaction_type": request.transaction_type,
        "variety": request.variety,
        "product": request.product,
        "order_type": request.order_type,
        "quantity": request.quantity,
        "average_price": float(request.price or 0),
    }


def sent_time(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row as JSON had it: the client turns some of the times into naive datetimes, and not others."""
    return {name: str(value) if hasattr(value, "isoformat") else value for name, value in row.items()}
