"""Price alerts of the broker: https://kite.trade/docs/connect/v3/alerts/

An alert compares an attribute of an instrument with a constant or with another instrument. A simple one
notifies; one of type ato (alert triggers order) places the orders of its basket.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from patang.kite_replies.base import Amount, Moment, Reply, Text
from patang.kite_replies.market import Ohlc

__all__ = ["Alert", "AlertBasket", "AlertEvent", "AlertOrder", "AlertOrderTerms", "AlertQuote"]


def _listed(value: Any) -> Any:
    return () if value is None else value


class AlertOrderTerms(Reply):
    """The order as it will be placed."""

    variety: Text = ""
    transaction_type: str
    product: Text = ""
    order_type: Text = ""
    quantity: int
    price: Amount = None
    trigger_price: Amount = None
    validity: Text = ""
    validity_ttl: int = 0
    disclosed_quantity: int = 0
    tags: Annotated[tuple[str, ...], BeforeValidator(_listed)] = ()


class AlertOrder(Reply):
    """An order of an alert's basket."""

    id: str | None = None
    exchange: str
    tradingsymbol: str
    instrument_token: int = 0
    weight: int = 0
    params: AlertOrderTerms


class AlertBasket(Reply):
    """The orders that an alert places."""

    name: Text = ""
    items: tuple[AlertOrder, ...] = ()


class Alert(Reply):
    """`status`: enabled, disabled or deleted; `alert_count`: how often it went off. The sides are compared
    as `lhs operator rhs`; `rhs_type` says whether the right one is a constant or an instrument."""

    uuid: str
    type: Literal["simple", "ato"]
    user_id: Text = ""
    name: str
    status: str
    disabled_reason: Text = ""
    lhs_exchange: str
    lhs_tradingsymbol: str
    lhs_attribute: str
    operator: str
    rhs_type: str
    rhs_constant: Amount = None
    rhs_exchange: Text = ""
    rhs_tradingsymbol: Text = ""
    rhs_attribute: Text = ""
    alert_count: int = 0
    basket: AlertBasket | None = None
    created_at: Moment = None
    updated_at: Moment = None


class AlertQuote(Reply):
    """The market when an alert went off."""

    exchange: Text = ""
    tradingsymbol: Text = ""
    instrument_token: int = 0
    timestamp: Moment = None
    last_price: Amount = None
    ohlc: Ohlc = Ohlc()
    net_change: Amount = None
    volume: int = 0
    oi: int = 0


class AlertEvent(Reply):
    """One time that an alert went off. `order_meta` is what became of its orders."""

    uuid: str
    type: Text = ""
    condition: Text = ""
    created_at: Moment = None
    meta: Annotated[tuple[AlertQuote, ...], BeforeValidator(_listed)] = ()
    order_meta: tuple[Mapping[str, Any], ...] | Mapping[str, Any] | None = None
