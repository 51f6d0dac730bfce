"""An order intent: written before the broker hears of it, and the record of what became of it."""

from datetime import datetime
from decimal import Decimal
from typing import Literal

from patang.approvals.proposal import OrderTerms
from patang.keys import LIVE_INTENTS, intent_key
from patang.ports import Key
from patang.records import Record

__all__ = ["FINAL_STATES", "IntentKind", "IntentState", "OrderIntent"]

type IntentKind = Literal["ENTRY", "EXIT", "MODIFY", "CANCEL"]
type IntentState = Literal[
    "NEW", "SENDING", "ACKED", "UNKNOWN", "COMPLETE", "REJECTED", "CANCELLED", "DROPPED"
]

FINAL_STATES = frozenset({"COMPLETE", "REJECTED", "CANCELLED", "DROPPED"})


class OrderIntent(Record):
    """One thing to ask of the broker. `intent_id` is also the order's tag: at most 20 alphanumerics.

    NEW -> SENDING -> ACKED -> COMPLETE | REJECTED | CANCELLED; SENDING -> UNKNOWN -> resolved by tag;
    NEW -> DROPPED for a stale entry. MODIFY and CANCEL name the intent whose order they are about
    (`target_intent_id`, the broker's `target_order_id`) and end as COMPLETE or REJECTED. `expected_price` is
    what slippage is measured against, `bid` the best price to sell at when an exit was begun, if known;
    `limit_price` is the limit the order stands at after modifications.
    `as_of` and `amended_at` are market time; `written_at`, `sending_at` and `stale_after` are wall time.
    """

    account: str
    intent_id: str
    kind: IntentKind
    state: IntentState = "NEW"
    terms: OrderTerms
    as_of: datetime
    written_at: datetime
    stale_after: datetime | None = None
    expected_price: Decimal | None = None
    bid: Decimal | None = None
    order_id: str | None = None
    position_id: str | None = None
    reason: str = ""
    target_intent_id: str | None = None
    target_order_id: str | None = None
    task_token: str | None = None
    sending_at: datetime | None = None
    broker_order_id: str | None = None
    broker_status: str | None = None
    status_message: str = ""
    filled_quantity: int = 0
    average_price: Decimal | None = None
    limit_price: Decimal | None = None
    modifications: int = 0
    cancels: int = 0
    amended_at: datetime | None = None
    latency_ms: float | None = None

    def key(self) -> Key:
        return intent_key(self.account, self.intent_id)

    @property
    def is_final(self) -> bool:
        return self.state in FINAL_STATES

    @property
    def never_arrived(self) -> bool:
        """Ended by us while the broker had named no order: a late trace of it may still turn up."""
        return self.is_final and self.broker_order_id is None

    def index(self) -> Key | None:
        if self.is_final:
            return None
        return Key(LIVE_INTENTS, f"{self.account}#{self.intent_id}")
