"""Changes and cancels of standing orders: of people's own, and of those that were placed elsewhere.

What rests or sells for a position of Patang's is not for them: its exit would be left without, or sell twice.
"""

from collections.abc import Mapping
from datetime import datetime

from patang.approvals.proposal import OrderTerms
from patang.execution.amendments import MOST_MODIFICATIONS
from patang.execution.ids import intent_id
from patang.execution.intent import OrderIntent
from patang.execution.margin_check import check_margin
from patang.execution.orders.broken import Broken
from patang.execution.orders.first_sessions import more_than_a_lot
from patang.execution.orders.form_rules import form_broken
from patang.execution.orders.market_rules import market_broken
from patang.execution.orders.order_desk import OrderDesk
from patang.execution.orders.placing import GOOD_FOR, too_much_sold
from patang.execution.orders.request_book import Decision
from patang.execution.orders.requests import CancelOrder, ModifyOrder
from patang.execution.orders.sellable import Line
from patang.execution.orders.standing import Standing, find_standing
from patang.execution.terms import changed_terms
from patang.ports import BrokerOrder

__all__ = ["decide_cancel", "decide_change"]


def decide_change(desk: OrderDesk, account: str, request_id: str, wish: ModifyOrder, actor: str) -> Decision:
    """Raises as the reads of Broker and MarketData do where a rule cannot be looked at."""
    as_of = desk.moment()
    standing = find_standing(desk, account, wish.order_id)
    if isinstance(standing, Broken):
        return Decision(as_of, (standing,))
    refused = _not_changeable(standing, wish)
    if refused is not None:
        return Decision(as_of, (refused,))
    order = standing.orders[0]
    before = standing.terms_of(order, account, desk)
    if isinstance(before, Broken):
        return Decision(as_of, (before,))
    changes = wish.changes()
    after = changed_terms(before, changes)
    broken = _broken(desk, account, wish, order, before, after, as_of)
    if broken:
        return Decision(as_of, broken)
    rising = _is_rising(before, after)
    intent = _about(desk, account, request_id, 0, standing, order, after, as_of, actor, changes, rising)
    mine = standing.intent
    counted = () if mine is None else (mine.evolve(modifications=mine.modifications + 1, amended_at=as_of),)
    return Decision(as_of, intents=(intent,), changed=counted)


def decide_cancel(desk: OrderDesk, account: str, request_id: str, wish: CancelOrder, actor: str) -> Decision:
    """One cancel for each order that stands under the id. Raises as the reads of Broker do."""
    as_of = desk.moment()
    standing = find_standing(desk, account, wish.order_id)
    if isinstance(standing, Broken):
        return Decision(as_of, (standing,))
    mine = standing.intent
    refused = None if mine is None else _of_a_position(mine)
    if refused is not None:
        return Decision(as_of, (refused,))
    if mine is not None and mine.state == "NEW":
        # Whoever writes first has it: this, or the lane that claims it.
        dropped = mine.evolve(state="DROPPED", reason=f"cancelled by {actor} before it was sent")
        return Decision(as_of, changed=(dropped,), known=(mine.intent_id,))
    intents = []
    for number, order in enumerate(standing.orders):
        terms = standing.terms_of(order, account, desk)
        if isinstance(terms, Broken):
            return Decision(as_of, (terms,))
        intents.append(_about(desk, account, request_id, number, standing, order, terms, as_of, actor))
    counted = () if mine is None else (mine.evolve(cancels=mine.cancels + 1, amended_at=as_of),)
    return Decision(as_of, intents=tuple(intents), changed=counted)


def _of_a_position(intent: OrderIntent) -> Broken | None:
    if intent.position_id is not None and intent.kind != "ENTRY":
        what = "sells" if intent.kind in ("EXIT", "PROTECT") else "is about"
        remedy = f"it {what} position {intent.position_id} of Patang's: exit that, or leave it"
        return Broken("order_id", intent.intent_id, remedy)
    if intent.wanted_by is None and intent.kind != "ENTRY":
        return Broken("order_id", intent.intent_id, "it is the desk's own change of an order: leave it")
    if intent.kind == "ENTRY" and intent.state == "NEW":
        return Broken("order_id", intent.intent_id, "it is just being sent: halt the account, or ask again")
    return None


