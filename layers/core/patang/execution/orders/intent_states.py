"""What has become of requests: the states of their intents, waited for briefly."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from patang.errors import BadInput
from patang.execution.ids import Purpose, intent_id
from patang.execution.intent import IntentKind, IntentState, OrderIntent
from patang.keys import intent_key
from patang.ports import Clock, StateStore
from patang.records import load

__all__ = ["IntentStates", "IntentView", "OrderPart"]

# Nobody knows yet what the broker has made of it.
_OPEN = frozenset({"NEW", "SENDING", "UNKNOWN"})
_PAUSE_SECONDS = 0.2
# Refusals are cured twice at most, each by an intent of its own.
_MOST_ATTEMPTS = 3
_PURPOSES: dict[IntentKind, Purpose] = {
    "ENTRY": "entry",
    "EXIT": "exit",
    "PROTECT": "protect",
    "ORDER": "order",
}


@dataclass(frozen=True, slots=True)
class OrderPart:
    """One of several orders that an intent has become; `average_price` in rupees."""

    broker_order_id: str
    status: str
    quantity: int
    filled_quantity: int
    average_price: Decimal | None


@dataclass(frozen=True, slots=True)
class IntentView:
    """An intent as its caller is told of it. `answered`: the broker's word is known (HTTP 200), or it was
    not sent at all; else it is on its way (HTTP 202). `followed_by` is the intent that has taken its place
    after a refusal that could be cured: this is the state of that one then. Rupees; times are market time.
    """

    intent_id: str
    kind: IntentKind
    state: IntentState
    answered: bool
    broker_order_id: str | None
    gtt_id: str | None
    broker_status: str | None
    message: str
    tradingsymbol: str
    transaction_type: str
    quantity: int
    filled_quantity: int
    average_price: Decimal | None
    parts: tuple[OrderPart, ...]
    followed_by: str | None
    as_of: datetime

    @property
    def in_vain(self) -> bool:
        """Whether it has ended without all that was wanted."""
        return self.state in ("REJECTED", "CANCELLED", "DROPPED")


class IntentStates:
    """Reads intents; `pause` lets that many seconds pass."""

    def __init__(self, store: StateStore, clock: Clock, pause: Callable[[float], None]) -> None:
        self._store = store
        self._clock = clock
        self._pause = pause

    def of(self, account: str, intent_ids: Sequence[str], patience: timedelta) -> tuple[IntentView, ...]:
        """Their states as soon as the broker has answered to all of them, or as they are when `patience`
        (wall time) has run out. Raises BadInput for an id that the account has no intent of.
        """
        until = self._clock.now() + patience
        while True:
            views = tuple(self._view(account, intent_id) for intent_id in intent_ids)
            if all(view.answered for view in views) or self._clock.now() >= until:
                return views
            self._pause(_PAUSE_SECONDS)

    def _view(self, account: str, asked: str) -> IntentView:
        first = load(self._store, OrderIntent, intent_key(account, asked))
        if first is None:
            raise BadInput(f"account {account!r} has no intent {asked!r}")
        intent = self._latest(first)
        return IntentView(
            intent_id=asked,
            kind=intent.kind,
            state=intent.state,
            answered=intent.state not in _OPEN,
            broker_order_id=intent.broker_order_id or intent.target_order_id,
            gtt_id=intent.target_gtt_id,
            broker_status=intent.broker_status,
            message=intent.status_message or (intent.reason if intent.state == "DROPPED" else ""),
            tradingsymbol=intent.terms.tradingsymbol,
            transaction_type=intent.terms.transaction_type,
            quantity=intent.terms.quantity,
            filled_quantity=intent.filled_quantity,
            average_price=intent.average_price,
            parts=tuple(
                OrderPart(
                    part.broker_order_id, part.status, part.quantity, part.filled_quantity, part.average_price
                )
                for part in intent.slices
            ),
            followed_by=None if intent is first else intent.intent_id,
            as_of=intent.as_of,
        )

    def _latest(self, intent: OrderIntent) -> OrderIntent:
        """The last of those that followed an intent whose refusals were cured."""
        purpose = _PURPOSES.get(intent.kind)
        while purpose is not None and intent.state == "REJECTED" and intent.attempt < _MOST_ATTEMPTS:
            day, number = intent.as_of.date(), intent.attempt + 1
            following = intent_id(intent.account, purpose, day, intent.intent_id, "cured", number)
            found = load(self._store, OrderIntent, intent_key(intent.account, following))
            if found is None:
                break
            intent = found
        return intent
