"""First in, first out: which purchase a sale closes.

Per account, since a sale takes the oldest units of the demat account it leaves (Income-tax Act 1961,
s. 45(2A); CBDT circular 768 of 24 June 1998), whichever exchange they were bought on. Contracts are closed
the same way, and may be sold first.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from patang.reports.taxes.lots import CorporateAction, Lot, after_action, taken
from patang.reports.taxes.parts import Kind, Part
from patang.risk.charges import Charges

__all__ = ["ClosedTrade", "Matched", "matched"]

_PAISA = Decimal("0.01")
# Turns of a day: what was bought is there before what is delivered of it.
_ACTION, _OPENING, _DEAL, _SALE = range(4)


@dataclass(frozen=True, slots=True)
class ClosedTrade:
    """`quantity` units from their purchase to their sale. Values in whole paise, without the charges of
    either leg; a trade belongs to the day `closed`, the later one. `outside`: a leg has the price that the
    desk has booked for an order that it did not send."""

    account: str
    exchange: str
    symbol: str
    kind: Kind
    quantity: int
    bought_on: date
    sold_on: date
    bought: Decimal
    sold: Decimal
    buy_charges: Charges
    sell_charges: Charges
    fmv_2018: Decimal | None = None
    from_bonus: bool = False
    outside: bool = False

    @property
    def closed(self) -> date:
        """The day that made it a result."""
        return max(self.bought_on, self.sold_on)

    @property
    def difference(self) -> Decimal:
        """Rupees won or lost before charges."""
        return self.sold - self.bought

    @property
    def charges(self) -> Charges:
        """Of both legs."""
        return self.buy_charges + self.sell_charges


@dataclass(frozen=True, slots=True)
class Matched:
    """`open` is what is held in the end; `without_lot` are sales of shares whose purchase nobody has told, of
    which `Part.quantity` are meant; `undetermined` deals after a price that was restated nobody said why."""

    closed: tuple[ClosedTrade, ...]
    open: tuple[Lot, ...]
    without_lot: tuple[Part, ...]
    undetermined: tuple[Part, ...]


class _Place(NamedTuple):
    account: str
    symbol: str
    exchange: str


class _Step(NamedTuple):
    day: date
    turn: int
    number: int


def matched(
    parts: Sequence[Part],
    opening: Iterable[Lot] = (),
    actions: Iterable[CorporateAction] = (),
    unknown: Mapping[str, date] | None = None,
) -> Matched:
    """Closes what can be closed. `parts` may be of several accounts; `opening` are purchases that nobody has
    told as deals, as they were on their day; `unknown` are shares whose price was restated on a day without
    anybody having said how: from then on nothing of theirs that was delivered is worked out.
    """
    book = _Book()
    held_back: list[Part] = []
    steps: dict[_Step, Part | Lot | CorporateAction] = {}
    for number, action in enumerate(actions):
        steps[_Step(action.ex_day, _ACTION, number)] = action
    for number, lot in enumerate(opening):
        steps[_Step(lot.opened, _OPENING, number)] = lot
    for number, part in enumerate(parts):
        delivered = part.kind == "delivery"
        if delivered and part.deal.day >= (unknown or {}).get(part.deal.symbol, date.max):
            held_back.append(part)
            continue
        sold = delivered and part.deal.side == "SELL"
        steps[_Step(part.deal.day, _SALE if sold else _DEAL, number)] = part
    for step in sorted(steps):
        book.take(steps[step])
    return Matched(tuple(book.closed), tuple(book.open()), tuple(book.without_lot), tuple(held_back))


class _Book:
    """Lots by account and security, and what was closed of them."""

    def __init__(self) -> None:
        self.closed: list[ClosedTrade] = []
        self.without_lot: list[Part] = []
        self._lots: dict[_Place, list[Lot]] = defaultdict(list)
        self._of_the_day: dict[tuple[_Place, date], list[Lot]] = defaultdict(list)

    def open(self) -> list[Lot]:
        return [lot for place in sorted(self._lots) for lot in self._lots[place]]

    def take(self, step: Part | Lot | CorporateAction) -> None:
        match step:
            case Part():
                self._deal(step)
            case Lot():
                _insert(self._lots[_Place(step.account, step.symbol, "")], step)
            case CorporateAction():
                self._restate(step)

    def _restate(self, action: CorporateAction) -> None:
        for place in list(self._lots):
            if place.symbol == action.symbol and place.exchange == "":
                self._lots[place] = after_action(self._lots[place], action)

    def _deal(self, part: Part) -> None:
        deal = part.deal
        # Contracts of two exchanges are two things, shares of two exchanges are one.
        place = _Place(deal.account, deal.symbol, "" if part.kind == "delivery" else deal.exchange)
        of_the_day = part.kind == "intraday"
        lots = self._of_the_day[place, deal.day] if of_the_day else self._lots[place]
        left: Lot | None = _lot(part)
        while left is not None and lots and lots[0].short != left.short:
            units = min(left.quantity, lots[0].quantity)
            old, remaining = taken(lots[0], units)
            new, left = taken(left, units)
            lots[:1] = [] if remaining is None else [remaining]
            self.closed.append(_closed(part.kind, old, new))
        if left is None:
            return
        if left.short and part.kind == "delivery":
            self.without_lot.append(Part(deal, part.kind, left.quantity, left.charges))
        else:
            _insert(lots, left)


def _lot(part: Part) -> Lot:
    deal = part.deal
    return Lot(
        account=deal.account,
        exchange=deal.exchange,
        symbol=deal.symbol,
        opened=deal.day,
        quantity=part.quantity,
        value=part.value.quantize(_PAISA, ROUND_HALF_UP),
        charges=part.charges,
        short=deal.side == "SELL",
        outside=deal.source == "outside",
    )


def _insert(lots: list[Lot], lot: Lot) -> None:
    """By the day it counts from: bonus shares may be allotted after a later purchase."""
    behind = next((at for at, other in enumerate(lots) if other.opened > lot.opened), len(lots))
    lots.insert(behind, lot)


def _closed(kind: Kind, old: Lot, new: Lot) -> ClosedTrade:
    buy, sell = (new, old) if old.short else (old, new)
    return ClosedTrade(
        account=new.account,
        exchange=new.exchange,
        symbol=new.symbol,
        kind=kind,
        quantity=new.quantity,
        bought_on=buy.opened,
        sold_on=sell.opened,
        bought=buy.value,
        sold=sell.value,
        buy_charges=buy.charges,
        sell_charges=sell.charges,
        fmv_2018=buy.fmv_2018,
        from_bonus=buy.origin == "bonus",
        outside=buy.outside or sell.outside,
    )
