"""The paper broker's book: orders, and an account's cash and holdings."""

import hashlib
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from patang.keys import PAPER_ORDERS, paper_funds_key, paper_order_key
from patang.market.sessions import IST
from patang.ports import Key
from patang.records import Record

__all__ = ["Holding", "PaperFunds", "PaperOrder", "paper_order_id"]

type PaperStatus = Literal["OPEN", "TRIGGER PENDING", "COMPLETE", "CANCELLED", "REJECTED"]

_RESTING = ("OPEN", "TRIGGER PENDING")
_KEPT = timedelta(days=7)


class PaperOrder(Record):
    """One order of the paper book. Prices in rupees; `placed_at` and `updated_at` are market time."""

    account: str
    order_id: str
    tag: str
    status: PaperStatus
    status_message: str = ""
    variety: str
    exchange: str
    tradingsymbol: str
    instrument_token: int
    transaction_type: Literal["BUY", "SELL"]
    quantity: int
    order_type: Literal["LIMIT", "MARKET", "SL", "SL-M"]
    product: Literal["CNC", "MIS", "NRML"]
    validity: Literal["DAY", "IOC"]
    price: Decimal | None = None
    trigger_price: Decimal | None = None
    market_protection: Decimal | None = None
    average_price: Decimal = Decimal(0)
    placed_at: datetime
    updated_at: datetime
    written_at: datetime

    def key(self) -> Key:
        return paper_order_key(self.account, self.order_id)

    def index(self) -> Key | None:
        return Key(PAPER_ORDERS, f"{self.account}#{self.order_id}") if self.is_resting else None

    def expires_at(self) -> int | None:
        return int((self.written_at + _KEPT).timestamp())

    @property
    def is_resting(self) -> bool:
        return self.status in _RESTING

    @property
    def holding(self) -> str:
        """The holding that it changes."""
        return f"{self.exchange}:{self.tradingsymbol}:{self.product}"

    @property
    def reservation(self) -> Decimal:
        """Cash to hold while it rests, rupees. A market order has no price and is checked when it fills."""
        if not self.is_resting or self.transaction_type == "SELL" or self.price is None:
            return Decimal(0)
        return self.price * self.quantity

    def as_sent(self) -> dict[str, Any]:
        """The order in the shape of the broker's order book; `account_id` is Patang's name of the account."""
        filled = self.quantity if self.status == "COMPLETE" else 0
        return {
            "account_id": self.account,
            "placed_by": self.account,
            "order_id": self.order_id,
            "exchange_order_id": self.order_id,
            "tag": self.tag,
            "tags": [self.tag],
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
            "filled_quantity": filled,
            "pending_quantity": self.quantity if self.is_resting else 0,
            "cancelled_quantity": self.quantity if self.status == "CANCELLED" else 0,
            "average_price": float(self.average_price),
            "order_timestamp": _wall(self.updated_at),
            "exchange_timestamp": _wall(self.updated_at),
            "exchange_update_timestamp": _wall(self.updated_at),
        }


class Holding(BaseModel):
    """What is held of one instrument under one product; average price in rupees."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    quantity: int
    average_price: Decimal


class PaperFunds(Record):
    """Cash and holdings of a paper account, rupees. No credit: what is bought is paid in full."""

    account: str
    cash: Decimal
    reserved: dict[str, Decimal] = Field(default_factory=dict)
    holdings: dict[str, Holding] = Field(default_factory=dict)

    def key(self) -> Key:
        return paper_funds_key(self.account)

    @property
    def available(self) -> Decimal:
        return self.cash - sum(self.reserved.values(), Decimal(0))

    def held(self, name: str) -> int:
        holding = self.holdings.get(name)
        return holding.quantity if holding else 0

    def with_order(self, order: PaperOrder) -> "PaperFunds":
        """The funds once this state of an order is known: its reservation, and its fill if it has one."""
        reserved = {name: amount for name, amount in self.reserved.items() if name != order.order_id}
        if order.reservation:
            reserved[order.order_id] = order.reservation
        after = self.evolve(reserved=reserved)
        return after._with_fill(order) if order.status == "COMPLETE" else after

    def _with_fill(self, order: PaperOrder) -> "PaperFunds":
        value = order.average_price * order.quantity
        before = self.holdings.get(order.holding, Holding(quantity=0, average_price=Decimal(0)))
        if order.transaction_type == "BUY":
            quantity = before.quantity + order.quantity
            average = (before.average_price * before.quantity + value) / quantity
            after, cash = Holding(quantity=quantity, average_price=average), self.cash - value
        else:
            quantity = before.quantity - order.quantity
            after, cash = Holding(quantity=quantity, average_price=before.average_price), self.cash + value
        holdings: dict[str, Any] = {**self.holdings, order.holding: after}
        return self.evolve(cash=cash, holdings={name: h for name, h in holdings.items() if h.quantity})


def paper_order_id(account: str, tag: str) -> str:
    """The same tag of the same account is the same order, however often it is placed."""
    return f"P{hashlib.sha256(f'{account}#{tag}'.encode()).hexdigest()[:15]}"


def _wall(moment: datetime) -> str:
    return moment.astimezone(IST).strftime("%Y-%m-%d %H:%M:%S")
