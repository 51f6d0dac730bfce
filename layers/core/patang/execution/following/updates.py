"""Following orders: what the broker tells of them, in any order, any number of times, from any source."""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from patang.errors import BadInput
from patang.execution.amendments import Amendments
from patang.execution.following.broker_order import parse_order
from patang.execution.following.consequences import Notice, Settlement, tell
from patang.execution.following.fill_price import is_first_price, presumed, told
from patang.execution.following.fill_quality import latencies
from patang.execution.following.late_prices import is_priced
from patang.execution.following.settlement import settle
from patang.execution.following.slices import sliced
from patang.execution.intent import IntentState, OrderIntent
from patang.execution.journal import journal
from patang.execution.lane.second_try import awaiting_cure
from patang.execution.orders.basket_rest import BasketRest
from patang.execution.protection.protector import Protector
from patang.execution.protection.rules import has_triggered
from patang.execution.protection.triggered import adopt, linked_intent, named_trigger
from patang.execution.reconciliation.asking import Reconciliations
from patang.keys import OPEN_POSITIONS, intent_key
from patang.portfolio.position import Position
from patang.ports import BrokerOrder, Clock, Metrics, Notifier, StateStore, Write
from patang.records import change, load, load_index, replace
from patang.trail.ids import learned, on_trail

__all__ = ["OrderUpdates", "UpdateResult", "followed"]

type UpdateResult = Literal["APPLIED", "UNCHANGED", "REFUSED", "FOREIGN"]

_BROKER_FINALS: dict[str, IntentState] = {
    "COMPLETE": "COMPLETE",
    "REJECTED": "REJECTED",
    "CANCELLED": "CANCELLED",
}
# The broker's words for an order that has not reached the exchange yet, and may never:
# https://kite.trade/docs/connect/v3/orders/
_ON_ITS_WAY = frozenset({"PUT ORDER REQ RECEIVED", "VALIDATION PENDING", "OPEN PENDING"})
_LONGEST_TAG = 20
# Sources that tell how an order stands now; a frame tells how it stood when it left.
_BOOK = frozenset({"poll", "lookup"})


class _Heard(NamedTuple):
    result: UpdateResult
    settlement: Settlement
    intent: OrderIntent | None
    took: Mapping[str, float] = MappingProxyType({})
    news: bool = True
    priced: bool = False


