"""What a paper account has: cash, the day's positions, and shares in its demat account."""

from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from patang.adapters.paper.keys import PAPER_BOOK, paper_funds_key
from patang.adapters.paper.order import PaperFill, PaperOrder
from patang.ports import Key
from patang.records import Record

__all__ = ["PaperFunds", "PaperHolding", "PaperPosition"]


class PaperPosition(BaseModel):
    """One instrument under one product: what came over night, what was traded today, rupees a unit.

    Below 0 stands a share sold out of the demat account. `last_price` is of the latest fill.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    overnight: int = 0
    bought: int = 0
    bought_value: Decimal = Decimal(0)
    sold: int = 0
    sold_value: Decimal = Decimal(0)
    average_price: Decimal = Decimal(0)
    last_price: Decimal = Decimal(0)

    @property
    def net(self) -> int:
        return self.overnight + self.bought - self.sold

    def after(self, side: str, fill: PaperFill) -> "PaperPosition":
        """The position after a fill: the average is of what opened it."""
        value, held = fill.price * fill.quantity, self.net
        net = held + (fill.quantity if side == "BUY" else -fill.quantity)
        if held * net < 0:
            average = fill.price
        elif abs(net) > abs(held):
            average = (self.average_price * abs(held) + value) / abs(net)
        else:
            average = self.average_price if net else Decimal(0)
        changes: dict[str, Any] = {"average_price": average, "last_price": fill.price}
        if side == "BUY":
            changes |= {"bought": self.bought + fill.quantity, "bought_value": self.bought_value + value}
        else:
            changes |= {"sold": self.sold + fill.quantity, "sold_value": self.sold_value + value}
        return self.model_copy(update=changes)

    def moved(self, quantity: int, price: Decimal, *, overnight: bool) -> "PaperPosition":
        """With so many units more (or fewer, below 0) by a conversion at a price."""
        net = self.net + quantity
        average = (self.average_price * self.net + price * quantity) / net if net else Decimal(0)
        changes: dict[str, Any] = {"average_price": average, "last_price": self.last_price or price}
        if overnight:
            changes["overnight"] = self.overnight + quantity
        else:
            changes |= {
                "bought": self.bought + quantity,
                "bought_value": self.bought_value + price * quantity,
            }
        return self.model_copy(update=changes)


class PaperHolding(BaseModel):
    """Shares in the demat account: settled, and bought the session before; average price in rupees."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    quantity: int = 0
    t1_quantity: int = 0
    average_price: Decimal = Decimal(0)

    @property
    def units(self) -> int:
        return self.quantity + self.t1_quantity

    def next_day(self, bought: int, price: Decimal) -> "PaperHolding":
        """On the next day: what was on its way has arrived, and what was bought (below 0: sold) is moved."""
        kept = self.units + min(bought, 0)
        arriving = max(bought, 0)
        units = kept + arriving
        average = (self.average_price * kept + price * arriving) / units if units else Decimal(0)
        return PaperHolding(quantity=kept, t1_quantity=arriving, average_price=average)


class PaperFunds(Record):
    """Cash, positions by EXCHANGE:SYMBOL:PRODUCT, and holdings by EXCHANGE:SYMBOL, as of a market day.

    No credit: what is bought is paid in full. `triggers` counts those ever made; the next has this number.
    """

    account: str
    day: date | None = None
    cash: Decimal
    reserved: dict[str, Decimal] = Field(default_factory=dict)
    positions: dict[str, PaperPosition] = Field(default_factory=dict)
    holdings: dict[str, PaperHolding] = Field(default_factory=dict)
    charges: Decimal = Decimal(0)
    triggers: int = 0

    def key(self) -> Key:
        return paper_funds_key(self.account)

    def index(self) -> Key | None:
        # Beside the orders that rest: the broker looks at both when intraday positions have to end.
        return Key(PAPER_BOOK, f"{self.account}#FUNDS") if self.intraday else None

    @property
    def intraday(self) -> dict[str, PaperPosition]:
        """Positions that the broker ends the same day, by EXCHANGE:SYMBOL:PRODUCT."""
        return {
            name: position
            for name, position in self.positions.items()
            if position.net and name.endswith(":MIS")
        }

    @property
    def available(self) -> Decimal:
        return self.cash - sum(self.reserved.values(), Decimal(0))

    def position(self, name: str) -> PaperPosition:
        return self.positions.get(name, PaperPosition())

    def long(self, name: str) -> int:
        """Units that can be sold: the position's, and for CNC what is in the demat account."""
        share, _, product = name.rpartition(":")
        held = self.holdings.get(share) if product == "CNC" else None
        return self.position(name).net + (held.units if held else 0)

    def on_day(self, day: date) -> "PaperFunds":
        """As they are on a later market day: shares in the demat account, everything else over night."""
        if self.day is None or day <= self.day:
            return self if self.day is not None else self.evolve(day=day)
        positions, holdings = {}, {n: h.next_day(0, Decimal(0)) for n, h in self.holdings.items()}
        for name, position in self.positions.items():
            share, _, product = name.rpartition(":")
            if product == "CNC":
                before = self.holdings.get(share, PaperHolding())
                holdings[share] = before.next_day(position.net, position.average_price)
            elif position.net:
                positions[name] = PaperPosition(
                    overnight=position.net,
                    average_price=position.average_price,
                    last_price=position.last_price,
                )
        kept = {name: holding for name, holding in holdings.items() if holding.units}
        return self.evolve(day=day, positions=positions, holdings=kept, charges=Decimal(0))

    def with_order(self, before: PaperOrder | None, after: PaperOrder) -> "PaperFunds":
        """The funds once an order has gone from one state to another: its reservation, fills and charges."""
        known = 0 if before is None else len(before.fills)
        cost = after.charges - (Decimal(0) if before is None else before.charges)
        position, cash = self.position(after.name), self.cash - cost
        for fill in after.fills[known:]:
            position = position.after(after.transaction_type, fill)
            value = fill.price * fill.quantity
            cash += -value if after.transaction_type == "BUY" else value
        reserved = {name: amount for name, amount in self.reserved.items() if name != after.order_id}
        if after.reservation:
            reserved[after.order_id] = after.reservation
        positions = {**self.positions, after.name: position} if after.fills else self.positions
        return self.evolve(cash=cash, reserved=reserved, positions=positions, charges=self.charges + cost)
