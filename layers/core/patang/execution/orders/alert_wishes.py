"""Alerts that place orders (ATO), as people ask for them: looked at like orders, written as intents.

What goes off at the broker months from now knows no halt, limit or hour of the desk: so each of its orders is
of a price and size known today, and none can leave the account short. Sales are of delivered shares alone,
which the broker sells only if they are there.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from patang.alerts.terms import AlertOrder, AlertTerms, stands_as
from patang.approvals.proposal import OrderTerms
from patang.execution.ids import Purpose, intent_id
from patang.execution.intent import OrderIntent
from patang.execution.orders.broken import Broken
from patang.execution.orders.first_sessions import more_than_a_lot
from patang.execution.orders.market_facts import MarketFacts
from patang.execution.orders.order_desk import OrderDesk
from patang.execution.orders.placing import GOOD_FOR, too_much_sold
from patang.execution.orders.request_book import Decision
from patang.execution.orders.requests import DeleteAlert, ModifyAlert, PlaceAlert
from patang.execution.orders.sellable import Line
from patang.execution.prices import on_tick, tick_floor
from patang.kite_replies.alerts import Alert

__all__ = ["decide_alert", "decide_alert_change", "decide_alert_deletion"]

type _Kind = Literal["ALERT_PLACE", "ALERT_MODIFY", "ALERT_DELETE"]
_PURPOSES: dict[_Kind, Purpose] = {
    "ALERT_PLACE": "alert_place",
    "ALERT_MODIFY": "alert_modify",
    "ALERT_DELETE": "alert_delete",
}


def decide_alert(desk: OrderDesk, account: str, request_id: str, wish: PlaceAlert, actor: str) -> Decision:
    """Raises as the reads of Broker and MarketData do where a rule cannot be looked at."""
    as_of = desk.moment()
    broken = tuple(_broken(desk, account, wish.alert, as_of))
    if not broken:
        alike = next(
            (a for a in desk.broker(account).alerts() if _waits(a) and stands_as(wish.alert, a)), None
        )
        if alike is not None:
            broken = (Broken("alert", wish.alert.name, f"it stands already, as {alike.uuid}"),)
    if broken:
        return Decision(as_of, broken)
    return Decision(
        as_of, intents=(_intent(desk, account, request_id, "ALERT_PLACE", wish.alert, as_of, actor),)
    )


def decide_alert_change(
    desk: OrderDesk, account: str, request_id: str, wish: ModifyAlert, actor: str
) -> Decision:
    """All of the alert as it is to stand; it is enabled again then. Raises as `decide_alert` does."""
    as_of = desk.moment()
    found = _of_broker(desk, account, wish.uuid)
    if isinstance(found, Broken):
        return Decision(as_of, (found,))
    broken = tuple(_broken(desk, account, wish.alert, as_of))
    if broken:
        return Decision(as_of, broken)
    intent = _intent(desk, account, request_id, "ALERT_MODIFY", wish.alert, as_of, actor, wish.uuid)
    return Decision(as_of, intents=(intent,))


def decide_alert_deletion(
    desk: OrderDesk, account: str, request_id: str, wish: DeleteAlert, actor: str
) -> Decision:
    """Raises as the reads of Broker do."""
    as_of = desk.moment()
    found = _of_broker(desk, account, wish.uuid)
    stopped = desk.account_broken(account, as_of, buying=False)
    if stopped is not None or isinstance(found, Broken):
        return Decision(as_of, tuple(rule for rule in (stopped, found) if isinstance(rule, Broken)))
    first = found.basket.items[0] if found.basket and found.basket.items else None
    if first is None or first.params.price is None:
        no = Broken("uuid", wish.uuid, "the broker does not tell its orders: delete it in the broker's app")
        return Decision(as_of, (no,))
    intent = OrderIntent(
        account=account,
        intent_id=intent_id(account, "alert_delete", as_of.date(), request_id),
        kind="ALERT_DELETE",
        terms=OrderTerms(
            account=account,
            mode=desk.settings(buying=False).mode,
            exchange=first.exchange,
            tradingsymbol=first.tradingsymbol,
            transaction_type="SELL" if first.params.transaction_type == "SELL" else "BUY",
            quantity=first.params.quantity,
            order_type="LIMIT",
            product=first.params.product,
            price=first.params.price,
        ),
        target_order_id=wish.uuid,
        as_of=as_of,
        written_at=desk.clock.now(),
        reducing=True,
        wanted_by=actor,
        reason=f"asked for by {actor}",
    )
    return Decision(as_of, intents=(intent,))


def _broken(desk: OrderDesk, account: str, alert: AlertTerms, as_of: datetime) -> Iterator[Broken]:
    """Every rule that the alert's orders break."""
    buying = any(order.transaction_type == "BUY" for order in alert.orders)
    mode = desk.settings(buying=buying).mode
    if mode == "paper":
        yield Broken("mode", mode, "the broker would place real orders when it goes off: not on paper")
        return
    seen = desk.look({f"{o.exchange}:{o.tradingsymbol}" for o in alert.orders}, buying=buying)
    for number, order in enumerate(alert.orders):
        buys = order.transaction_type == "BUY"
        stopped = desk.account_broken(account, as_of, buying=buys, product=order.product)
        if stopped is not None:
            yield stopped
            return
        facts = desk.facts(order.exchange, order.tradingsymbol, as_of, buying=buys, seen=seen)
        found = [facts] if isinstance(facts, Broken) else list(_order(desk, account, order, facts, as_of))
        yield from (rule._replace(field=f"orders[{number}].{rule.field}") for rule in found)


