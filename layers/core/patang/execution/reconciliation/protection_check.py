"""What rests at the broker for our positions, and that nothing sells more than is held: R9 to R12."""

from collections import Counter
from collections.abc import Iterator

from patang.execution.reconciliation.book import LIVE_GTT, Book, is_over, line_of
from patang.execution.reconciliation.ledger import Ledger, line_of_position
from patang.execution.reconciliation.record import Difference
from patang.portfolio.position import Position

__all__ = ["check_naked", "check_protection", "check_sells"]


def check_protection(book: Book, ledger: Ledger) -> Iterator[Difference]:
    """Protection that we believe to rest and the broker does not have, and triggers that outlive their
    position."""
    live_orders = {order.order_id for order in book.orders if not is_over(order)}
    tags = {order.tag for order in book.orders if not is_over(order)}
    gtts = {gtt.gtt_id: gtt for gtt in book.gtts}
    for position in ledger.open:
        laid = position.protection
        if laid is None or laid.state != "RESTING" or position.state != "OPEN":
            continue
        if line_of_position(position) in book.moving:
            continue
        if laid.kind == "SL":
            rests = laid.broker_order_id in live_orders or laid.intent_id in tags
        else:
            gtt = gtts.get(laid.gtt_id or "")
            # A trigger that was reached has become an order: the position's exit, which is followed as one.
            rests = gtt is not None and (gtt.status in LIVE_GTT or any(gtt.order_ids))
        if not rests:
            # R10.
            yield Difference(
                kind="PROTECTION_MISSING",
                symbol=position.position_id,
                ours=f"a resting {laid.kind} of {laid.quantity} {position.symbol}",
                brokers="none",
            )
    for position in ledger.closed:
        yield from _outlived(position, {gtt.gtt_id for gtt in book.gtts if gtt.status in LIVE_GTT})


def _outlived(position: Position, live: set[str]) -> Iterator[Difference]:
    """R12. A trigger of ours ends with its position: later it would sell what is somebody else's."""
    laid = position.protection
    if laid is not None and laid.gtt_id is not None and laid.gtt_id in live:
        yield Difference(
            kind="GTT_WITHOUT_POSITION",
            symbol=position.position_id,
            ours="closed",
            brokers=f"trigger {laid.gtt_id} still sells {laid.quantity} {position.symbol}",
        )


def check_sells(book: Book, ledger: Ledger) -> Iterator[Difference]:
    """R11. What may still be sold of a line, by orders and triggers, is no more than is held of it.

    The owner's own orders are his; where they alone go too far it is said, and left to him.
    """
    net, owners = book.net(), ledger.order_ids(book)
    triggers = {p.protection.gtt_id for p in (*ledger.open, *ledger.closed) if p.protection is not None}
    for line, sells in book.open_sells().items():
        if line in book.moving:
            continue
        ours = sum(units for name, units in sells if name in owners or name in triggers)
        # What its owner has sold is noted: our sells are being made smaller.
        shrinking = any(position.outside is not None for position in ledger.of_line(line))
        all_of_them = sum(units for _, units in sells)
        if ours and all_of_them > max(net[line], 0):
            yield Difference(
                kind="SELLS_EXCEED_HOLDING",
                symbol=str(line),
                ours=f"{ours} of {all_of_them} to be sold",
                brokers=f"{net[line]} held",
                explained=_why_too_much(ours_alone=ours > max(net[line], 0), shrinking=shrinking),
            )


def _why_too_much(*, ours_alone: bool, shrinking: bool) -> str | None:
    if not ours_alone:
        return "the owner's own orders sell the rest"
    return "ours are being made smaller" if shrinking else None


def check_naked(book: Book, ledger: Ledger) -> Iterator[Difference]:
    """R9. A sell of ours that came after its owner's, before anybody could know: the line is short by it.

    Trades are told to the second; within one, ours are taken to have come first.
    """
    owners, net, running = ledger.order_ids(book), book.net(), Counter(book.at_open())
    in_turn = sorted(book.trades, key=lambda t: (t.traded_at, t.order_id not in owners, t.trade_id))
    for trade in in_turn:
        line = line_of(trade.exchange, trade.tradingsymbol, trade.product)
        ours = trade.order_id in owners and trade.transaction_type == "SELL"
        if ours and running[line] < trade.quantity and net[line] < 0 and line not in book.moving:
            yield Difference(
                kind="OVERSOLD",
                symbol=str(line),
                ours=f"{trade.quantity} sold by order {trade.order_id}",
                brokers=f"{running[line]} held then, {net[line]} now",
            )
        running[line] += trade.quantity if trade.transaction_type == "BUY" else -trade.quantity
