"""What rests at the broker for a position, so that nobody has to be awake for its stop to sell."""

from datetime import date, datetime
from decimal import Decimal
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict

__all__ = ["Protection"]


class Protection(BaseModel):
    """The resting sell of a position: a stop with a limit, or a GTT of stop and target.

    LAYING (written, not confirmed) -> RESTING -> LIFTING (being cancelled, deleted, or turned into the sell)
    -> GONE; `since` is the market time of the last of these steps. `intent_id` is the intent that laid it,
    and the tag of a resting stop; a GTT has no tag and is known by `gtt_id`. `number` counts what was laid
    for the position, one after the other.

    `quantity` is what it sells, prices are rupees a unit: `trigger_price` and `limit_price` of the stop,
    `target_price` the other trigger of a GTT. `laid_on` is the market day: a stop order lives no longer.
    `amended_by` is the one change, cancel or deletion of it that is on its way, `amendments` counts them,
    `amended_at` and `retry_at` are the market times of the last and of the earliest next one. `refusals`
    counts what was refused since the last that rested, of a stop as the book shows it. `floor` is the lowest
    price of the day `laid_on`, where the broker has refused a stop for lying below it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["SL", "GTT"]
    state: Literal["LAYING", "RESTING", "LIFTING", "GONE"] = "LAYING"
    since: datetime
    intent_id: str
    number: int = 1
    gtt_id: str | None = None
    broker_order_id: str | None = None
    quantity: int
    trigger_price: Decimal
    limit_price: Decimal
    target_price: Decimal | None = None
    laid_on: date
    amended_by: str | None = None
    amendments: int = 0
    amended_at: datetime | None = None
    retry_at: datetime | None = None
    refusals: int = 0
    floor: Decimal | None = None

    @property
    def may_sell(self) -> bool:
        """Whether it stands at the broker, or may."""
        return self.state != "GONE"

    def unhindered(self) -> Self:
        """Free to be changed at once: what was refused of it before is of another wish."""
        return self.model_copy(update={"refusals": 0, "retry_at": None})
