"""What rests at the broker for a position, so that nobody has to be awake for its stop to sell."""

from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict

__all__ = ["Protection"]


class Protection(BaseModel):
    """The resting sell of a position: a stop with a limit, or a GTT of stop and target.

    LAYING -> RESTING -> LIFTING -> GONE. `intent_id` is the intent that laid it, and the tag of a resting
    stop; a GTT has no tag and is known by `gtt_id`. `quantity` is what it sells, prices are rupees a unit,
    those of a GTT its stop leg's. `laid_on` is the market day: a stop order lives no longer than that day.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["SL", "GTT"]
    intent_id: str
    gtt_id: str | None = None
    broker_order_id: str | None = None
    quantity: int
    trigger_price: Decimal
    limit_price: Decimal
    laid_on: date
    state: Literal["LAYING", "RESTING", "LIFTING", "GONE"] = "LAYING"
