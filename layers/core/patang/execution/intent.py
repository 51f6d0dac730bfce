"""An order intent: written before the broker hears of it, and the record of what became of it."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from patang.alerts.terms import AlertTerms
from patang.approvals.proposal import OrderTerms
from patang.execution.gtt_terms import GttTerms
from patang.keys import LIVE_INTENTS, UNANSWERED_INTENTS, intent_key
from patang.ports import Key
from patang.records import Record

__all__ = ["FINAL_STATES", "PLACING", "IntentKind", "IntentState", "OrderIntent", "Slice", "asked_hash"]

type IntentKind = Literal[
    "ENTRY",
    "EXIT",
    "PROTECT",
    "ORDER",
    "MODIFY",
    "CANCEL",
    "GTT_PLACE",
    "GTT_MODIFY",
    "GTT_DELETE",
    "CONVERT",
    "ALERT_PLACE",
    "ALERT_MODIFY",
    "ALERT_DELETE",
]
type IntentState = Literal[
    "NEW", "SENDING", "ACKED", "UNKNOWN", "COMPLETE", "REJECTED", "CANCELLED", "DROPPED"
]

FINAL_STATES = frozenset({"COMPLETE", "REJECTED", "CANCELLED", "DROPPED"})

# Kinds that put an order with the intent's tag into the broker's book, and live on until it has ended.
PLACING = frozenset({"ENTRY", "EXIT", "PROTECT", "ORDER"})

# Kinds that can only take an order or a trigger away, or sell what is held.
_LOWERING = frozenset({"EXIT", "PROTECT", "CANCEL", "GTT_DELETE", "ALERT_DELETE"})


class Slice(BaseModel):
    """One of the orders into which the broker has cut an intent. `average_price` is in rupees, of all that
    was filled but `unpriced_quantity`, whose price nobody has told yet."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    broker_order_id: str
    status: str = ""
    quantity: int = 0
    filled_quantity: int = 0
    average_price: Decimal | None = None
    unpriced_quantity: int = 0

    @property
    def priced_quantity(self) -> int:
        """Units filled whose price was told."""
        return 0 if self.average_price is None else self.filled_quantity - self.unpriced_quantity


