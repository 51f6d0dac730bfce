"""What a person may still sell of an instrument without ending up short, and without selling what is
Patang's.

Patang's strategies only ever buy, and its exits sell what its ledger holds; whatever else sells has to leave
that alone. So an order of a person may sell the broker's net long, less the ledger's positions, less
everything that stands to be sold already, as large as it is about to be. Selling short is refused, in options
and in everything else.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from patang.execution.ids import Purpose, intent_letter, is_intent_id
from patang.execution.intent import OrderIntent
from patang.keys import account_partition, intent_key
from patang.market.sessions import IST
from patang.portfolio.held import latest_positions
from patang.portfolio.position import Position
from patang.ports import Broker, BrokerHolding, BrokerOrder, BrokerPosition, Gtt, StateStore
from patang.records import load, load_all
from patang.settings import Mode

__all__ = ["Line", "Sellable", "sellable"]

_ENDED = frozenset({"COMPLETE", "REJECTED", "CANCELLED"})
# What of a day's intents may change how much is held, or stands to be sold.
_MOVING: tuple[Purpose, ...] = ("entry", "order", "modify", "gtt_place", "gtt_modify", "convert")
# Nobody knows yet how many orders the broker has made of it.
_ON_THE_WAY = frozenset({"NEW", "SENDING", "UNKNOWN"})

type _Matches = Callable[[str, str, str], bool]


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


@dataclass(frozen=True, slots=True)
class _Books:
    """An account as the desk and the broker have it, of all instruments. `owners`: intents by their tags;
    `coming`: purchases of the desk's own, with the units of each that the ledger may not know yet."""

    ledger: Sequence[Position]
    moving: Sequence[OrderIntent]
    coming: Sequence[tuple[OrderIntent, int]]
    orders: Sequence[BrokerOrder]
    owners: Mapping[str, OrderIntent]
    gtts: Sequence[Gtt]
    positions: Sequence[BrokerPosition]
    holdings: Sequence[BrokerHolding]


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

    Delivered shares are the same ones on every exchange: there the line alone and all its exchanges together
    are looked at, and the lesser counts. Raises as the reads of Broker do.
    """
    books = _read(store, broker, account, mode, line, as_of.astimezone(IST).date())
    alone = _count(books, line, but, lambda *key: key == (line.exchange, line.tradingsymbol, line.product))
    if line.product != "CNC":
        return alone
    together = _count(books, line, but, lambda _, *key: tuple(key) == (line.tradingsymbol, line.product))
    return min(together, alone, key=lambda found: found.units)


def _read(store: StateStore, broker: Broker, account: str, mode: Mode, line: Line, day: date) -> _Books:
    """What stands is read before what is held: a sale in between counts twice then, never not at all.

    The desk's own purchase counts as on its way or as a position, whenever it fills:

        intents (on its way) -- ledger -- orders -- what is held -- intents again
               a fill in here is counted twice ----^        a purchase begun since: by the second look
    """
    before = _intents(store, account, _MOVING, day)
    ledger = [p for p in latest_positions(store, account) if p.mode == mode and p.state != "CLOSED"]
    gtts = broker.gtts()
    orders = [o for o in broker.orders() if o.status not in _ENDED and o.transaction_type == "SELL"]
    found = {
        order.tag: load(store, OrderIntent, intent_key(account, order.tag))
        for order in orders
        if order.tradingsymbol == line.tradingsymbol and is_intent_id(order.tag)
    }
    owners = {tag: intent for tag, intent in found.items() if intent is not None}
    holdings = broker.holdings() if line.product == "CNC" else []
    positions = broker.positions()
    known = {intent.intent_id for intent in before}
    begun = [i for i in _intents(store, account, ("entry",), day) if i.intent_id not in known]
    moving = [i for i in before if not i.is_final and i.terms.mode == mode]
    coming = [(i, i.terms.quantity - i.filled_quantity) for i in moving if i.kind == "ENTRY"]
    coming += [(i, i.terms.quantity) for i in begun if i.terms.mode == mode]
    return _Books(ledger, moving, coming, orders, owners, gtts, positions, holdings)


def _intents(store: StateStore, account: str, purposes: Sequence[Purpose], day: date) -> list[OrderIntent]:
    return [
        intent
        for purpose in purposes
        for intent in load_all(
            store, OrderIntent, account_partition(account), f"INTENT#{intent_letter(purpose)}{day:%y%m%d}"
        )
    ]


def _count(books: _Books, line: Line, but: str | None, matches: _Matches) -> Sellable:
    ledger = [p for p in books.ledger if matches(p.exchange, p.symbol, p.product)]
    moving = [i for i in books.moving if matches(i.terms.exchange, i.terms.tradingsymbol, i.terms.product)]
    coming = sum(
        units
        for i, units in books.coming
        if matches(i.terms.exchange, i.terms.tradingsymbol, i.terms.product)
    )
    asked = [
        i
        for i in moving
        if i.position_id is None and (i.terms.transaction_type == "SELL" or i.kind == "CONVERT")
    ]
    standing = _in_orders(books, asked, line, but, matches) + _in_triggers(books, ledger, asked, but, matches)
    standing += sum(intent.terms.quantity for intent in asked if intent.kind == "CONVERT")
    ours = coming + sum(p.open_quantity for p in ledger)
    return Sellable(_net_long(books, line, matches), ours, standing)


def _in_orders(
    books: _Books, asked: Sequence[OrderIntent], line: Line, but: str | None, matches: _Matches
) -> int:
    """Units that live orders sell. Those of Patang's positions sell what the ledger counts already."""
    larger = {i.target_order_id: i.terms.quantity for i in asked if i.kind == "MODIFY"}
    units: Counter[str] = Counter()
    for order in books.orders:
        product = str(order.raw.get("product") or line.product)
        owner = books.owners.get(order.tag)
        if not matches(order.exchange, order.tradingsymbol, product) or (owner and owner.position_id):
            continue
        wanted = max(order.quantity, larger.get(order.order_id, 0)) + _behind(order)
        units[order.tag] += 0 if order.order_id == but else max(wanted - order.filled_quantity, 0)
    for intent in asked:
        if intent.kind == "ORDER" and (intent.intent_id not in units or intent.state in _ON_THE_WAY):
            left = intent.terms.quantity - intent.filled_quantity
            units[intent.intent_id] = max(units[intent.intent_id], left)
    return units.total()


