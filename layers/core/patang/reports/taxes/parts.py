"""A day's deals cut into what was netted within the day and what was delivered, with what each part cost.

The exchange nets a scrip's day, whatever the product: so many units as were both bought and sold are
settled without delivery, which makes them speculative (Income-tax Act 1961, s. 43(5)). Within the day the
first bought are taken to be the first sold.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Literal

from patang.reports.deals import CASH, Deal, by_day, orders_of
from patang.reports.shares import charges_in_paise, charges_shared
from patang.risk.charges import Charges, segment_of
from patang.risk.contract_note import ScripSide, SideCharges, depository_charges, side_charges

__all__ = ["Kind", "Part", "parts_of"]

type Kind = Literal["futures", "options", "intraday", "delivery"]


@dataclass(frozen=True, slots=True)
class Part:
    """`quantity` units of a deal that are taxed alike, with their share of the day's charges in paise."""

    deal: Deal
    kind: Kind
    quantity: int
    charges: Charges

    @property
    def value(self) -> Decimal:
        """Rupees without charges."""
        return self.deal.price * self.quantity


def parts_of(deals: Iterable[Deal]) -> list[Part]:
    """All parts of one account's deals, the earliest first; their units and charges are those of the deals.

    Raises StopTrading where a day has no sourced rate of charges.
    """
    return [part for day, traded in by_day(deals).items() for part in _parts_of_day(day, traded)]


def _parts_of_day(day: date, deals: Sequence[Deal]) -> list[Part]:
    orders = orders_of(deals)
    charged, debits = side_charges(day, orders), depository_charges(day, orders)
    sides: dict[ScripSide, list[Deal]] = defaultdict(list)
    for deal in deals:
        sides[ScripSide(deal.exchange, deal.symbol, deal.side)].append(deal)
    found: list[Part] = []
    for side, traded in sides.items():
        other = replace(side, side="SELL" if side.side == "BUY" else "BUY")
        netted = 0 if side.exchange not in CASH else min(_units(traded), _units(sides.get(other, ())))
        cost = charged[side]
        kept = replace(cost.kept, dp=debits.get(side, Decimal(0)))
        found += _cut(traded, netted, SideCharges(cost.netted, kept))
    return sorted(found, key=lambda part: (part.deal.time, part.deal.order))


def _cut(deals: Sequence[Deal], netted: int, cost: SideCharges) -> list[Part]:
    """`deals` are of one side in their order; the first `netted` units are those of the day."""
    of_the_day, delivered = list[Part](), list[Part]()
    for deal in deals:
        first = min(netted, deal.quantity)
        netted -= first
        if first:
            of_the_day.append(Part(deal, "intraday", first, Charges()))
        if first < deal.quantity:
            delivered.append(Part(deal, _kind(deal), deal.quantity - first, Charges()))
    # An order of a product for the day is charged as that even where nothing came against it.
    if not delivered:
        cost = SideCharges(netted=cost.netted + cost.kept)
    if not of_the_day:
        cost = SideCharges(kept=cost.netted + cost.kept)
    return _with(of_the_day, cost.netted) + _with(delivered, cost.kept)


def _with(parts: Sequence[Part], cost: Charges) -> list[Part]:
    each = charges_shared(charges_in_paise(cost), [part.value for part in parts])
    return [replace(part, charges=own) for part, own in zip(parts, each, strict=True)]


def _kind(deal: Deal) -> Kind:
    segment = segment_of(deal.exchange, deal.symbol, deal.product)
    if segment == "futures" or segment == "options":
        return segment
    return "delivery"


def _units(deals: Iterable[Deal]) -> int:
    return sum(deal.quantity for deal in deals)
