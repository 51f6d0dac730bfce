"""An order that somebody has asked for, from the wish to its sending; and what was asked for on a day."""

import hashlib
import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict

from patang.approvals.requests.wishes import wish_of
from patang.execution.orders.requests import PersonsWish
from patang.keys import LIVE_REQUESTS, account_partition
from patang.ports import Key
from patang.records import Record
from patang.settings import Mode

__all__ = [
    "AskedOn",
    "OrderRequest",
    "RequestFigures",
    "RequestState",
    "approval_id_of",
    "asked_key",
    "is_request",
]

type RequestState = Literal["WAITING", "APPROVED", "SENT", "DECLINED", "EXPIRED", "REFUSED"]

_KEPT = timedelta(days=30)
_PREFIX = "ask-"


class RequestFigures(BaseModel):
    """What the orders of a request come to; rupees, None for what is not known.

    `lines` are the orders as the lane would send them, `prices` the market of each when it was looked at.
    `value` is of all together, `bought` of those of them that buy. `margin_needed` is with the buffer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    lines: tuple[str, ...] = ()
    prices: tuple[Decimal | None, ...] = ()
    orders: int
    value: Decimal | None = None
    bought: Decimal = Decimal(0)
    charges: Decimal | None = None
    margin_needed: Decimal | None = None
    exposure_before: Decimal | None = None
    exposure_after: Decimal | None = None
    exposure_limit: Decimal | None = None
    lot_size: int = 1

    def in_account_of(self, larger: Self) -> Self:
        """With the exposure that `larger` was shown beside; margin goes with the value."""
        share = None
        if larger.margin_needed is not None and larger.value and self.value is not None:
            share = (larger.margin_needed * self.value / larger.value).quantize(Decimal("0.01"))
        before = larger.exposure_before
        return self.model_copy(
            update={
                "margin_needed": share,
                "exposure_before": before,
                "exposure_after": None if before is None else before + self.bought,
                "exposure_limit": larger.exposure_limit,
            }
        )

    @property
    def estimated_price(self) -> Decimal | None:
        """A unit's, where it is one order."""
        return self.prices[0] if len(self.prices) == 1 else None


class OrderRequest(Record):
    """WAITING -> APPROVED | DECLINED | EXPIRED; APPROVED -> SENT | REFUSED. What needs no yes is SENT
    at once.

    `request_id` is the caller's own. `asked_digest` is of the wish as it was first asked for, `terms_digest`
    of all that is shown and would be sent. `as_of` is market time, the rest wall time. `day`: the market day
    on which it counts.
    """

    account: str
    approval_id: str
    request_id: str
    mode: Mode
    kind: str
    wish: dict[str, Any]
    asked_digest: str
    terms_digest: str = ""
    proposed_quantity: int | None = None
    figures: RequestFigures
    principal: str
    actor: str
    state: RequestState = "WAITING"
    outcome: str = ""
    as_of: datetime
    day: date
    asked_at: datetime
    expires_at_time: datetime | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    intent_ids: tuple[str, ...] = ()

    def key(self) -> Key:
        return asked_key(self.account, self.approval_id)

    def index(self) -> Key | None:
        live = self.state in ("WAITING", "APPROVED")
        return Key(LIVE_REQUESTS, f"{self.account}#{self.approval_id}") if live else None

    def expires_at(self) -> int | None:
        return int((self.asked_at + _KEPT).timestamp())

    def wanted(self) -> PersonsWish:
        """The wish as it would be sent."""
        return wish_of(self.kind, self.wish)

    def sealed(self) -> Self:
        """With the digest of what is shown now."""
        return self.model_copy(update={"terms_digest": self.digest()})

    def digest(self) -> str:
        """SHA-256 in hex over all that is shown: account, mode, wish and figures."""
        shown: Mapping[str, Any] = {
            "account": self.account,
            "mode": self.mode,
            "kind": self.kind,
            "wish": self.wish,
            "figures": self.figures.model_dump(mode="json"),
            "asked_by": self.actor,
        }
        canonical = json.dumps(shown, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()


class AskedOn(Record):
    """What an account's requests of a market day come to that were sent or may be yet; `value` in rupees.
    `questions`: how often a yes was asked for, whatever came of it. `alone`: rupees of what programs have
    brought about without a person."""

    account: str
    day: date
    orders: int = 0
    value: Decimal = Decimal(0)
    questions: int = 0
    alone: Decimal = Decimal(0)

    def key(self) -> Key:
        return Key(account_partition(self.account), f"ASKED_ON#{self.day.isoformat()}")


def approval_id_of(account: str, request_id: str) -> str:
    """The same for the same request; no proposal's id begins like it."""
    return f"{_PREFIX}{hashlib.sha256(f'{account}#{request_id}'.encode()).hexdigest()[:20]}"


def is_request(approval_id: str) -> bool:
    """Whether an approval is of an order that was asked for, rather than of one that the desk proposed."""
    return approval_id.startswith(_PREFIX)


def asked_key(account: str, approval_id: str) -> Key:
    return Key(account_partition(account), f"ASKED#{approval_id}")