def _behind(order: BrokerOrder) -> int:
    """Units of an iceberg's legs that follow the one that stands
    (https://kite.trade/docs/connect/v3/orders/, meta.iceberg)."""
    meta = order.raw.get("meta")
    iceberg = meta.get("iceberg") if isinstance(meta, Mapping) else None
    return int(iceberg.get("remaining_quantity") or 0) if isinstance(iceberg, Mapping) else 0


def _in_triggers(
    books: _Books,
    ledger: Sequence[Position],
    asked: Sequence[OrderIntent],
    but: str | None,
    matches: _Matches,
) -> int:
    protecting = {p.protection.gtt_id for p in ledger if p.protection is not None}
    larger = {i.target_gtt_id: i.terms.quantity for i in asked if i.kind == "GTT_MODIFY"}
    units = sum(intent.terms.quantity for intent in asked if intent.kind == "GTT_PLACE")
    for gtt in books.gtts:
        legs = max(_legs(gtt, matches), default=0)
        if legs and gtt.status == "active" and gtt.gtt_id not in protecting and gtt.gtt_id != but:
            units += max(legs, larger.get(gtt.gtt_id, 0))
    return units


def _legs(gtt: Gtt, matches: _Matches) -> Iterator[int]:
    """Units that each selling leg of a trigger sells; one of two cancels the other."""
    there = gtt.request
    for leg in there.legs:
        if leg.transaction_type == "SELL" and matches(there.exchange, there.tradingsymbol, leg.product):
            yield leg.quantity


def _net_long(books: _Books, line: Line, matches: _Matches) -> int:
    """Units held: the position, and for delivery what is in the demat account beside it.

    A sale out of the demat account makes the position short by what it takes out of the holding.
    """
    net: Counter[str] = Counter()
    for found in books.positions:
        if matches(found.exchange, found.tradingsymbol, found.product):
            net[found.exchange] += found.quantity
    held = sum(_in_demat(found) for found in books.holdings if found.tradingsymbol == line.tradingsymbol)
    return held + sum(max(units, 0) for units in net.values())


def _in_demat(found: BrokerHolding) -> int:
    """Shares of the holding that were not sold today."""
    opening = found.raw.get("opening_quantity")
    if isinstance(opening, int | float):
        return int(opening) - found.used_quantity
    return found.quantity + found.t1_quantity
