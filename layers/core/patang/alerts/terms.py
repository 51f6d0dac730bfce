"""What an alert watches, and what it does. Source: https://kite.trade/docs/connect/v3/alerts/"""

from decimal import Decimal
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from patang.approvals.proposal import OrderTerms
from patang.execution.orders.wording import Exchange, Product, Side
from patang.kite_replies.alerts import Alert
from patang.said_by_others import PlainLine
from patang.settings import Mode

__all__ = ["AlertOrder", "AlertSide", "AlertTerms", "Operator", "stands_as"]

type Operator = Literal["<=", ">=", "<", ">", "=="]
type WatchedExchange = Literal["NSE", "BSE", "NFO", "BFO", "CDS", "BCD", "MCX", "INDICES"]

# The broker's limit of a basket is not documented; its app takes twenty.
_MOST_ORDERS = 20


class _Terms(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AlertSide(_Terms):
    """An attribute of an instrument; an index stands on the exchange INDICES."""

    exchange: WatchedExchange
    tradingsymbol: str = Field(min_length=1, max_length=60)
    attribute: str = Field(default="LastTradedPrice", pattern=r"^[A-Za-z]{1,40}$")

    def __str__(self) -> str:
        return f'{self.attribute}("{self.exchange}:{self.tradingsymbol}")'


class AlertOrder(_Terms):
    """A LIMIT order for the day that an alert places, rupees and units."""

    exchange: Exchange
    tradingsymbol: str = Field(min_length=1, max_length=60)
    transaction_type: Side
    quantity: int = Field(gt=0)
    product: Product
    price: Decimal = Field(gt=0)

    def order_terms(self, account: str, mode: Mode) -> OrderTerms:
        """As the order that it is."""
        return OrderTerms(account=account, mode=mode, order_type="LIMIT", **self.model_dump())


class AlertTerms(_Terms):
    """`left operator right`, where the right side is a constant in rupees or another instrument. With
    `orders` it is one that places them (ATO); without, one that notifies."""

    name: PlainLine = Field(min_length=1, max_length=100)
    left: AlertSide
    operator: Operator
    right: AlertSide | None = None
    constant: Decimal | None = Field(default=None, gt=0)
    orders: tuple[AlertOrder, ...] = Field(default=(), max_length=_MOST_ORDERS)

    @field_validator("name")
    @classmethod
    def _is_a_name(cls, name: str) -> str:
        # The owner reads it at the top of the message that asks for his yes.
        if not name.isprintable():
            raise ValueError("name an alert in one line of plain text")
        return name

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if (self.right is None) == (self.constant is None):
            raise ValueError("say either `constant` or `right`, another instrument to compare with")
        if self.right == self.left:
            raise ValueError("`right` is the same as `left`: it would never go off, or at once")
        return self

    @property
    def condition(self) -> str:
        """In the broker's words."""
        right = self.constant if self.right is None else self.right
        return f"{self.left} {self.operator} {right}"

    @property
    def places_orders(self) -> bool:
        return bool(self.orders)


def stands_as(terms: AlertTerms, alert: Alert) -> bool:
    """Whether an alert of the broker is what these terms ask for."""
    left = (alert.lhs_exchange, alert.lhs_tradingsymbol, alert.lhs_attribute)
    if (alert.name, left, alert.operator) != (terms.name, _words(terms.left), terms.operator):
        return False
    if terms.right is None:
        if alert.rhs_constant != terms.constant:
            return False
    elif (alert.rhs_exchange, alert.rhs_tradingsymbol, alert.rhs_attribute) != _words(terms.right):
        return False
    items = alert.basket.items if alert.basket else ()
    there = [
        (i.exchange, i.tradingsymbol, p.transaction_type, p.quantity, p.product, p.price)
        for i, p in ((item, item.params) for item in items)
    ]
    asked = [
        (o.exchange, o.tradingsymbol, o.transaction_type, o.quantity, o.product, o.price)
        for o in terms.orders
    ]
    return there == asked


def _words(side: AlertSide) -> tuple[str, str, str]:
    return side.exchange, side.tradingsymbol, side.attribute
