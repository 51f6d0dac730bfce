"""One order of the paper book, with its fills."""

import hashlib
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from patang.adapters.paper.keys import PAPER_BOOK, paper_order_key
from patang.market.sessions import IST
from patang.ports import Key
from patang.records import Record
from patang.risk.charges import component_charge, exact_charges, segment_of

__all__ = ["RMS", "PaperFill", "PaperIceberg", "PaperOrder", "paper_order_id"]

type PaperStatus = Literal["AMO REQ RECEIVED", "OPEN", "TRIGGER PENDING", "COMPLETE", "CANCELLED", "REJECTED"]

RMS = "RMS"
"""Who has placed an order by which the broker ends an intraday position; he takes a fee for it."""

_RESTING = ("AMO REQ RECEIVED", "OPEN", "TRIGGER PENDING")
_KEPT = timedelta(days=7)
_PRICE = Decimal("0.0001")


class PaperFill(BaseModel):
    """Units traded at one price, at a market time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    quantity: int
    price: Decimal
    at: datetime


class PaperIceberg(BaseModel):
    """Which leg of an iceberg an order is, and the units that the legs after it are to trade."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    leg: int
    legs: int
    leg_quantity: int
    total_quantity: int
    remaining_quantity: int


class PaperOrder(Record):
    """Prices in rupees; `placed_at`, `updated_at`, `opens_at` and `good_until` are market time.

    `charges` is what its fills have cost; `gtt_id` the trigger that has placed it, which gives it no tag.
    `opens_at` is when an after-market order goes to the exchange. A cover order keeps the trigger of its stop
    in `trigger_price`; the stop is an order of its own and names it as `parent_order_id`. `placed_by`: `RMS`
    where the broker has, None where the account has asked for it.
    """

    account: str
    order_id: str
    tag: str
    status: PaperStatus
    status_message: str = ""
    variety: str
    exchange: str
    tradingsymbol: str
    instrument_token: int
    lot_size: int
    tick_size: Decimal
    transaction_type: Literal["BUY", "SELL"]
    quantity: int
    order_type: Literal["LIMIT", "MARKET", "SL", "SL-M"]
    product: Literal["CNC", "MIS", "NRML"]
    validity: Literal["DAY", "IOC", "TTL"]
    price: Decimal | None = None
    trigger_price: Decimal | None = None
    market_protection: Decimal | None = None
    disclosed_quantity: int | None = None
    fills: tuple[PaperFill, ...] = ()
    charges: Decimal = Decimal(0)
    modifications: int = 0
    gtt_id: str | None = None
    iceberg: PaperIceberg | None = None
    parent_order_id: str | None = None
    placed_by: str | None = None
    opens_at: datetime | None = None
    placed_at: datetime
    updated_at: datetime
    good_until: datetime
    written_at: datetime

    def key(self) -> Key:
        return paper_order_key(self.account, self.order_id)

    def index(self) -> Key | None:
        return Key(PAPER_BOOK, f"{self.account}#{self.order_id}") if self.is_resting else None

    def expires_at(self) -> int | None:
        return int((self.written_at + _KEPT).timestamp())

    @property
    def is_resting(self) -> bool:
        return self.status in _RESTING

    @property
    def is_cover_stop(self) -> bool:
        """Whether it is the second leg of a cover order."""
        return self.variety == "co" and self.parent_order_id is not None

    @property
    def at_exchange(self) -> PaperStatus:
        """How it stands before anything has met it."""
        return "TRIGGER PENDING" if self.order_type in ("SL", "SL-M") else "OPEN"

    @property
    def name(self) -> str:
        """The position that it changes."""
        return f"{self.exchange}:{self.tradingsymbol}:{self.product}"

    @property
    def filled(self) -> int:
        return sum(fill.quantity for fill in self.fills)

    @property
    def pending(self) -> int:
        return self.quantity - self.filled if self.is_resting else 0

    @property
    def average_price(self) -> Decimal:
        """Rupees a unit over all fills; 0 without any."""
        if not self.fills:
            return Decimal(0)
        value = sum((fill.price * fill.quantity for fill in self.fills), Decimal(0))
        return (value / self.filled).quantize(_PRICE).normalize() + 0

    @property
    def reservation(self) -> Decimal:
        """Cash to hold for what is still to be filled, charges included, rupees. A market order has no price
        and is checked when it fills."""
        if not self.pending or self.transaction_type == "SELL" or self.price is None:
            return Decimal(0)
        value = self.price * self.pending
        return value + self.charges_on(self._turnover + value) - self.charges

    def with_fills(self, fills: tuple[PaperFill, ...], at: datetime) -> "PaperOrder":
        """The order after more fills; complete if nothing is left of it. Raises StopTrading for a day whose
        charges nobody knows."""
        after = self.evolve(fills=(*self.fills, *fills), updated_at=at)
        status = "COMPLETE" if after.filled == after.quantity else after.status
        return after.evolve(status=status, charges=after.charges_on(after._turnover))

    @property
    def _turnover(self) -> Decimal:
        return sum((fill.price * fill.quantity for fill in self.fills), Decimal(0))

    def charges_on(self, turnover: Decimal) -> Decimal:
        """Of the whole order: brokerage is an order's and not a fill's."""
        segment = segment_of(self.exchange, self.tradingsymbol, self.product)
        day = (self.opens_at or self.placed_at).astimezone(IST).date()
        market = (segment, self.exchange, self.transaction_type, turnover, day)
        fee = component_charge("square_off", *market) if self.placed_by == RMS and turnover else Decimal(0)
        return exact_charges(*market).in_rupees().total + fee

    def as_sent(self) -> dict[str, Any]:
        """The order in the shape of the broker's order book; `account_id` is Patang's name of the account."""
        return {
            "account_id": self.account,
            "placed_by": self.placed_by or self.account,
            "order_id": self.order_id,
            "parent_order_id": self.parent_order_id,
            "exchange_order_id": self.order_id,
            "tag": self.tag or None,
            "tags": [self.tag] if self.tag else [],
            "status": self.status,
            "status_message": self.status_message or None,
            "variety": self.variety,
            "exchange": self.exchange,
            "tradingsymbol": self.tradingsymbol,
            "instrument_token": self.instrument_token,
            "transaction_type": self.transaction_type,
            "order_type": self.order_type,
            "product": self.product,
            "validity": self.validity,
            "price": float(self.price or 0),
            "trigger_price": float(self.trigger_price or 0),
            "market_protection": float(self.market_protection or 0),
            "quantity": self.quantity,
            "filled_quantity": self.filled,
            "pending_quantity": self.pending,
            "cancelled_quantity": self.quantity - self.filled if self.status == "CANCELLED" else 0,
            "average_price": float(self.average_price),
            "meta": self._meta(),
            "order_timestamp": _wall(self.placed_at),
            "exchange_timestamp": _wall(self.placed_at),
            "exchange_update_timestamp": _wall(self.updated_at),
        }

    def _meta(self) -> dict[str, Any]:
        if self.iceberg is not None:
            return {"iceberg": self.iceberg.model_dump()}
        return {"gtt": self.gtt_id} if self.gtt_id else {}


def paper_order_id(account: str, tag: str) -> str:
    """The same tag of the same account is the same order, however often it is placed."""
    return f"P{hashlib.sha256(f'{account}#{tag}'.encode()).hexdigest()[:15]}"


def _wall(moment: datetime) -> str:
    return moment.astimezone(IST).strftime("%Y-%m-%d %H:%M:%S")
