"""What a person may still sell of an instrument without ending up short, and without selling what is
Patang's.

Patang's strategies only ever buy, and its exits sell what its ledger holds; whatever else sells has to leave
that alone. So an order of a person may sell the broker's net long, less the ledger's positions, less
everything that stands to be sold already. Selling short is refused, in options and in everything else.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from patang.execution.ids import is_intent_id
from patang.execution.intent import OrderIntent
from patang.keys import account_partition, intent_key
from patang.market.sessions import IST
from patang.portfolio.held import latest_positions
from patang.portfolio.position import Position
from patang.ports import Broker, BrokerHolding, BrokerOrder, Gtt, StateStore
from patang.records import load, load_all
from patang.settings import Mode

__all__ = ["Line", "Sellable", "sellable"]

_ENDED = frozenset({"COMPLETE", "REJECTED", "CANCELLED"})


@dataclass(frozen=True, slots=True)
class Line:
    """An instrument in a product."""

    exchange: str
    tradingsymbol: str
    product: str


@dataclass(frozen=True, slots=True)
class Sellable:
    """Units: `net_long` at the broker, `ours` in Patang's ledger, `standing` in other orders and triggers."""

    net_long: int
    ours: int
    standing: int

    @property
    def units(self) -> int:
        return max(self.net_long - self.ours - self.standing, 0)

    def __str__(self) -> str:
        return (
            f"{self.units} may be sold: {self.net_long} are held, {self.ours} of them are Patang's positions "
            f"(exit those instead), and {self.standing} stand to be sold"
        )


def sellable(
    store: StateStore,
    broker: Broker,
    account: str,
    mode: Mode,
    line: Line,
    as_of: datetime,
    but: str | None = None,
) -> Sellable:
    """`but` is the broker's id of an order, or of a trigger, that does not count, as it is to be changed.

    What stands is read before what is held: a sale in between counts twice then, never not at all.
    Raises as the reads of Broker do.
    """
    positions = [p for p in latest_positions(store, account) if p.mode == mode and p.state != "CLOSED"]
    of_line = [p for p in positions if (p.exchange, p.symbol, p.product) == _key(line)]
    day = as_of.astimezone(IST).date()
    asked, coming = _asked(store, account, mode, line, day), _coming(store, account, mode, line, day)
    gtts = [gtt for gtt in broker.gtts() if gtt.gtt_id != but]
    standing = _in_orders(store, account, line, broker.orders(), asked, but)
    standing += _in_triggers(line, gtts, of_line, asked)
    ours = coming + sum(p.open_quantity for p in of_line)
    return Sellable(_net_long(broker, line), ours, standing)


def _coming(store: StateStore, account: str, mode: Mode, line: Line, day: date) -> int:
    """Units that the desk's own entries may have bought, and its ledger does not know yet."""
    return sum(
        intent.terms.quantity - intent.filled_quantity
        for intent in load_all(store, OrderIntent, account_partition(account), f"INTENT#N{day:%y%m%d}")
        if not intent.is_final and intent.terms.mode == mode and _line_of(intent) == _key(line)
    )


def _asked(store: StateStore, account: str, mode: Mode, line: Line, day: date) -> list[OrderIntent]:
    """The day's intents of people that sell of this line and have not ended, by strongly consistent read."""
    found = [
        intent
        for letter in ("O", "G")
        for intent in load_all(store, OrderIntent, account_partition(account), f"INTENT#{letter}{day:%y%m%d}")
    ]
    return [
        intent
        for intent in found
        if not intent.is_final
        and intent.position_id is None
        and intent.terms.mode == mode
        and intent.terms.transaction_type == "SELL"
        and _line_of(intent) == _key(line)
    ]


def _in_orders(
    store: StateStore,
    account: str,
    line: Line,
    orders: Sequence[BrokerOrder],
    asked: Sequence[OrderIntent],
    but: str | None,
) -> int:
    """Units that live orders sell. Those of Patang's positions sell what the ledger counts already."""
    seen, units = set(), 0
    for order in orders:
        if order.status in _ENDED or not _sells(order, line):
            continue
        intent = None
        if is_intent_id(order.tag):
            intent = load(store, OrderIntent, intent_key(account, order.tag))
        if intent is not None and intent.position_id is not None:
            continue
        seen.add(order.tag)
        if order.order_id != but:
            units += max(order.quantity - order.filled_quantity, 0)
    unseen = (i for i in asked if i.kind == "ORDER" and i.intent_id not in seen)
    return units + sum(intent.terms.quantity - intent.filled_quantity for intent in unseen)


def _in_triggers(
    line: Line, gtts: Sequence[Gtt], positions: Sequence[Position], asked: Sequence[OrderIntent]
) -> int:
    protecting = {p.protection.gtt_id for p in positions if p.protection is not None}
    waiting = [gtt for gtt in gtts if gtt.status == "active" and gtt.gtt_id not in protecting]
    units = sum(max(_legs(gtt, line), default=0) for gtt in waiting)
    return units + sum(intent.terms.quantity for intent in asked if intent.kind == "GTT_PLACE")


def _legs(gtt: Gtt, line: Line) -> Iterator[int]:
    """Units that each selling leg of a trigger on this line sells; one of two cancels the other."""
    there = gtt.request
    if (there.exchange, there.tradingsymbol) != (line.exchange, line.tradingsymbol):
        return
    for leg in there.legs:
        if leg.transaction_type == "SELL" and leg.product == line.product:
            yield leg.quantity


def _net_long(broker: Broker, line: Line) -> int:
    """Units held: the position, and for delivery what is in the demat account beside it.

    A sale out of the demat account makes the position short by what it takes out of the holding.
    """
    position = sum(
        found.quantity
        for found in broker.positions()
        if (found.exchange, found.tradingsymbol, found.product) == _key(line)
    )
    if line.product != "CNC":
        return max(position, 0)
    held = sum(_in_demat(found) for found in broker.holdings() if found.tradingsymbol == line.tradingsymbol)
    return held + max(position, 0)


def _in_demat(found: BrokerHolding) -> int:
    """Shares of the holding that were not sold today."""
    opening = found.raw.get("opening_quantity")
    if isinstance(opening, int | float):
        return int(opening) - found.used_quantity
    return found.quantity + found.t1_quantity


def _sells(order: BrokerOrder, line: Line) -> bool:
    product = str(order.raw.get("product") or line.product)
    there = (order.exchange, order.tradingsymbol, product)
    return order.transaction_type == "SELL" and there == _key(line)


def _line_of(intent: OrderIntent) -> tuple[str, str, str]:
    return intent.terms.exchange, intent.terms.tradingsymbol, intent.terms.product


def _key(line: Line) -> tuple[str, str, str]:
    return line.exchange, line.tradingsymbol, line.product