def asked_hash(asked: Mapping[str, Any]) -> str:
    """SHA-256 in hex of all that an intent asks of the broker, over fields of OrderIntent by their names.

    For a plain order it is OrderTerms.digest, the hash that its owner said yes to.
    """
    terms: OrderTerms = asked["terms"]
    gtt: GttTerms | None = asked.get("gtt")
    alert: AlertTerms | None = asked.get("alert")
    more = {
        "gtt": None if gtt is None else gtt.model_dump(mode="json"),
        "alert": None if alert is None else alert.model_dump(mode="json"),
        "changes": None if asked.get("changes") is None else dict(asked["changes"]),
        "target_order_id": asked.get("target_order_id"),
        "target_gtt_id": asked.get("target_gtt_id"),
        "parent_order_id": asked.get("parent_order_id"),
    }
    more = {name: value for name, value in more.items() if value is not None}
    if not more:
        return terms.digest()
    whole = more | {"kind": asked["kind"], "terms": terms.digest()}
    canonical = json.dumps(whole, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


class OrderIntent(Record):
    """One thing to ask of the broker. `intent_id` is also the order's tag: at most 20 alphanumerics.

    NEW -> SENDING -> ACKED -> COMPLETE | REJECTED | CANCELLED; SENDING -> UNKNOWN -> resolved by tag;
    NEW -> DROPPED for a stale entry. What places no order ends as COMPLETE or REJECTED (CANCELLED: a CONVERT
    whose day is over, and nobody knows): MODIFY and CANCEL
    name the intent whose order they are about (`target_intent_id`, the broker's `target_order_id`),
    GTT_MODIFY and GTT_DELETE the trigger (`target_gtt_id`, which a done GTT_PLACE has too);
    `parent_order_id` is the first leg of a cover order. Of an alert that places orders, `target_order_id` and
    `broker_order_id` are its uuid, and `terms` are of the first order that it places.

    `terms_hash` is asked_hash of what was wanted when the intent was written. `changes` are the fields of a
    MODIFY (price, quantity, order_type, trigger_price, validity) or of a CONVERT (product, position_type) as
    texts; the `terms` of a MODIFY are those after it, those of a CONVERT before it, and `held_before` what
    was held of its product then, less what the day's trades had brought.
    `reducing`: it sells what is held, and goes with the exits.
    `wanted_by` is the person or assistant who ordered it, None for what the desk decided.
    `attempt` counts the orders of one wish whose refusals were cured, `cured_from` is the one before. What
    the exchange refused after the broker took it waits, ACKED, since `refused_at` for the lane to cure it.
    `slices` are the orders the broker has made of it, where it has made several; `all_named`: there are no
    others. `average_price` is of all that was filled but `unpriced_quantity`, whose price nobody has told
    yet; while it is None, fills are booked at `presumed_price`.
    `expected_price` is what slippage is measured against, `bid` the best price to sell at when an exit was
    begun, if known; `limit_price` is the limit the order stands at after modifications.
    `task_token` is of the workflow that waits for the lane, until it is `answered`.
    `as_of` and `amended_at` are market time; `approved_at` (of the owner's yes), `written_at`, `sending_at`,
    `refused_at` and `stale_after` are wall time.
    """

    account: str
    intent_id: str
    kind: IntentKind
    state: IntentState = "NEW"
    terms: OrderTerms
    gtt: GttTerms | None = None
    alert: AlertTerms | None = None
    changes: Mapping[str, str] | None = None
    target_intent_id: str | None = None
    target_order_id: str | None = None
    target_gtt_id: str | None = None
    parent_order_id: str | None = None
    terms_hash: str = Field(default_factory=asked_hash)
    as_of: datetime
    approved_at: datetime | None = None
    written_at: datetime
    stale_after: datetime | None = None
    expected_price: Decimal | None = None
    bid: Decimal | None = None
    order_id: str | None = None
    position_id: str | None = None
    reducing: bool = False
    wanted_by: str | None = None
    attempt: int = Field(default=1, ge=1, le=3)
    cured_from: str | None = None
    reason: str = ""
    held_before: int | None = None
    task_token: str | None = None
    answered: bool = False
    sending_at: datetime | None = None
    broker_order_id: str | None = None
    broker_status: str | None = None
    refused_at: datetime | None = None
    status_message: str = ""
    filled_quantity: int = 0
    average_price: Decimal | None = None
    unpriced_quantity: int = 0
    presumed_price: Decimal | None = None
    slices: tuple[Slice, ...] = ()
    all_named: bool = False
    limit_price: Decimal | None = None
    modifications: int = 0
    cancels: int = 0
    amended_at: datetime | None = None
    latency_ms: float | None = None

    def key(self) -> Key:
        return intent_key(self.account, self.intent_id)

    @property
    def is_as_wanted(self) -> bool:
        """Whether it still asks for what it was written for."""
        return self.terms_hash == asked_hash(self.__dict__)

    @property
    def is_final(self) -> bool:
        return self.state in FINAL_STATES

    @property
    def never_arrived(self) -> bool:
        """Ended in vain while the broker had named no order or trigger: a late trace may still turn up."""
        return self.is_final and self.state != "COMPLETE" and self.broker_order_id is None

    @property
    def priced_quantity(self) -> int:
        """Units filled whose price was told."""
        return 0 if self.average_price is None else self.filled_quantity - self.unpriced_quantity

    @property
    def lane(self) -> Literal["exit", "entry"]:
        """With whom it queues: all that lowers risk goes with the exits, and never waits behind an entry."""
        return "exit" if self.kind in _LOWERING or self.reducing else "entry"

    @property
    def awaits_answer(self) -> bool:
        """Whether a workflow waits to hear what has become of it."""
        return self.task_token is not None and not self.answered and self.state not in ("NEW", "SENDING")

    def index(self) -> Key | None:
        if self.is_final and not self.awaits_answer:
            return None
        return Key(UNANSWERED_INTENTS if self.is_final else LIVE_INTENTS, f"{self.account}#{self.intent_id}")
