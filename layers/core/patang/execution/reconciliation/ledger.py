"""The desk's side of a comparison: positions, the day's intents, and whose each order of the broker is."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from patang.execution.ids import intent_prefixes
from patang.execution.intent import OrderIntent
from patang.execution.reconciliation.book import Book, Line, line_of
from patang.keys import LIVE_INTENTS, intent_key
from patang.market.sessions import IST
from patang.portfolio.held import latest_positions
from patang.portfolio.position import Position
from patang.ports import BrokerTrade, StateStore
from patang.records import load_all, load_index
from patang.settings import Mode

__all__ = ["Ledger", "line_of_position", "not_ours", "read_ledger"]


@dataclass(frozen=True, slots=True)
class Ledger:
    """Positions of one mode and account, and its intents: those of the day, and those that live.

    `open` are the positions that are open or closing, oldest first, `closed` the latest that are closed.
    """

    open: Sequence[Position]
    closed: Sequence[Position]
    intents: Mapping[str, OrderIntent]

    def held(self) -> Counter[Line]:
        """Units of each line that the desk holds."""
        found: Counter[Line] = Counter()
        for position in self.open:
            found[line_of_position(position)] += position.open_quantity
        return found

    def of_line(self, line: Line) -> list[Position]:
        """Its open positions, oldest first: what is sold from outside is taken from them in this order, as
        the depository does."""
        return [position for position in self.open if line_of_position(position) == line]

    def order_ids(self, book: Book) -> Mapping[str, str]:
        """By the broker's order id, the intent's: by the tag, by what the lane was told, and by the triggers
        of our positions, whose orders carry no tag."""
        owners = {
            order_id: intent.intent_id for intent in self.intents.values() for order_id in _orders_of(intent)
        }
        laid = {
            position.protection.gtt_id: position.protection.intent_id
            for position in (*self.open, *self.closed)
            if position.protection is not None and position.protection.gtt_id is not None
        }
        for gtt in book.gtts:
            if gtt.gtt_id in laid:
                owners |= {child: laid[gtt.gtt_id] for child in gtt.order_ids if child}
        owners |= {order.order_id: order.tag for order in book.orders if order.tag in self.intents}
        return owners


def line_of_position(position: Position) -> Line:
    """The line that a position is part of."""
    return line_of(position.exchange, position.symbol, position.product)


def read_ledger(store: StateStore, account: str, mode: Mode, as_of: datetime) -> Ledger:
    """The desk's side at the market time `as_of`."""
    day = as_of.astimezone(IST).date()
    known = [p for p in latest_positions(store, account) if p.mode == mode]
    found = {
        intent.intent_id: intent
        for intent in (
            *_of_day(store, account, day),
            *load_index(store, OrderIntent, LIVE_INTENTS, f"{account}#"),
        )
        if intent.terms.mode == mode
    }
    return Ledger(
        open=sorted((p for p in known if p.state != "CLOSED"), key=lambda p: (p.entry_time, p.position_id)),
        closed=[p for p in known if p.state == "CLOSED"],
        intents=found,
    )


def not_ours(trades: Iterable[BrokerTrade], ours: Collection[str]) -> list[BrokerTrade]:
    """The trades of orders that are none of the desk's."""
    return [trade for trade in trades if trade.order_id not in ours]


def _of_day(store: StateStore, account: str, day: date) -> Iterable[OrderIntent]:
    for prefix in intent_prefixes(day):
        first = intent_key(account, prefix)
        yield from load_all(store, OrderIntent, first.partition, first.sort)


def _orders_of(intent: OrderIntent) -> list[str]:
    parts = [part.broker_order_id for part in intent.slices]
    return [*parts, *([intent.broker_order_id] if intent.broker_order_id else [])]
