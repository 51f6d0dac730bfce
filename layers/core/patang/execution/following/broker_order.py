"""An order as the broker tells it: in the order book, an order frame or a postback, all of one shape."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from patang.execution.following.broker_fields import BrokerRow
from patang.execution.ids import is_intent_id
from patang.ports import BrokerOrder

__all__ = ["parse_order"]

_TIMES = ("exchange_update_timestamp", "order_timestamp", "exchange_timestamp")


def parse_order(order: Mapping[str, Any]) -> BrokerOrder:
    """The order in Kite's JSON shape; times without an offset are IST.

    Raises BadInput that names the field which is missing or does not parse.
    """
    row = BrokerRow("an order update", order)
    return BrokerOrder(
        order_id=row.text("order_id"),
        tag=_tag(order),
        status=row.text("status").upper(),
        exchange=row.text("exchange"),
        tradingsymbol=row.text("tradingsymbol"),
        transaction_type=row.text("transaction_type"),
        quantity=row.units("quantity"),
        filled_quantity=row.units("filled_quantity"),
        average_price=row.price("average_price"),
        status_message=str(order.get("status_message") or ""),
        updated_at=_latest_time(row),
        raw=dict(order),
    )


def _tag(order: Mapping[str, Any]) -> str:
    """The tag. The broker adds marks of his own to `tags` ("autoslice:<id>"), and may have only those in
    `tag`: what looks like ours is ours, wherever it stands.
    """
    tags = order.get("tags")
    words = [
        str(word) for word in (order.get("tag"), *(tags if isinstance(tags, list | tuple) else ())) if word
    ]
    return next(filter(is_intent_id, words), words[0] if words else "")


def _latest_time(row: BrokerRow) -> datetime | None:
    times = [row.time(name) for name in _TIMES if row.values.get(name)]
    return max(times) if times else None
