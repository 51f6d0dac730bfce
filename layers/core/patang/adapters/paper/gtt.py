"""One trigger of the paper book."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict

from patang.adapters.paper.keys import PAPER_BOOK, paper_gtt_key
from patang.market.exchange_calendar import Segment
from patang.ports import Gtt, GttKind, GttLeg, GttRequest, Key
from patang.records import Record

__all__ = ["GTT_LIFE", "PaperGtt", "PaperLeg"]

GTT_LIFE = timedelta(days=365)
_KEPT = timedelta(days=7)


class PaperLeg(BaseModel):
    """The LIMIT order of a trigger; `order_id` once it is placed, `refusal` if it was not."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    transaction_type: Literal["BUY", "SELL"]
    quantity: int
    product: Literal["CNC", "NRML"]
    price: Decimal
    order_id: str | None = None
    refusal: str = ""


class PaperGtt(Record):
    """Prices in rupees; times but `written_at` are market time. `last_price` tells which way a trigger is
    crossed: upwards if it stands above."""

    account: str
    gtt_id: str
    status: Literal["active", "triggered", "expired", "rejected", "deleted"] = "active"
    kind: GttKind
    exchange: str
    tradingsymbol: str
    instrument_token: int
    lot_size: int
    tick_size: Decimal
    segment: Segment
    trigger_values: tuple[Decimal, ...]
    last_price: Decimal
    legs: tuple[PaperLeg, ...]
    created_at: datetime
    updated_at: datetime
    good_until: datetime
    written_at: datetime

    def key(self) -> Key:
        return paper_gtt_key(self.account, self.gtt_id)

    def index(self) -> Key | None:
        return Key(PAPER_BOOK, f"{self.account}#GTT#{self.gtt_id}") if self.status == "active" else None

    def expires_at(self) -> int | None:
        life = GTT_LIFE if self.status == "active" else timedelta(0)
        return int((self.written_at + life + _KEPT).timestamp())

    def reached(self, last: Decimal) -> int | None:
        """The place of the leg whose trigger the last price has reached."""
        for place, value in enumerate(self.trigger_values):
            if last >= value if value > self.last_price else last <= value:
                return place
        return None

    def with_leg(self, place: int, leg: PaperLeg) -> tuple[PaperLeg, ...]:
        return (*self.legs[:place], leg, *self.legs[place + 1 :])

    def as_gtt(self) -> Gtt:
        return Gtt(
            gtt_id=self.gtt_id,
            status=self.status,
            request=GttRequest(
                kind=self.kind,
                exchange=self.exchange,
                tradingsymbol=self.tradingsymbol,
                trigger_values=tuple(str(value) for value in self.trigger_values),
                last_price=str(self.last_price),
                legs=tuple(
                    GttLeg(leg.transaction_type, leg.quantity, leg.product, str(leg.price))
                    for leg in self.legs
                ),
            ),
            created_at=self.created_at,
            updated_at=self.updated_at,
            order_ids=tuple(leg.order_id for leg in self.legs),
            raw={"rejection_reasons": [leg.refusal for leg in self.legs]},
        )
