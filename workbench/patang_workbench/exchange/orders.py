"""An order's terms, its life, and how the broker shows it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from patang_workbench.exchange.hours import rupees
from patang_workbench.exchange.lines import Line

__all__ = ["FINAL", "Order", "Picture", "Terms", "Trade", "stamp"]

FINAL = frozenset({"COMPLETE", "REJECTED", "CANCELLED"})


def stamp(moment: datetime | None) -> str | None:
    """A market time as Kite prints it."""
    return moment.strftime("%Y-%m-%d %H:%M:%S") if moment else None


@dataclass(frozen=True, slots=True)
class Terms:
    """What the client asked for. Prices in paise; `protection` in percent, -1 automatic, None not given.

    `ttl` in minutes, 0 for another validity; `leg_quantity` the units of each of the `legs` of an iceberg, 0
    of others; `trigger` of a cover order is the stop of its second leg.
    """

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
    variety: str = "regular"
    ttl: int = 0
    legs: int = 1
    leg_quantity: int = 0
    auction_number: str | None = None


@dataclass(frozen=True, slots=True)
class Trade:
    """One fill: price in paise."""

    trade_id: str
    quantity: int
    price: int
    at: datetime


class Picture(NamedTuple):
    """An order as the book showed it from `market` (epoch seconds) and `wall` (monotonic seconds) on."""

    market: int
    wall: float
    row: dict[str, Any]


@dataclass(slots=True)
class Order:
    """An order with everything that has happened to it. Prices in paise.

    `limit` is the worst price it may trade at, None without one; `opening` the units that open or extend a
    position and `unit_margin` the margin blocked for each of them until it is filled. `api_key` is None of
    what a person did on the broker's own pages. `expires`: when a validity of minutes ends, in epoch seconds.
    `piece`: the most units of one fill, None as many as there are. `request` names what asked for it: the
    same in the legs of an iceberg, the two of a cover order, and the slices of one above the freeze.
    """

    order_id: str
    user_id: str
    api_key: str | None
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
    history: list[Picture] = field(default_factory=list)
    parent_id: str | None = None
    request: str = ""
    meta: Mapping[str, Any] = field(default_factory=dict)
    marks: tuple[str, ...] = ()
    placed_by: str | None = None
    error_type: str | None = None
    expires: int | None = None
    piece: int | None = None
    shown_as_limit: bool = False

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
        as_limit = self.shown_as_limit and self.limit is not None
        tags = [terms.tag] if terms.tag else []
        auction = {"auction_number": terms.auction_number} if terms.variety == "auction" else {}
        return auction | {
            "placed_by": self.placed_by or self.user_id,
            "order_id": self.order_id,
            "exchange_order_id": self.exchange_order_id,
            "parent_order_id": self.parent_id,
            "status": self.status,
            "status_message": self.message,
            "status_message_raw": self.raw_message,
            "order_timestamp": stamp(self.placed),
            "exchange_update_timestamp": stamp(self.updated),
            "exchange_timestamp": stamp(self.exchange_time),
            "variety": terms.variety,
            "modified": self.modifications > 0,
            "exchange": terms.exchange,
            "tradingsymbol": terms.tradingsymbol,
            "instrument_token": self.line.instrument.token,
            "order_type": "LIMIT" if as_limit else terms.order_type,
            "transaction_type": terms.side,
            "validity": terms.validity,
            "validity_ttl": terms.ttl,
            "product": terms.product,
            "quantity": terms.quantity,
            "disclosed_quantity": terms.disclosed,
            "price": rupees(self.limit if as_limit and self.limit else terms.price),
            "trigger_price": rupees(terms.trigger),
            "average_price": rupees(self.average),
            "filled_quantity": self.filled,
            "pending_quantity": self.pending,
            "cancelled_quantity": self.cancelled,
            # The broker's echo of the protection is always 0.
            "market_protection": 0,
            "meta": dict(self.meta),
            "tag": terms.tag,
            "tags": [*tags, *self.marks],
            "guid": f"{self.order_id}X{self.line.instrument.token}",
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
