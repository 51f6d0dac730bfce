"""A proposed order on its way through the owner's approval."""

import hashlib
import json
from datetime import datetime
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict

from patang.keys import DECIDED_APPROVALS, PENDING_APPROVALS, proposal_key
from patang.ports import Key
from patang.records import Record
from patang.settings import Mode
from patang.strategies.signal import Signal
from patang.trail.ids import learned

__all__ = ["AUTOMATED", "OrderTerms", "Proposal", "ProposalState"]

# Who has decided where the settings let nobody be asked.
AUTOMATED = "automated"

type ProposalState = Literal[
    "PROPOSED", "CONSTRUCTED", "PENDING", "APPROVED", "DECLINED", "EXPIRED", "SUBMITTED", "CONCLUDED"
]

# A decision stands in the index until its workflow has acted on it, so that a sweep finds one that did not.
_PLACES = {
    "PENDING": PENDING_APPROVALS,
    "APPROVED": DECIDED_APPROVALS,
    "DECLINED": DECIDED_APPROVALS,
    "EXPIRED": DECIDED_APPROVALS,
}


class OrderTerms(BaseModel):
    """The exact terms a person says yes to; prices in rupees a unit, quantity in units.

    `mode` says where the order goes: what was agreed to on paper is never sent for real. `validity_ttl` is in
    minutes. With `autoslice` the broker cuts what is above the freeze quantity into several orders.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: str
    mode: Mode
    variety: Literal["regular", "amo", "co", "iceberg", "auction"] = "regular"
    exchange: str
    tradingsymbol: str
    transaction_type: Literal["BUY", "SELL"]
    quantity: int
    order_type: Literal["LIMIT", "MARKET", "SL", "SL-M"]
    product: Literal["CNC", "MIS", "NRML", "MTF"]
    validity: Literal["DAY", "IOC", "TTL"] = "DAY"
    price: Decimal | None = None
    trigger_price: Decimal | None = None
    market_protection: Decimal | None = None
    disclosed_quantity: int | None = None
    validity_ttl: int | None = None
    iceberg_legs: int | None = None
    iceberg_quantity: int | None = None
    auction_number: str | None = None
    autoslice: bool = False

    @property
    def in_several(self) -> bool:
        """Whether the broker makes several orders of it, all with its tag, of which each fills a part."""
        return self.autoslice or self.variety == "iceberg"

    def digest(self) -> str:
        """SHA-256 over the canonical JSON of the terms, in hex."""
        canonical = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()


class Proposal(Record):
    """One order workflow's state. `order_id` is Patang's own id and the workflow's name.

    PROPOSED -> CONSTRUCTED -> PENDING -> APPROVED | DECLINED | EXPIRED; APPROVED -> SUBMITTED; every way ends
    in CONCLUDED, and `outcome` says how: PLACED, FILLED, PARTLY_FILLED, or the reason why not.
    Money in rupees. `proposed_quantity` is what was proposed where a person has made it less. `asked_at`,
    `expires_at_time` and `decided_at` are wall time; `as_of` is market time.
    """

    account: str
    order_id: str
    run_id: str
    as_of: datetime
    state: ProposalState = "PROPOSED"
    signal: Signal
    quantity: int
    proposed_quantity: int | None = None
    expected_net_profit: Decimal
    expected_charges: Decimal
    risk_amount: Decimal
    terms: OrderTerms | None = None
    terms_digest: str | None = None
    task_token: str | None = None
    asked_at: datetime | None = None
    expires_at_time: datetime | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    intent_id: str | None = None
    outcome: str | None = None

    def key(self) -> Key:
        return proposal_key(self.account, self.order_id)

    def follow(self) -> None:
        """The work in hand is about this proposal: lines of the log carry its ids from here on."""
        signal = self.signal.signal_id
        learned(run_id=self.run_id, signal_id=signal, order_id=self.order_id, intent_id=self.intent_id)

    def index(self) -> Key | None:
        place = _PLACES.get(self.state)
        return None if place is None else Key(place, f"{self.account}#{self.order_id}")
