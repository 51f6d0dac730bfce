"""Orders and trades: https://kite.trade/docs/connect/v3/orders/ and, for postbacks, .../postbacks/"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from patang.kite_replies.base import Amount, Moment, Reply, Text, TimeOfDay

__all__ = ["Order", "OrderId", "OrderUpdate", "Slice", "SliceError", "SlicedOrder", "Trade"]


def _tags(value: Any) -> Any:
    return () if value is None else value


class Order(Reply):
    """An order as it stands, or as it stood at one time of its history.

    `meta` depends on the variety (iceberg, auction, GTT). `market_protection` is an unreliable echo.
    """

    order_id: str
    exchange_order_id: str | None = None
    parent_order_id: str | None = None
    status: str
    status_message: Text = ""
    status_message_raw: Text = ""
    placed_by: Text = ""
    order_timestamp: Moment = None
    exchange_timestamp: Moment = None
    exchange_update_timestamp: Moment = None
    variety: Text = ""
    modified: bool = False
    exchange: str
    tradingsymbol: str
    instrument_token: int = 0
    order_type: Text = ""
    transaction_type: str
    validity: Text = ""
    validity_ttl: int = 0
    product: Text = ""
    quantity: int
    disclosed_quantity: int = 0
    price: Amount = None
    trigger_price: Amount = None
    average_price: Amount = None
    filled_quantity: int = 0
    pending_quantity: int = 0
    cancelled_quantity: int = 0
    auction_number: str | None = None
    market_protection: Amount = None
    meta: Mapping[str, Any] | None = None
    tag: str | None = None
    tags: Annotated[tuple[str, ...], BeforeValidator(_tags)] = ()
    guid: Text = ""


class OrderUpdate(Order):
    """An order as a postback tells of it."""

    user_id: str
    app_id: int = 0
    unfilled_quantity: int = 0
    checksum: str


class Trade(Reply):
    """A fill. `order_timestamp` has no day."""

    trade_id: str
    order_id: str
    exchange_order_id: str | None = None
    exchange: str
    tradingsymbol: str
    instrument_token: int = 0
    product: Text = ""
    average_price: Amount = None
    quantity: int
    transaction_type: str
    fill_timestamp: Moment = None
    order_timestamp: TimeOfDay = None
    exchange_timestamp: Moment = None


class OrderId(Reply):
    """The order that was placed, changed or cancelled."""

    order_id: str


class SliceError(Reply):
    """Why a slice was not placed."""

    code: int = 0
    error_type: Text = ""
    message: Text = ""


class Slice(Reply):
    """A slice of an order that the broker has cut: its id, or why there is none."""

    order_id: str | None = None
    error: SliceError | None = None


class SlicedOrder(Reply):
    """The slices of an order; `order_id` is of the whole and in no order book."""

    order_id: str
    children: tuple[Slice, ...] = Field(default=())
