"""An order that stands at the broker, found by the broker's id or by its intent's: whose it is, and its
terms.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from patang.approvals.proposal import OrderTerms
from patang.execution.ids import is_intent_id
from patang.execution.intent import OrderIntent
from patang.execution.orders.broken import Broken
from patang.execution.orders.order_desk import OrderDesk
from patang.execution.protection.triggered import linked_intent, named_trigger
from patang.keys import intent_key
from patang.portfolio.held import latest_positions
from patang.ports import BrokerOrder
from patang.records import load

__all__ = ["Standing", "find_standing"]

_ENDED = frozenset({"COMPLETE", "REJECTED", "CANCELLED"})
# What the order book says in other words than an order is placed with: the product of a cover order.
_PRODUCTS = {"CO": "MIS", "BO": "MIS"}
_SAID = (
    "variety",
    "exchange",
    "tradingsymbol",
    "transaction_type",
    "quantity",
    "order_type",
    "product",
    "validity",
)


@dataclass(frozen=True, slots=True)
class Standing:
    """`orders` as the book has them, live ones only; `intent` is the one they belong to, None for an order
    that somebody has placed elsewhere.
    """

    orders: tuple[BrokerOrder, ...]
    intent: OrderIntent | None = None

    def parent_of(self, order: BrokerOrder) -> str | None:
        """The first leg of a cover order, for its second."""
        return str(order.raw.get("parent_order_id") or "") or None

    def terms_of(self, order: BrokerOrder, account: str, desk: OrderDesk) -> OrderTerms | Broken:
        """As it stands in the book now: what was changed since it was placed counts, what the book shows in
        other words (market protection is one) does not."""
        said = {name: order.raw[name] for name in _SAID if order.raw.get(name)}
        said["product"] = _PRODUCTS.get(str(said.get("product")), said.get("product"))
        said |= _prices(order.raw)
        if self.intent is not None:
            kept = self.intent.terms.model_dump(exclude={"price", "trigger_price", "autoslice"})
            said = kept | {name: said[name] for name in said if name in _CHANGING}
        else:
            said |= {"account": account, "mode": desk.settings(buying=False).mode}
        try:
            return OrderTerms.model_validate(said)
        except ValidationError as error:
            fields = ", ".join(str(wrong["loc"][0]) for wrong in error.errors())
            return Broken("order_id", order.order_id, f"its {fields} are not of an order that Patang knows")


_CHANGING = frozenset({"quantity", "order_type", "price", "trigger_price", "validity"})


def find_standing(desk: OrderDesk, account: str, order_id: str) -> Standing | Broken:
    """The live orders under an id; a broken rule where none stands. An intent that was not sent yet has none.

    Raises as the reads of Broker do.
    """
    intent = None
    if is_intent_id(order_id):
        intent = load(desk.store, OrderIntent, intent_key(account, order_id))
        if intent is None:
            return Broken("order_id", order_id, "the account has no such intent")
        if intent.is_final:
            return Broken("order_id", order_id, f"it has ended {intent.state}: there is nothing to change")
        if intent.state == "NEW":
            return Standing((), intent)
    book = desk.broker(account).orders()
    wanted = {order_id} if intent is None else {intent.broker_order_id}
    found = [order for order in book if order.order_id in wanted or (intent and _is_of(order, intent))]
    if not found:
        return Broken("order_id", order_id, "the broker's order book has no such order today")
    live = tuple(order for order in found if order.status not in _ENDED)
    if not live:
        return Broken("order_id", order_id, f"it has ended {found[-1].status}: there is nothing to change")
    if live[0].raw.get("parent_order_id"):
        # The second leg of a cover order has the tag of the first, and a life of its own.
        return Standing(live)
    if intent is None:
        intent = _owner_of(desk, account, live[0])
    guarded = _triggered_for(desk, account, live[0]) if intent is None else None
    if guarded is not None:
        return Broken(
            "order_id", order_id, f"it sells position {guarded} of Patang's: exit that, or leave it"
        )
    return Standing(live, intent)


def _owner_of(desk: OrderDesk, account: str, order: BrokerOrder) -> OrderIntent | None:
    """The intent that an order was placed for, or was adopted as."""
    if is_intent_id(order.tag):
        return load(desk.store, OrderIntent, intent_key(account, order.tag))
    return linked_intent(desk.store, account, order.order_id)


def _triggered_for(desk: OrderDesk, account: str, order: BrokerOrder) -> str | None:
    """The position whose trigger has placed this order, before the desk has adopted it."""
    if order.tag or order.transaction_type != "SELL":
        return None
    guarding = {
        p.protection.gtt_id: p.position_id
        for p in latest_positions(desk.store, account)
        if p.protection is not None
        and p.protection.gtt_id is not None
        and (p.exchange, p.symbol) == (order.exchange, order.tradingsymbol)
    }
    if not guarding:
        return None
    named = named_trigger(order)
    if named is not None:
        return guarding.get(named)
    placed = (gtt.gtt_id for gtt in desk.broker(account).gtts() if order.order_id in gtt.order_ids)
    return next((guarding[gtt_id] for gtt_id in placed if gtt_id in guarding), None)


def _is_of(order: BrokerOrder, intent: OrderIntent) -> bool:
    return order.tag == intent.intent_id and not order.raw.get("parent_order_id")


def _prices(raw: Mapping[str, Any]) -> dict[str, Decimal | None]:
    """Limit and trigger where the type has them; the book shows 0 for none, or what was traded at."""
    kind = str(raw.get("order_type"))
    limit = Decimal(str(raw.get("price") or 0)) if kind in ("LIMIT", "SL") else Decimal(0)
    trigger = Decimal(str(raw.get("trigger_price") or 0))
    return {"price": limit or None, "trigger_price": trigger or None}