def _order(
    desk: OrderDesk, account: str, order: AlertOrder, facts: MarketFacts, as_of: datetime
) -> Iterator[Broken]:
    listed, units = facts.instrument, str(order.quantity)
    if listed.instrument_type == "INDEX":
        yield Broken("tradingsymbol", listed.tradingsymbol, "an index does not trade")
        return
    if not on_tick(order.price, listed.tick_size):
        lower = tick_floor(order.price, listed.tick_size)
        yield Broken("price", str(order.price), f"give a multiple of the tick: {lower}")
    if order.quantity % listed.lot_size:
        yield Broken("quantity", units, f"give a multiple of the lot of {listed.lot_size}")
    if facts.largest is not None and order.quantity > facts.largest:
        yield Broken("quantity", units, f"its order would be frozen: {facts.largest} at most")
    if order.transaction_type == "BUY":
        large = more_than_a_lot(desk, account, as_of, listed, order.quantity)
        if large is not None:
            yield large
    elif order.product != "CNC":
        yield Broken("product", order.product, "an alert sells delivered shares (CNC) alone: use a GTT")
    else:
        line = Line(order.exchange, order.tradingsymbol, order.product)
        sold = too_much_sold(desk, account, line, order.quantity, as_of)
        if sold is not None:
            yield sold


def _of_broker(desk: OrderDesk, account: str, uuid: str) -> Alert | Broken:
    found = next((alert for alert in desk.broker(account).alerts() if alert.uuid == uuid), None)
    if found is None or found.status == "deleted":
        return Broken("uuid", uuid, "the broker has no such alert")
    if found.type != "ato":
        return Broken("uuid", uuid, "it places no orders: it is changed and deleted as an alert")
    return found


def _waits(alert: Alert) -> bool:
    return alert.type == "ato" and alert.status == "enabled"


def _intent(
    desk: OrderDesk,
    account: str,
    request_id: str,
    kind: _Kind,
    alert: AlertTerms,
    as_of: datetime,
    actor: str,
    uuid: str | None = None,
) -> OrderIntent:
    """`terms` are of the first order that it places: what the lane looks at before it asks."""
    first, now = alert.orders[0], desk.clock.now()
    buying = any(order.transaction_type == "BUY" for order in alert.orders)
    return OrderIntent(
        account=account,
        intent_id=intent_id(account, _PURPOSES[kind], as_of.date(), request_id),
        kind=kind,
        terms=first.order_terms(account, desk.settings(buying=False).mode),
        alert=alert,
        target_order_id=uuid,
        as_of=as_of,
        written_at=now,
        stale_after=now + GOOD_FOR if buying else None,
        reducing=not buying,
        wanted_by=actor,
        reason=f"asked for by {actor}",
    )
