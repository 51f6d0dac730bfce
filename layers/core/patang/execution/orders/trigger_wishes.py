"""Triggers (GTT) and conversions of people: looked at like orders, written as intents."""

from datetime import datetime
from decimal import Decimal
from typing import Literal

from patang.approvals.proposal import OrderTerms
from patang.errors import TryAgain
from patang.execution.gtt_terms import GttTerms
from patang.execution.ids import intent_id
from patang.execution.intent import OrderIntent
from patang.execution.lane.trigger_match import ENDED, matching
from patang.execution.orders.broken import Broken
from patang.execution.orders.first_sessions import more_than_a_lot
from patang.execution.orders.gtt_rules import MOST_TRIGGERS, gtt_market_broken
from patang.execution.orders.market_facts import MarketFacts
from patang.execution.orders.order_desk import OrderDesk
from patang.execution.orders.placing import GOOD_FOR, too_much_sold
from patang.execution.orders.request_book import Decision
from patang.execution.orders.requests import ConvertPosition, DeleteGtt, ModifyGtt, PlaceGtt
from patang.execution.orders.sellable import Line
from patang.keys import LIVE_INTENTS
from patang.portfolio.held import latest_positions
from patang.ports import Gtt
from patang.records import load_index

__all__ = ["decide_conversion", "decide_deletion", "decide_trigger", "decide_trigger_change"]


def decide_trigger(desk: OrderDesk, account: str, request_id: str, wish: PlaceGtt, actor: str) -> Decision:
    """Raises as the reads of Broker and MarketData do where a rule cannot be looked at."""
    as_of = desk.moment()
    active = sum(gtt.status == "active" for gtt in desk.broker(account).gtts())
    if active >= MOST_TRIGGERS:
        full = Broken("gtt", str(active), f"the broker keeps {MOST_TRIGGERS} at a time: delete one first")
        return Decision(as_of, (full,))
    looked = _looked_at(desk, account, wish, as_of)
    if not isinstance(looked, MarketFacts):
        return Decision(as_of, looked)
    terms = wish.gtt_terms(_last_price(looked))
    purpose = intent_id(account, "gtt_place", as_of.date(), request_id)
    return Decision(as_of, intents=(_intent(desk, account, purpose, "GTT_PLACE", terms, as_of, actor),))


def decide_trigger_change(
    desk: OrderDesk, account: str, request_id: str, wish: ModifyGtt, actor: str
) -> Decision:
    """The whole trigger as it is to stand. Raises as `decide_trigger` does."""
    as_of = desk.moment()
    found = _waiting(desk, account, wish.gtt_id)
    if isinstance(found, Broken):
        return Decision(as_of, (found,))
    there = found.request
    if (there.exchange, there.tradingsymbol) != (wish.exchange, wish.tradingsymbol):
        other = Broken("tradingsymbol", wish.tradingsymbol, f"the trigger is of {there.tradingsymbol}")
        return Decision(as_of, (other,))
    looked = _looked_at(desk, account, wish, as_of)
    if not isinstance(looked, MarketFacts):
        return Decision(as_of, looked)
    terms = wish.gtt_terms(_last_price(looked))
    name = intent_id(account, "gtt_modify", as_of.date(), request_id)
    intent = _intent(desk, account, name, "GTT_MODIFY", terms, as_of, actor, wish.gtt_id)
    return Decision(as_of, intents=(intent,))


def decide_deletion(desk: OrderDesk, account: str, request_id: str, wish: DeleteGtt, actor: str) -> Decision:
    """Raises as the reads of Broker do."""
    as_of = desk.moment()
    found = _waiting(desk, account, wish.gtt_id)
    if isinstance(found, Broken):
        return Decision(as_of, (found,))
    terms = GttTerms.model_validate(
        {
            "kind": found.request.kind,
            "exchange": found.request.exchange,
            "tradingsymbol": found.request.tradingsymbol,
            "triggers": found.request.trigger_values,
            "last_price": found.request.last_price,
            "legs": [
                {
                    "transaction_type": leg.transaction_type,
                    "quantity": leg.quantity,
                    "product": leg.product,
                    "price": leg.price,
                }
                for leg in found.request.legs
            ],
        }
    )
    name = intent_id(account, "gtt_delete", as_of.date(), request_id)
    intent = _intent(desk, account, name, "GTT_DELETE", terms, as_of, actor, wish.gtt_id)
    return Decision(as_of, intents=(intent,))


