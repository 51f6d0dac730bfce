"""Orders and trades of the two sides: invariants R1 to R7 of docs/concepts/reconciliation.md."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, datetime

from patang.execution.ids import is_intent_id
from patang.execution.intent import PLACING, OrderIntent
from patang.execution.reconciliation.book import Book, is_over, line_of
from patang.execution.reconciliation.ledger import Ledger
from patang.execution.reconciliation.record import Difference
from patang.market.sessions import IST
from patang.portfolio.position import Position
from patang.ports import BrokerOrder

__all__ = ["check_orders"]


def check_orders(book: Book, ledger: Ledger, as_of: datetime) -> Iterator[Difference]:
    """What differs between the orders of the broker's book and ours on the market day of `as_of`."""
    day = as_of.astimezone(IST).date()
    owners = ledger.order_ids(book)
    of_intent: dict[str, list[BrokerOrder]] = {}
    for order in book.orders:
        if order.order_id in owners:
            of_intent.setdefault(owners[order.order_id], []).append(order)
    yield from _without_intent(book, owners)
    for intent in ledger.intents.values():
        if intent.kind in PLACING:
            # The second leg of a cover order has the tag of the first, and is the broker's own affair.
            side = intent.terms.transaction_type
            orders = [o for o in of_intent.get(intent.intent_id, []) if o.transaction_type == side]
            yield from _of_one(intent, orders, book, day)
    yield from _trades_differ(book, owners)
    yield from _positions_differ(ledger, day)


def _without_intent(book: Book, owners: Mapping[str, str]) -> Iterator[Difference]:
    """R1. A tag of our making that belongs to no intent: lost, or of another desk on the same account."""
    for order in book.orders:
        if order.order_id not in owners and is_intent_id(order.tag):
            yield Difference(
                kind="ORDER_WITHOUT_INTENT",
                symbol=order.order_id,
                ours="no intent",
                brokers=f"{order.status} {order.transaction_type} {order.tradingsymbol}, tag {order.tag}",
            )


def _of_one(intent: OrderIntent, orders: list[BrokerOrder], book: Book, day: date) -> Iterator[Difference]:
    filled = sum(order.filled_quantity for order in orders)
    moving = line_of(intent.terms.exchange, intent.terms.tradingsymbol, intent.terms.product) in book.moving
    if _is_several(orders) and not (intent.slices or intent.terms.in_several):
        # R2.
        yield _differs("DUPLICATE_ORDER", intent, "one order", f"{len(orders)} orders of this tag")
    if not orders:
        if intent.state == "ACKED" and intent.as_of.astimezone(IST).date() == day:
            # R3.
            yield _differs("ORDER_MISSING", intent, f"acknowledged as {intent.broker_order_id}", "none")
    elif not moving and (filled != intent.filled_quantity or _disagree(intent, orders)):
        # R4.
        yield _differs(
            "ORDER_DIFFERS",
            intent,
            f"{intent.state}, {intent.filled_quantity} filled",
            f"{'+'.join(order.status for order in orders)}, {filled} filled",
        )


def _is_several(orders: list[BrokerOrder]) -> bool:
    """Whether the broker has more than one order of this tag that he did not cut himself."""
    return sum(not order.raw.get("parent_order_id") for order in orders) > 1


def _disagree(intent: OrderIntent, orders: list[BrokerOrder]) -> bool:
    over = all(is_over(order) for order in orders)
    # One that waits to be looked up is being resolved; the lane knows no more yet.
    return intent.state not in ("SENDING", "UNKNOWN", "NEW") and over != intent.is_final


def _trades_differ(book: Book, owners: Mapping[str, str]) -> Iterator[Difference]:
    """R5. What was traded for an order of ours is what the order says it has filled."""
    traded: Counter[str] = Counter()
    for trade in book.trades:
        traded[trade.order_id] += trade.quantity
    for order in book.orders:
        line = line_of(order.exchange, order.tradingsymbol, str(order.raw.get("product") or ""))
        if order.order_id not in owners or line in book.moving:
            continue
        if traded[order.order_id] != order.filled_quantity:
            yield Difference(
                kind="TRADES_DIFFER",
                symbol=order.order_id,
                ours=f"{order.filled_quantity} filled by the order book",
                brokers=f"{traded[order.order_id]} traded",
            )


def _positions_differ(ledger: Ledger, day: date) -> Iterator[Difference]:
    positions = {p.position_id: p for p in (*ledger.open, *ledger.closed)}
    by_entry = {p.entry_intent_id: p for p in positions.values()}
    sold: Counter[str] = Counter()
    for intent in ledger.intents.values():
        if intent.kind == "ENTRY" and intent.filled_quantity:
            yield from _entry_differs(intent, by_entry.get(intent.intent_id))
        of_day = intent.as_of.astimezone(IST).date() == day
        if intent.kind in ("EXIT", "PROTECT") and intent.position_id and of_day:
            sold[intent.position_id] += intent.filled_quantity
    yield from _oversold(ledger, day)
    for position_id, quantity in sold.items():
        position = positions.get(position_id)
        booked = 0 if position is None else _sold_on(position, day)
        if quantity > booked:
            # R7.
            yield Difference(
                kind="POSITION_DIFFERS_FROM_ORDERS",
                symbol=position_id,
                ours=f"{booked} sold today",
                brokers=f"{quantity} sold by its orders",
            )


def _oversold(ledger: Ledger, day: date) -> Iterator[Difference]:
    """R9. Our exits and its owner's sales have not both sold the same units."""
    ended = [p for p in ledger.closed if p.exit_time and p.exit_time.astimezone(IST).date() == day]
    for position in (*ledger.open, *ended):
        if position.open_quantity < 0:
            yield Difference(
                kind="OVERSOLD",
                symbol=position.position_id,
                ours=f"{position.quantity} bought, {position.exited_quantity} sold",
                brokers=f"{position.quantity - position.open_quantity} sold in all",
            )


def _entry_differs(entry: OrderIntent, position: Position | None) -> Iterator[Difference]:
    """R6. What an entry has bought is a position, all of it."""
    if position is None or (position.price_break is None and position.quantity != entry.filled_quantity):
        yield Difference(
            kind="ENTRY_WITHOUT_POSITION",
            symbol=entry.intent_id,
            ours="no position" if position is None else f"a position of {position.quantity}",
            brokers=f"{entry.filled_quantity} bought",
        )


def _sold_on(position: Position, day: date) -> int:
    last = position.exit_time
    if last is None or last.astimezone(IST).date() != day:
        return 0
    return position.exited_quantity - position.exited_earlier


def _differs(kind: str, intent: OrderIntent, ours: str, brokers: str) -> Difference:
    return Difference.model_validate(
        {"kind": kind, "symbol": intent.intent_id, "ours": ours, "brokers": brokers}
    )
