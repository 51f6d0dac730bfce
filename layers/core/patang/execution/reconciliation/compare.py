"""One look at both sides: every invariant, in order."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation

from patang.execution.reconciliation.book import Book
from patang.execution.reconciliation.holdings_check import Shortfall, check_holdings
from patang.execution.reconciliation.ledger import Ledger
from patang.execution.reconciliation.orders_check import check_orders
from patang.execution.reconciliation.protection_check import check_naked, check_protection, check_sells
from patang.execution.reconciliation.record import Difference, ForeignPosition

__all__ = ["Look", "compare"]


@dataclass(frozen=True, slots=True)
class Look:
    """What one comparison has found; `shortfalls` are the explained ones among what is missing."""

    differences: tuple[Difference, ...]
    shortfalls: tuple[Shortfall, ...]
    foreign: tuple[ForeignPosition, ...]


def compare(book: Book, ledger: Ledger, as_of: datetime) -> Look:
    """Both sides at the market time `as_of`. Pure: it reads nothing and changes nothing."""
    holdings = check_holdings(book, ledger, as_of)
    short = {difference.symbol for difference in holdings.differences}
    # While units are missing their sells are too many; the shortfall says so already.
    sells = [found for found in check_sells(book, ledger) if found.symbol not in short]
    return Look(
        differences=(
            *check_orders(book, ledger, as_of),
            *holdings.differences,
            *check_naked(book, ledger),
            *check_protection(book, ledger),
            *sells,
            *_funds(book),
        ),
        shortfalls=tuple(holdings.shortfalls),
        foreign=tuple(holdings.foreign),
    )


def _funds(book: Book) -> list[Difference]:
    """R13. The broker tells his net funds, and none are owed."""
    told = book.margins.get("equity", {}).get("net")
    try:
        net = Decimal(str(told))
    except InvalidOperation:
        net = Decimal("NaN")
    if not net.is_finite():
        return [Difference(kind="FUNDS", symbol="equity", ours="net funds", brokers=f"{told!r}")]
    if net < 0:
        why = "margin is owed: the gate of margin lets nothing in until it is paid"
        return [Difference(kind="FUNDS", symbol="equity", ours="0 or more", brokers=str(net), explained=why)]
    return []
