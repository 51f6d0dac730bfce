"""What is held by the two sides: invariant R8, and everything the owner does beside the desk."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal, get_args

from patang.execution.reconciliation.book import Book, Line, traded
from patang.execution.reconciliation.ledger import Ledger, not_ours
from patang.execution.reconciliation.record import Difference, ForeignPosition
from patang.market.sessions import IST
from patang.portfolio.position import Position
from patang.ports import BrokerTrade

__all__ = ["Holdings", "Shortfall", "check_holdings"]

type Product = Literal["CNC", "MIS", "NRML"]
type Cause = Literal["HAND_SALE", "CONVERTED", "EXPIRED", "SQUARED_OFF", "CORPORATE_ACTION"]

# After a corporate action new shares are credited days later.
_CREDITED_WITHIN = timedelta(days=15)

_WORDS: dict[Cause, str] = {
    "HAND_SALE": "sold outside the desk",
    "CONVERTED": "converted by hand to",
    "EXPIRED": "the contract has expired",
    "SQUARED_OFF": "intraday, and squared off by the broker on its own day",
    "CORPORATE_ACTION": "shares of a corporate action that are still to be credited",
}


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Units that the desk believes in and the broker does not hold, and why. `price` (rupees) and `time` are
    those of the sale, where there was one; `product` what they were converted to."""

    line: Line
    units: int
    cause: Cause
    price: Decimal | None = None
    time: datetime | None = None
    product: Product | None = None


@dataclass(frozen=True, slots=True)
class Holdings:
    """What the comparison of holdings has found."""

    differences: Sequence[Difference]
    shortfalls: Sequence[Shortfall]
    foreign: Sequence[ForeignPosition]


def check_holdings(book: Book, ledger: Ledger, as_of: datetime) -> Holdings:
    """What the broker holds less than the desk believes, with the reason where there is one; and what is not
    the desk's. A line that is moving is not judged.

    The broker's units are one heap: what is the owner's own is taken to be sold before what is the desk's.
    """
    net, held = book.net(), ledger.held()
    missing = {
        line: held[line] - max(net[line], 0)
        for line in held
        if line not in book.moving and held[line] > max(net[line], 0)
    }
    foreign_trades = not_ours(book.trades, ledger.order_ids(book))
    found = {
        line: _explain(line, units, book, ledger, foreign_trades, as_of) for line, units in missing.items()
    }
    differences = [
        Difference(
            kind="HOLDING_SHORT",
            symbol=str(line),
            ours=str(held[line]),
            brokers=str(net[line]),
            explained=_told(why) if why is not None and why.units == missing[line] else None,
        )
        for line, why in found.items()
    ]
    return Holdings(
        differences, [why for why in found.values() if why], _foreign(book, ledger, foreign_trades)
    )


def _explain(
    line: Line,
    units: int,
    book: Book,
    ledger: Ledger,
    foreign_trades: Sequence[BrokerTrade],
    as_of: datetime,
) -> Shortfall | None:
    """Why these units are missing, or as many of them as can be explained. None: nobody knows."""
    if line in book.apart():
        # Whose sale it was is told by orders and trades together.
        return None
    day = as_of.astimezone(IST).date()
    positions = ledger.of_line(line)
    sales = [t for t in foreign_trades if t.transaction_type == "SELL" and traded([t])[line]]
    # A trade is evidence once: what the line has lost without one was not sold, whatever was sold before.
    sold = units - max(_lost_untraded(line, book), 0)
    if 0 < sold <= sum(trade.quantity for trade in sales):
        price, time = _latest(sales, sold)
        return Shortfall(line, sold, "HAND_SALE", price, time)
    product = _converted_to(line, units, book)
    if product is not None and units == ledger.held()[line]:
        return Shortfall(line, units, "CONVERTED", product=product)
    if positions and all(position.expiry is not None and position.expiry < day for position in positions):
        return Shortfall(line, units, "EXPIRED")
    if units <= sum(p.open_quantity for p in positions if _is_of_before(p, day)) - book.at_open()[line]:
        # The day has begun without them. Left open, they would be sold once more: a short.
        return Shortfall(line, units, "SQUARED_OFF")
    if units <= sum(position.open_quantity for position in positions if _was_restated(position, day)):
        return Shortfall(line, units, "CORPORATE_ACTION")
    return None


def _lost_untraded(line: Line, book: Book) -> int:
    """Units that a line had when the day began, or has bought since, and has neither sold nor has now."""
    return book.at_open()[line] + traded(book.trades)[line] - book.net()[line]


def _latest(sales: Iterable[BrokerTrade], units: int) -> tuple[Decimal, datetime]:
    """The average price of the last of these sales that make up so many units, and when they ended."""
    newest = sorted(sales, key=lambda trade: (trade.traded_at, trade.trade_id), reverse=True)
    left, value = units, Decimal(0)
    for trade in newest:
        taken = min(left, trade.quantity)
        value += taken * Decimal(trade.price)
        left -= taken
        if not left:
            break
    return (value / units).quantize(Decimal("0.0001")), newest[0].traded_at


def _converted_to(line: Line, units: int, book: Book) -> Product | None:
    """The product that so many units of a line were moved to without a trade."""
    unmoved = Counter(book.at_open())
    unmoved.update(traded(book.trades))
    net = book.net()
    moved = {other: net[other] - unmoved[other] for other in {*net, *unmoved}}
    if moved.get(line, 0) > -units:
        return None
    others = [other for other, gained in moved.items() if other.symbol == line.symbol and gained >= units]
    found: Product | None = None
    for product in get_args(Product.__value__):
        if [other.product for other in others] == [product]:
            found = product
    return found


def _is_of_before(position: Position, day: date) -> bool:
    """Whether it is an intraday position of an earlier day."""
    return position.product == "MIS" and position.entry_time.astimezone(IST).date() < day


def _was_restated(position: Position, day: date) -> bool:
    restated = position.price_break
    return restated is not None and restated.ratio is not None and day - restated.day <= _CREDITED_WITHIN


def _told(why: Shortfall) -> str:
    words = _WORDS[why.cause]
    if why.cause == "HAND_SALE":
        return f"{words} at {why.price}"
    return f"{words} {why.product}" if why.product else words


def _foreign(
    book: Book, ledger: Ledger, foreign_trades: Iterable[BrokerTrade]
) -> tuple[ForeignPosition, ...]:
    """What is held beyond the desk's positions: what was traded, and shares that lie settled."""
    net, held, prices, multipliers = book.net(), ledger.held(), book.prices(), book.multipliers()
    in_demat = {line for line in book.at_open() if line.product == "CNC"}
    bought = traded(foreign_trades)
    found = []
    for line in sorted({*net, *held}):
        units = net[line] - min(held[line], max(net[line], 0))
        fresh = units if line not in in_demat else min(max(bought[line], 0), units)
        for quantity, is_traded in ((fresh, True), (units - fresh, False)):
            if quantity:
                found.append(
                    ForeignPosition(
                        exchange=line.exchange,
                        symbol=line.symbol,
                        product=line.product,
                        quantity=quantity,
                        price=prices.get(line, Decimal(0)),
                        multiplier=multipliers.get(line, 1),
                        traded=is_traded,
                    )
                )
    return tuple(found)
