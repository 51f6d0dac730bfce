"""A trigger that waits at the broker: what is to be laid down, as exactly as an order's terms."""

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict

__all__ = ["GttLegTerms", "GttTerms"]


class GttLegTerms(BaseModel):
    """The LIMIT order that a trigger places when it is reached; `price` in rupees, `quantity` in units."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    transaction_type: Literal["BUY", "SELL"]
    quantity: int
    product: Literal["CNC", "NRML", "MTF"]
    price: Decimal
    order_type: Literal["LIMIT"] = "LIMIT"


class GttTerms(BaseModel):
    """One trigger with its order (single), or a stop and a target of which one cancels the other (two-leg).

    `triggers` in rupees, one a leg and in their order, rising. `last_price` is the market's when it was
    decided. Rules: https://kite.trade/docs/connect/v3/gtt/
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["single", "two-leg"]
    exchange: str
    tradingsymbol: str
    triggers: tuple[Decimal, ...]
    legs: tuple[GttLegTerms, ...]
    last_price: Decimal

    def sells_as(self, other: "GttTerms") -> bool:
        """Whether both do the same, wherever the market was when they were decided."""
        return self.model_copy(update={"last_price": other.last_price}) == other
