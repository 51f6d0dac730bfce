"""An order's terms, its life, and how the broker shows it."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from patang_workbench.exchange.hours import rupees
from patang_workbench.exchange.lines import Line

__all__ = ["FINAL", "Order", "Terms", "Trade", "stamp"]

FINAL = frozenset({"COMPLETE", "REJECTED", "CANCELLED"})


def stamp(moment: datetime | None) -> str | None:
    """A market time as Kite prints it."""
    return moment.strftime("%Y-%m-%d %H:%M:%S") if moment else None


@dataclass(frozen=True, slots=True)
class Terms:
    """What the client asked for. Prices in paise; `protection` in percent, -1 automatic, None not given."""

    exchange: str
    tradingsymbol: str
    side: str
    quantity: int
    product: str
    order_type: str
    price: int = 0
    trigger: int = 0
    validity: str = "DAY"
    disclosed: int = 0
    tag: str | None = None
    protection: float | None = None


@dataclass(frozen=True, slots=True)
class Trade:
    """One fill: price in paise."""

    trade_id: str
    quantity: int
    price: int
    at: datetime


@dataclass(slots=True)
class Order:
    """An order with everything that has happened to it. Prices in paise.

    `limit` is the worst price it may trade at, None without one; `opening` the units that open or extend a
    position and `unit_margin` the margin blocked for each of them until it is filled.
    """

    order_id: str
    user_id: str
    api_key: str
    line: Line
    terms: Terms
    placed: datetime
    limit: int | None = None
    opening: int = 0
    unit_margin: int = 0
    status: str = "PUT ORDER REQ RECEIVED"
    message: str | None = None
    raw_message: str | None = None
    exchange_order_id: str | None = None
    exchange_time: datetime | None = None
    updated: datetime | None = None
    triggered: bool = False
    modifications: int = 0
    cancelled: int = 0
    trades: list[Trade] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)
    guid: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def filled(self) -> int:
        return sum(trade.quantity for trade in self.trades)

    @property
    def pending(self) -> int:
        """Units still to trade; 0 once the order has ended."""
        return 0 if self.status in FINAL else self.terms.quantity - self.filled

    @property
    def live(self) -> bool:
        return self.status not in FINAL

    @property
    def blocked(self) -> int:
        """Margin in paise held for what is still open."""
        return self.unit_margin * max(0, self.opening - self.filled) if self.live else 0

    @property
    def average(self) -> float:
        """Average fill price in paise, 0 before the first fill."""
        filled = self.filled
        return sum(trade.quantity * trade.price for trade in self.trades) / filled if filled else 0.0

    def describe(self) -> dict[str, Any]:
        """The order as the order book shows it."""
        terms = self.terms
        return {
            "placed_by": self.user_id,
            "order_id": self.order_id,
            "exchange_order_id": self.exchange_order_id,
            "parent_order_id": None,
            "status": self.status,
            "status_message": self.message,
            "status_message_raw": self.raw_message,
            "order_timestamp": stamp(self.placed),
            "exchange_update_timestamp": stamp(self.updated),
            "exchange_timestamp": stamp(self.exchange_time),
            "variety": "regular",
            "modified": self.modifications > 0,
            "exchange": terms.exchange,
            "tradingsymbol": terms.tradingsymbol,
            "instrument_token": self.line.instrument.token,
            "order_type": terms.order_type,
            "transaction_type": terms.side,
            "validity": terms.validity,
            "validity_ttl": 0,
            "product": terms.product,
            "quantity": terms.quantity,
            "disclosed_quantity": terms.disclosed,
            "price": rupees(terms.price),
            "trigger_price": rupees(terms.trigger),
            "average_price": rupees(self.average),
            "filled_quantity": self.filled,
            "pending_quantity": self.pending,
            "cancelled_quantity": self.cancelled,
            # The broker's echo of the protection is always 0.
            "market_protection": 0,
            "meta": {},
            "tag": terms.tag,
            "tags": [terms.tag] if terms.tag else [],
            "guid": self.guid,
        }

    def describe_trades(self) -> list[dict[str, Any]]:
        """The order's fills as the trade book shows them."""
        return [
            {
                "trade_id": trade.trade_id,
                "order_id": self.order_id,
                "exchange_order_id": self.exchange_order_id,
                "exchange": self.terms.exchange,
                "tradingsymbol": self.terms.tradingsymbol,
                "instrument_token": self.line.instrument.token,
                "transaction_type": self.terms.side,
                "product": self.terms.product,
                "average_price": rupees(trade.price),
                "quantity": trade.quantity,
                "fill_timestamp": stamp(trade.at),
                "order_timestamp": trade.at.strftime("%H:%M:%S"),
                "exchange_timestamp": stamp(trade.at),
            }
            for trade in self.trades
        ]
