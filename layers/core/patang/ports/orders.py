"""What is asked of the broker and what it tells: orders, trades, positions, holdings, triggers.

Prices are rupees as text, so that nothing is rounded twice; quantities are units, not lots. Each row from the
broker keeps its own words in `raw`.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from patang.ports.store import Attributes

__all__ = [
    "BrokerHolding",
    "BrokerOrder",
    "BrokerPosition",
    "BrokerTrade",
    "ConversionRequest",
    "Gtt",
    "GttKind",
    "GttLeg",
    "GttRequest",
    "OrderRequest",
    "SliceResult",
]

type GttKind = Literal["single", "two-leg"]


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """What the broker is asked to place. `validity_ttl` is in minutes, `market_protection` in percent."""

    variety: str
    exchange: str
    tradingsymbol: str
    transaction_type: str
    quantity: int
    order_type: str
    product: str
    validity: str
    tag: str
    price: str | None = None
    trigger_price: str | None = None
    market_protection: str | None = None
    disclosed_quantity: int | None = None
    validity_ttl: int | None = None
    iceberg_legs: int | None = None
    iceberg_quantity: int | None = None
    auction_number: str | None = None


@dataclass(frozen=True, slots=True)
class SliceResult:
    """One slice of an order that the broker has cut: its order id, or why it was not placed."""

    order_id: str | None
    message: str = ""


@dataclass(frozen=True, slots=True)
class BrokerOrder:
    """One row of the broker's order book, or one order frame or postback."""

    order_id: str
    tag: str
    status: str
    exchange: str
    tradingsymbol: str
    transaction_type: str
    quantity: int
    filled_quantity: int
    average_price: str
    status_message: str = ""
    updated_at: datetime | None = None
    raw: Attributes = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BrokerTrade:
    """One fill of an order, as the exchange has numbered it."""

    trade_id: str
    order_id: str
    exchange: str
    tradingsymbol: str
    transaction_type: str
    product: str
    quantity: int
    price: str
    traded_at: datetime
    raw: Attributes = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BrokerPosition:
    """The net of a day's trades and what came over night; below 0 it is short."""

    exchange: str
    tradingsymbol: str
    product: str
    quantity: int
    overnight_quantity: int
    average_price: str
    last_price: str
    multiplier: int
    raw: Attributes = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BrokerHolding:
    """Shares in the owner's demat account.

    `quantity` is settled; `t1_quantity` was bought a day ago and is on its way; `used_quantity` was sold
    today and counts as a position from then on.
    """

    exchange: str
    tradingsymbol: str
    isin: str
    quantity: int
    t1_quantity: int
    used_quantity: int
    average_price: str
    raw: Attributes = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GttLeg:
    """The order that a trigger places."""

    transaction_type: str
    quantity: int
    product: str
    price: str
    order_type: str = "LIMIT"


@dataclass(frozen=True, slots=True)
class GttRequest:
    """A good-till-triggered order: one trigger and leg, or two (lower first) of which one cancels the other.

    `last_price` is what the market is at now: the broker takes from it which way each trigger is crossed.
    """

    kind: GttKind
    exchange: str
    tradingsymbol: str
    trigger_values: tuple[str, ...]
    last_price: str
    legs: tuple[GttLeg, ...]


@dataclass(frozen=True, slots=True)
class Gtt:
    """A trigger as the broker keeps it.

    `status` is active, triggered, disabled, expired, cancelled, rejected or deleted; triggered is not filled:
    `order_ids` has, by leg, the order that came of it, or None.
    """

    gtt_id: str
    status: str
    request: GttRequest
    created_at: datetime
    updated_at: datetime
    order_ids: tuple[str | None, ...]
    raw: Attributes = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ConversionRequest:
    """A position's change of product. `position_type` is day or overnight, `transaction_type` how it was
    opened."""

    exchange: str
    tradingsymbol: str
    transaction_type: str
    position_type: str
    quantity: int
    old_product: str
    new_product: str