def decide_conversion(
    desk: OrderDesk, account: str, request_id: str, wish: ConvertPosition, actor: str
) -> Decision:
    """Of units that are neither Patang's nor stand to be sold: what guards those knows their product.

    Raises as the reads of Broker do.
    """
    as_of = desk.moment()
    broken = desk.account_broken(account, as_of, buying=False) or too_much_sold(
        desk, account, Line(wish.exchange, wish.tradingsymbol, wish.old_product), wish.quantity, as_of
    )
    if broken is not None:
        return Decision(as_of, (broken,))
    now = desk.clock.now()
    intent = OrderIntent(
        account=account,
        intent_id=intent_id(account, "convert", as_of.date(), request_id),
        kind="CONVERT",
        terms=OrderTerms(
            account=account,
            mode=desk.settings(buying=False).mode,
            exchange=wish.exchange,
            tradingsymbol=wish.tradingsymbol,
            transaction_type=wish.transaction_type,
            quantity=wish.quantity,
            order_type="MARKET",
            product=wish.old_product,
        ),
        changes={"product": wish.new_product, "position_type": wish.position_type},
        as_of=as_of,
        written_at=now,
        reducing=True,
        wanted_by=actor,
        reason=f"asked for by {actor}",
    )
    return Decision(as_of, intents=(intent,))


def _looked_at(
    desk: OrderDesk, account: str, wish: PlaceGtt | ModifyGtt, as_of: datetime
) -> MarketFacts | tuple[Broken, ...]:
    """The market of a trigger that breaks no rule, or the rules that it breaks."""
    buying = any(leg.transaction_type == "BUY" for leg in wish.legs)
    stopped = desk.account_broken(account, as_of, buying=buying, product=wish.legs[0].product)
    if stopped is not None:
        return (stopped,)
    # Which way a trigger is crossed comes from the last price: without a quote there is none to lay down.
    facts = desk.facts(wish.exchange, wish.tradingsymbol, as_of, buying=True)
    if isinstance(facts, Broken):
        return (facts,)
    broken = gtt_market_broken(wish.trigger_values, wish.legs, facts)
    if not broken and buying:
        bought = max(leg.quantity for leg in wish.legs if leg.transaction_type == "BUY")
        large = more_than_a_lot(desk, account, as_of, facts.instrument, bought)
        broken = () if large is None else (large,)
    if broken or buying:
        return broken or facts
    line = Line(wish.exchange, wish.tradingsymbol, wish.legs[0].product)
    but = wish.gtt_id if isinstance(wish, ModifyGtt) else None
    sold = too_much_sold(desk, account, line, max(leg.quantity for leg in wish.legs), as_of, but)
    return facts if sold is None else (sold,)


def _waiting(desk: OrderDesk, account: str, gtt_id: str) -> Gtt | Broken:
    """An active trigger that guards no position of Patang's."""
    found = next((gtt for gtt in desk.broker(account).gtts() if gtt.gtt_id == gtt_id), None)
    if found is None:
        return Broken("gtt_id", gtt_id, "the broker has no such trigger")
    if found.status in ENDED:
        return Broken("gtt_id", gtt_id, f"it is {found.status}: there is nothing to change")
    for position in latest_positions(desk.store, account):
        if position.protection is not None and position.protection.gtt_id == gtt_id:
            return Broken("gtt_id", gtt_id, f"it guards position {position.position_id}: exit that instead")
    if _is_being_laid(desk, account, found):
        # Changed, it could not be told any more that it is the one.
        return Broken("gtt_id", gtt_id, "it is just being laid: ask again in half a minute")
    return found


def _is_being_laid(desk: OrderDesk, account: str, gtt: Gtt) -> bool:
    """Whether it may be the trigger of an intent of which nobody has heard yet what has become of it."""
    live = load_index(desk.store, OrderIntent, LIVE_INTENTS, f"{account}#")
    return any(
        matching(intent, [gtt], ())
        for intent in live
        if intent.kind == "GTT_PLACE" and intent.state in ("SENDING", "UNKNOWN")
    )


def _last_price(facts: MarketFacts) -> Decimal:
    if facts.quote is None:
        raise TryAgain(f"there is no quote of {facts.instrument.identifier}: no trigger is laid without one")
    return facts.quote.last_price


def _intent(
    desk: OrderDesk,
    account: str,
    name: str,
    kind: Literal["GTT_PLACE", "GTT_MODIFY", "GTT_DELETE"],
    gtt: GttTerms,
    as_of: datetime,
    actor: str,
    gtt_id: str | None = None,
) -> OrderIntent:
    """`terms` are of the order that the first leg places: what the lane looks at before it asks."""
    first, now = gtt.legs[0], desk.clock.now()
    buying = first.transaction_type == "BUY"
    return OrderIntent(
        account=account,
        intent_id=name,
        kind=kind,
        terms=OrderTerms(
            account=account,
            mode=desk.settings(buying=False).mode,
            exchange=gtt.exchange,
            tradingsymbol=gtt.tradingsymbol,
            transaction_type=first.transaction_type,
            quantity=max(leg.quantity for leg in gtt.legs),
            order_type="LIMIT",
            product=first.product,
            price=first.price,
        ),
        gtt=gtt,
        target_gtt_id=gtt_id,
        as_of=as_of,
        written_at=now,
        stale_after=now + GOOD_FOR if buying else None,
        reducing=not buying,
        wanted_by=actor,
        reason=f"asked for by {actor}",
    )