def _not_changeable(standing: Standing, wish: ModifyOrder) -> Broken | None:
    mine = standing.intent
    if mine is not None:
        if mine.kind == "ENTRY":
            return Broken("order_id", wish.order_id, "its terms are what was approved: cancel it instead")
        refused = _of_a_position(mine)
        if refused is not None:
            return refused
        if mine.modifications >= MOST_MODIFICATIONS:
            return Broken("order_id", wish.order_id, f"it was changed {MOST_MODIFICATIONS} times: cancel it")
    if not standing.orders:
        return Broken("order_id", wish.order_id, "it was not sent yet: ask again, or cancel it")
    if len(standing.orders) > 1:
        ids = ", ".join(order.order_id for order in standing.orders)
        return Broken("order_id", wish.order_id, f"it stands as several orders, name one of them: {ids}")
    return None


def _broken(
    desk: OrderDesk,
    account: str,
    wish: ModifyOrder,
    order: BrokerOrder,
    before: OrderTerms,
    after: OrderTerms,
    as_of: datetime,
) -> tuple[Broken, ...]:
    """The rules that the order would break as it is to stand, as if it were new."""
    if before.variety != wish.variety:
        return (Broken("variety", wish.variety, f"the order is {before.variety}"),)
    if after.quantity <= order.filled_quantity:
        filled = f"{order.filled_quantity} have traded: give more, or cancel the rest"
        return (Broken("quantity", str(after.quantity), filled),)
    rising = _is_rising(before, after)
    stopped = desk.account_broken(account, as_of, buying=rising, product=after.product)
    if stopped is not None:
        return (stopped,)
    facts = desk.facts(after.exchange, after.tradingsymbol, as_of, buying=rising)
    if isinstance(facts, Broken):
        return (facts,)
    if order.raw.get("parent_order_id"):
        # The stop of a cover order is a stop like any other, with a trigger and nothing else.
        found = _stop_broken(wish) or market_broken(after.model_copy(update={"variety": "regular"}), facts)
    else:
        found = form_broken(after) or market_broken(after, facts)
    if found:
        return found
    limit = _sold_beyond(desk, account, order, before, after, as_of)
    if limit is None and rising and after.quantity > before.quantity:
        limit = more_than_a_lot(desk, account, as_of, facts.instrument, after.quantity)
    if limit is None and rising and after.quantity > before.quantity:
        more = after.model_copy(update={"quantity": after.quantity - before.quantity})
        price = None if facts.quote is None else facts.quote.last_price
        refused = check_margin(more, desk.broker(account), desk.settings(buying=True), price)
        limit = None if refused is None else Broken("quantity", str(after.quantity), refused)
    return () if limit is None else (limit,)


def _stop_broken(wish: ModifyOrder) -> tuple[Broken, ...]:
    if wish.price is None:
        return ()
    return (Broken("price", str(wish.price), "this is the cover order's stop: give trigger_price"),)


def _sold_beyond(
    desk: OrderDesk,
    account: str,
    order: BrokerOrder,
    before: OrderTerms,
    after: OrderTerms,
    as_of: datetime,
) -> Broken | None:
    if after.transaction_type != "SELL" or after.quantity <= before.quantity:
        return None
    line = Line(after.exchange, after.tradingsymbol, after.product)
    units = after.quantity - order.filled_quantity
    return too_much_sold(desk, account, line, units, as_of, but=order.order_id)


def _is_rising(before: OrderTerms, after: OrderTerms) -> bool:
    """Whether a purchase becomes larger or dearer, which is stopped by what stops a new one."""
    if after.transaction_type == "SELL":
        return False
    dearer = after.price is None or before.price is None or after.price > before.price
    return after.quantity > before.quantity or (dearer and after.price != before.price)


def _about(
    desk: OrderDesk,
    account: str,
    request_id: str,
    number: int,
    standing: Standing,
    order: BrokerOrder,
    terms: OrderTerms,
    as_of: datetime,
    actor: str,
    changes: Mapping[str, str] | None = None,
    rising: bool = False,
) -> OrderIntent:
    """The intent that changes an order (`changes`) or cancels it (None)."""
    now, mine = desk.clock.now(), standing.intent
    kind = "cancel" if changes is None else "modify"
    return OrderIntent(
        account=account,
        intent_id=intent_id(
            account, "cancel" if changes is None else "modify", as_of.date(), request_id, number
        ),
        kind="CANCEL" if changes is None else "MODIFY",
        terms=terms,
        as_of=as_of,
        written_at=now,
        stale_after=now + GOOD_FOR if rising else None,
        wanted_by=actor,
        reason=f"{kind} asked for by {actor}",
        reducing=not rising,
        changes=changes,
        target_intent_id=None if mine is None else mine.intent_id,
        target_order_id=order.order_id,
        parent_order_id=standing.parent_of(order),
    )
