"""The words of orders, as the broker's API has them.

https://kite.trade/docs/connect/v3/orders/ and, for triggers, https://kite.trade/docs/connect/v3/gtt/
"""

from decimal import Decimal
from typing import Literal, Protocol

__all__ = [
    "DERIVATIVE_EXCHANGES",
    "MOST_SLICES",
    "SHARE_EXCHANGES",
    "Exchange",
    "OrderType",
    "OrderWords",
    "Product",
    "Side",
    "Validity",
    "Variety",
]

type Exchange = Literal["NSE", "BSE", "NFO", "BFO", "CDS", "BCD", "MCX"]
type Side = Literal["BUY", "SELL"]
type OrderType = Literal["MARKET", "LIMIT", "SL", "SL-M"]
type Product = Literal["CNC", "NRML", "MIS", "MTF"]
type Validity = Literal["DAY", "IOC", "TTL"]
type Variety = Literal["regular", "amo", "co", "iceberg", "auction"]

SHARE_EXCHANGES = frozenset({"NSE", "BSE"})
DERIVATIVE_EXCHANGES = frozenset({"NFO", "BFO", "CDS", "BCD", "MCX"})

# The broker's own cut makes no more orders than this of one.
MOST_SLICES = 10


class OrderWords(Protocol):
    """What the rules ask of an order: the request of a person and the terms of an intent both say it."""

    @property
    def variety(self) -> str: ...
    @property
    def exchange(self) -> str: ...
    @property
    def tradingsymbol(self) -> str: ...
    @property
    def transaction_type(self) -> str: ...
    @property
    def quantity(self) -> int: ...
    @property
    def order_type(self) -> str: ...
    @property
    def product(self) -> str: ...
    @property
    def validity(self) -> str: ...
    @property
    def price(self) -> Decimal | None: ...
    @property
    def trigger_price(self) -> Decimal | None: ...
    @property
    def market_protection(self) -> Decimal | None: ...
    @property
    def disclosed_quantity(self) -> int | None: ...
    @property
    def validity_ttl(self) -> int | None: ...
    @property
    def iceberg_legs(self) -> int | None: ...
    @property
    def iceberg_quantity(self) -> int | None: ...
    @property
    def auction_number(self) -> str | None: ...
    @property
    def autoslice(self) -> bool: ...
