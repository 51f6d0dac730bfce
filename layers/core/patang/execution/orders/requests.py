"""What a person or an assistant may ask for: one model a kind, whose fields agree with each other or are
refused.

Names of fields and values are the broker's (https://kite.trade/docs/connect/v3/orders/). A model says no to
what no market would take; what depends on the market is looked at when the request is made
(patang.execution.orders.market_rules).
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from patang.approvals.proposal import OrderTerms
from patang.execution.gtt_terms import GttLegTerms, GttTerms
from patang.execution.orders.alert_requests import DeleteAlert, ModifyAlert, PlaceAlert
from patang.execution.orders.broken import Broken
from patang.execution.orders.form_rules import form_broken, product_broken, tag_broken
from patang.execution.orders.gtt_rules import gtt_form_broken
from patang.execution.orders.wording import (
    Exchange,
    OrderType,
    Product,
    Side,
    Validity,
    Variety,
)
from patang.settings import Mode

__all__ = [
    "Basket",
    "CancelOrder",
    "ConvertPosition",
    "DeleteAlert",
    "DeleteGtt",
    "ExitPosition",
    "GttLeg",
    "ModifyAlert",
    "ModifyGtt",
    "ModifyOrder",
    "PersonsWish",
    "PlaceAlert",
    "PlaceGtt",
    "PlaceOrder",
]

# The broker's own market protection, by its bands.
_AUTOMATIC = Decimal(-1)
_MOST_IN_A_BASKET = 20


class _Wish(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PlaceOrder(_Wish):
    """An order. Prices in rupees, quantities in units, `validity_ttl` in minutes, `market_protection` in
    percent (-1, or none: the broker's own bands).

    What is above the freeze quantity is cut into orders of its own, or by the broker where `autoslice` says
    so. `tag` is the person's own label: it is kept with the request; the broker is told the intent's id
    instead.
    """

    variety: Variety = "regular"
    exchange: Exchange
    tradingsymbol: str = Field(min_length=1, max_length=60)
    transaction_type: Side
    order_type: OrderType
    quantity: int
    product: Product
    price: Decimal | None = None
    trigger_price: Decimal | None = None
    market_protection: Decimal | None = None
    disclosed_quantity: int | None = None
    validity: Validity = "DAY"
    validity_ttl: int | None = None
    iceberg_legs: int | None = None
    iceberg_quantity: int | None = None
    auction_number: str | None = None
    autoslice: bool = False
    tag: str | None = None

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        _raise([*form_broken(self.terms("", "paper")), tag_broken(self.tag)])
        return self

    @property
    def identifier(self) -> str:
        return f"{self.exchange}:{self.tradingsymbol}"

    def terms(self, account: str, mode: Mode, quantity: int | None = None) -> OrderTerms:
        """As the lane sends it, all of it or a slice of `quantity`."""
        # By name: the arguments of a tool are a wish with more beside it.
        words = self.model_dump(include=PlaceOrder.model_fields.keys() - {"tag"})
        if self.market_protection is None and self.order_type in ("MARKET", "SL-M"):
            words["market_protection"] = _AUTOMATIC
        if quantity is not None:
            words["quantity"] = quantity
        return OrderTerms(account=account, mode=mode, **words)


class ModifyOrder(_Wish):
    """A change of an order that stands: by the id of its intent, or by the broker's. What is not said stays.

    Of a cover order only `price` and `trigger_price` can change.
    """

    variety: Literal["regular", "amo", "co"] = "regular"
    order_id: str = Field(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9]+$")
    order_type: OrderType | None = None
    quantity: int | None = None
    price: Decimal | None = None
    trigger_price: Decimal | None = None
    market_protection: Decimal | None = None
    disclosed_quantity: int | None = None
    validity: Validity | None = None

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        changes = self.changes()
        found: list[Broken | None] = []
        if not changes:
            found.append(Broken("changes", "none", "say at least one field to change"))
        if self.variety == "co":
            found += [
                Broken(name, value, "of a cover order only price and trigger_price can change")
                for name, value in changes.items()
                if name not in ("price", "trigger_price")
            ]
        if self.validity == "TTL":
            found.append(
                Broken("validity", "TTL", "a standing order becomes DAY or IOC: place a new one for TTL")
            )
        if self.quantity is not None and self.quantity <= 0:
            found.append(Broken("quantity", str(self.quantity), "give at least 1, or cancel the order"))
        for name in ("price", "trigger_price"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                found.append(Broken(name, str(value), "give a price above 0"))
        if self.order_type in ("MARKET", "SL-M") and self.price is not None:
            found.append(
                Broken(
                    "price",
                    str(self.price),
                    f"leave it out when it becomes an order of type {self.order_type}",
                )
            )
        _raise(found)
        return self

    def changes(self) -> dict[str, str]:
        """The changed fields as texts, by the broker's names."""
        fields = ModifyOrder.model_fields.keys() - {"variety", "order_id"}
        said = self.model_dump(exclude_none=True, include=fields)
        if self.order_type in ("MARKET", "SL-M"):
            said.setdefault("market_protection", _AUTOMATIC)
        return {name: str(value) for name, value in said.items()}


class CancelOrder(_Wish):
    """The end of an order that stands: by the id of its intent, or by the broker's."""

    order_id: str = Field(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9]+$")


class ExitPosition(_Wish):
    """The sale of a position of Patang's, all of it; `price` is a limit in rupees, without one it is sold at
    market within the protection."""

    position_id: str = Field(min_length=1, max_length=40)
    price: Decimal | None = Field(default=None, gt=0)


class Basket(_Wish):
    """Orders that are sent if all of them may be. `cancel_rest`: when one ends in vain, those that still
    stand are cancelled; what has traded by then stays.
    """

    orders: tuple[PlaceOrder, ...] = Field(min_length=1, max_length=_MOST_IN_A_BASKET)
    cancel_rest: bool = False


class GttLeg(_Wish):
    """The LIMIT order that a trigger places."""

    transaction_type: Side
    quantity: int
    product: Literal["CNC", "NRML", "MTF"]
    price: Decimal
    order_type: Literal["LIMIT"] = "LIMIT"


class _Trigger(_Wish):
    """A trigger and its order (single), or a stop and a target of which one cancels the other (two-leg,
    OCO).
    """

    kind: Literal["single", "two-leg"]
    exchange: Exchange
    tradingsymbol: str = Field(min_length=1, max_length=60)
    trigger_values: tuple[Decimal, ...]
    legs: tuple[GttLeg, ...]

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        _raise(gtt_form_broken(self.kind, self.exchange, self.trigger_values, self.legs))
        return self

    @property
    def identifier(self) -> str:
        return f"{self.exchange}:{self.tradingsymbol}"

    def gtt_terms(self, last_price: Decimal) -> GttTerms:
        """As the lane asks for it; `last_price` is the market's now."""
        return GttTerms(
            kind=self.kind,
            exchange=self.exchange,
            tradingsymbol=self.tradingsymbol,
            triggers=self.trigger_values,
            legs=tuple(GttLegTerms.model_validate(leg.model_dump()) for leg in self.legs),
            last_price=last_price,
        )


class PlaceGtt(_Trigger):
    """A new trigger."""


class ModifyGtt(_Trigger):
    """All of a trigger as it is to stand from now on."""

    gtt_id: str = Field(pattern=r"^\d{1,20}$")


class DeleteGtt(_Wish):
    """The end of a trigger."""

    gtt_id: str = Field(pattern=r"^\d{1,20}$")


class ConvertPosition(_Wish):
    """A position's change of product. `transaction_type`: how it was opened; `position_type`: today (day) or
    carried into it (overnight)."""

    exchange: Exchange
    tradingsymbol: str = Field(min_length=1, max_length=60)
    transaction_type: Side
    position_type: Literal["day", "overnight"]
    quantity: int = Field(gt=0)
    old_product: Product
    new_product: Product

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        same = self.old_product == self.new_product
        _raise(
            [
                product_broken(self.exchange, self.old_product, "old_product"),
                product_broken(self.exchange, self.new_product, "new_product"),
                Broken("new_product", self.new_product, "give another than it is") if same else None,
                Broken("transaction_type", "SELL", "short positions are not converted: close them")
                if self.transaction_type == "SELL"
                else None,
            ]
        )
        return self


type PersonsWish = (
    PlaceOrder
    | ModifyOrder
    | CancelOrder
    | ExitPosition
    | Basket
    | PlaceGtt
    | ModifyGtt
    | DeleteGtt
    | ConvertPosition
    | PlaceAlert
    | ModifyAlert
    | DeleteAlert
)


def _raise(found: Sequence[Broken | None]) -> None:
    """Raises ValueError that says all that is wrong; pydantic wants no other."""
    wrong = [broken.text for broken in found if broken is not None]
    if wrong:
        raise ValueError("; ".join(wrong))