class OrderUpdates:
    """Applies order frames, postbacks and rows of the order book to the intents they belong to."""

    def __init__(
        self,
        store: StateStore,
        amendments: Amendments,
        protector: Protector,
        reconciliations: Reconciliations,
        clock: Clock,
        notifier: Notifier,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._amendments = amendments
        self._baskets = BasketRest(store, amendments, clock)
        self._protector = protector
        self._reconciliations = reconciliations
        self._clock = clock
        self._notifier = notifier
        self._metrics = metrics

    def apply(self, update: Mapping[str, Any]) -> UpdateResult:
        """`update` has account, source, order (the broker's JSON) and received_at.

        Raises BadInput if it does not parse, WriteConflict if the state would not hold still.
        """
        account, order = update.get("account"), update.get("order")
        if not isinstance(account, str) or not account or not isinstance(order, Mapping):
            raise BadInput(f"an order update needs an account and an order, not {dict(update)!r:.300}")
        return self.apply_order(account, parse_order(order), str(update.get("source") or "unknown"))

    def apply_order(self, account: str, order: BrokerOrder, source: str) -> UpdateResult:
        """The same for an order that is parsed already; `source` is frame, postback or poll."""
        with on_trail(account=account):
            self._adopt(account, order)
            heard = self._take(account, order, source)
            if heard.priced:
                # What else the same word tells is another change, with consequences of its own.
                self._take(account, order, source)
            self._metrics.count(
                "order_updates",
                source=source,
                result=heard.result,
                status=order.status,
                broker_order_id=order.order_id,
            )
        return heard.result

    def _take(self, account: str, order: BrokerOrder, source: str) -> _Heard:
        heard = change(self._store, lambda: self._decide(account, order, source))
        if heard.intent is not None:
            known = heard.intent
            learned(intent_id=known.intent_id, order_id=known.order_id, position_id=known.position_id)
        tell(self._notifier, self._metrics, heard.settlement.notices)
        if heard.intent is not None and heard.result == "REFUSED":
            self._amendments.cure(heard.intent)
        if heard.intent is not None and heard.settlement.stray:
            self._amendments.cancel(heard.intent, order.updated_at or heard.intent.as_of, "a sell too many")
        if heard.intent is not None and heard.result == "APPLIED":
            as_of = order.updated_at or heard.intent.as_of
            self._protector.follow(heard.intent, as_of)
            self._baskets.follow(heard.intent, as_of)
        if heard.result == "FOREIGN" and heard.news:
            self._look_after(account, order)
        if "order_to_fill_ms" in heard.took:
            self._metrics.duration_ms("order_to_fill", heard.took["order_to_fill_ms"], source=source)
        return heard

    def _decide(self, account: str, order: BrokerOrder, source: str) -> tuple[_Heard, list[Write]]:
        tagged = order.tag.isalnum() and len(order.tag) <= _LONGEST_TAG
        intent = load(self._store, OrderIntent, intent_key(account, order.tag)) if tagged else None
        intent = intent or linked_intent(self._store, account, order.order_id)
        if intent is None:
            told = self._foreign(account, order, source)
            return _Heard("FOREIGN", Settlement(), None, news=bool(told)), told
        new = followed(intent, order)
        if source in _BOOK:
            new = _at_its_price(new, order)
        now = self._clock.now()
        waiting = awaiting_cure(intent, new, now)
        if new == intent or waiting is intent:
            return _Heard("UNCHANGED", Settlement(), intent), []
        if waiting is not None:
            return _Heard("REFUSED", Settlement(), waiting), [replace(waiting)]
        as_of = order.updated_at or intent.as_of
        settlement = settle(self._store, intent, new, as_of, now, source)
        if is_priced(intent, new):
            return _Heard("APPLIED", settlement, new, priced=True), settlement.writes
        if intent.is_final and not intent.never_arrived:
            text = f"{intent.intent_id} had ended {intent.state} and was then told {order.status}."
            settlement.notices.append(Notice("Fill after the end", text, "fill_after_end"))
        took = latencies(new, as_of, now) if new.filled_quantity > intent.filled_quantity else {}
        return _Heard("APPLIED", settlement, new, took), settlement.writes

    def _adopt(self, account: str, order: BrokerOrder) -> None:
        """The order of a trigger of ours carries no tag, and says of which it comes."""
        gtt_id = named_trigger(order)
        if gtt_id is not None and linked_intent(self._store, account, order.order_id) is None:
            price, as_of = Decimal(str(order.raw.get("price") or 0)), order.updated_at or self._clock.now()
            adopt(self._store, self._clock, account, gtt_id, order.order_id, price, as_of)

    def _look_after(self, account: str, order: BrokerOrder) -> None:
        """The owner has sold something that we hold: what protects it must not sell it again, and that does
        not wait for the minute."""
        if order.transaction_type != "SELL" or not order.filled_quantity:
            return
        held = load_index(self._store, Position, OPEN_POSITIONS, f"{account}#")
        if not any(position.symbol == order.tradingsymbol for position in held):
            return
        try:
            self._reconciliations.ask([account])
        except Exception as error:
            # The update is taken; the minute's comparison comes anyway.
            self._metrics.count("reconciliation_not_asked", error=type(error).__name__)

    def _foreign(self, account: str, order: BrokerOrder, source: str) -> list[Write]:
        """An order that is not ours is recorded once for each thing it does, and otherwise left alone."""
        now = self._clock.now()
        event = journal(
            account,
            "FOREIGN_ORDER",
            f"{order.order_id}#{order.status}#{order.filled_quantity}",
            order.updated_at or now,
            now,
            broker_order_id=order.order_id,
            tag=order.tag,
            status=order.status,
            symbol=order.tradingsymbol,
            transaction_type=order.transaction_type,
            quantity=order.quantity,
            filled_quantity=order.filled_quantity,
            source=source,
        )
        return [] if self._store.get(event.key) is not None else [event]


def followed(intent: OrderIntent, order: BrokerOrder) -> OrderIntent:
    """The intent after hearing of its order; the same object's equal if that is no news.

    Only forwards: filled quantity never falls and what the broker called final stays, except that a fill
    which the broker reports after all counts, and an end that only we had concluded gives way. The first
    price of what was filled without one is news by itself: what else the order tells is heard the next time.
    """
    if order.transaction_type != intent.terms.transaction_type:
        # The second leg of a cover order has the tag of the first, and is the broker's own affair.
        return intent
    if intent.is_final and order.status in _ON_ITS_WAY:
        # Told late of one that was refused. Should it stand after all, the next word of it says so.
        return intent
    if intent.terms.in_several:
        return sliced(intent, order)
    if intent.broker_order_id == order.order_id and is_first_price(intent, order):
        return intent.evolve(**told(intent, order)._asdict())
    grown = order.filled_quantity > intent.filled_quantity
    target = _BROKER_FINALS.get(order.status, "ACKED")
    settled = intent.is_final and not intent.never_arrived
    state = intent.state if settled and not grown else target
    if settled and grown and target == "ACKED":
        state = intent.state
    known = state == intent.state and not grown and intent.broker_order_id == order.order_id
    if known and not _tells_of_its_trigger(intent, order):
        return intent
    filled = told(intent, order)
    presumes = filled.unpriced_quantity and intent.presumed_price is None
    return intent.evolve(
        state=state,
        broker_order_id=order.order_id,
        broker_status=order.status,
        status_message=order.status_message or intent.status_message,
        presumed_price=presumed(intent) if presumes else intent.presumed_price,
        **filled._asdict(),
    )


def _at_its_price(intent: OrderIntent, order: BrokerOrder) -> OrderIntent:
    """The broker takes a change before the exchange has: where that refuses it, the order stands at its limit
    of before, and has to be changed again."""
    price = Decimal(str(order.raw.get("price") or 0))
    if intent.state != "ACKED" or order.status != "OPEN" or intent.terms.in_several:
        return intent
    if intent.limit_price is None or price <= 0 or price == intent.limit_price:
        return intent
    return intent.evolve(limit_price=price)


def _tells_of_its_trigger(intent: OrderIntent, order: BrokerOrder) -> bool:
    """Whether a live stop is heard to wait for its trigger for the first time, or to have met it: that is
    news of an order which stands all the while, and is not taken back by an older frame."""
    if intent.kind != "PROTECT" or intent.is_final or has_triggered(intent):
        return False
    return order.status == "OPEN" or (order.status == "TRIGGER PENDING" and intent.broker_status is None)
