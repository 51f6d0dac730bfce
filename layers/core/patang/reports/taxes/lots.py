"""What is held, bought when and for how much; and what a split or a bonus makes of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict

from patang.portfolio.rebasing import Ratio
from patang.reports.shares import charges_shared, shared
from patang.risk.charges import Charges

__all__ = ["CorporateAction", "Lot", "after_action", "taken"]

_PAISA = Decimal("0.01")
_NO_CHARGES = Charges()
_FMV_DAY = date(2018, 1, 31)


@dataclass(frozen=True, slots=True)
class Lot:
    """Units of one purchase that are still there. `value` is what was paid for them in whole paise, without
    `charges`; `fmv_2018` the highest price of 31 January 2018, rupees a unit as it is now. `outside`: the
    desk has booked it without having sent the order.

    A contract that was sold before it was bought is a lot with `short`: `opened` and `value` are the sale's.
    """

    account: str
    exchange: str
    symbol: str
    opened: date
    quantity: int
    value: Decimal
    charges: Charges = _NO_CHARGES
    origin: Literal["deal", "opening", "bonus"] = "deal"
    fmv_2018: Decimal | None = None
    short: bool = False
    outside: bool = False


class CorporateAction(BaseModel):
    """A share that was split, or a bonus: from the day `ex_day` on `ratio` ("1:2") says how many shares one
    has become. Bonus shares count from `allotted` (without it `ex_day`), and have cost nothing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    symbol: str
    ex_day: date
    kind: Literal["split", "bonus"]
    ratio: str
    allotted: date | None = None


def taken(lot: Lot, quantity: int) -> tuple[Lot, Lot | None]:
    """`quantity` of its units with their share of what was paid, and what is left of it."""
    left = lot.quantity - quantity
    if not left:
        return lot, None
    weights = [Decimal(quantity), Decimal(left)]
    value, rest = shared(lot.value.quantize(_PAISA, ROUND_HALF_UP), weights)
    charges, others = charges_shared(lot.charges, weights)
    return (
        replace(lot, quantity=quantity, value=value, charges=charges),
        replace(lot, quantity=left, value=rest, charges=others),
    )


def after_action(lots: Sequence[Lot], action: CorporateAction) -> list[Lot]:
    """One share's lots of one account after a split or bonus, by the day they count from.

    A split keeps the day and what was paid (s. 55(2)(b)(v)(d)); bonus shares are a lot of their own from the
    day of their allotment (s. 2(42A), Explanation 1(i)(f)) that has cost nothing (s. 55(2)(aa)(iiia)).
    Fractions are paid out and not held. Raises BadInput where the ratio is none.
    """
    ratio = Ratio.parse(action.ratio)
    if not lots:
        return []
    if action.kind == "split":
        return [lot for lot in _split(lots, ratio, action.ex_day) if lot.quantity]
    held = sum(lot.quantity for lot in lots)
    bonus = replace(
        lots[0],
        opened=action.allotted or action.ex_day,
        quantity=ratio.shares(held) - held,
        value=Decimal(0),
        charges=Charges(),
        origin="bonus",
        fmv_2018=None,
    )
    grown = [*lots, bonus] if bonus.quantity > 0 else list(lots)
    return sorted(grown, key=lambda lot: lot.opened)


def _split(lots: Iterable[Lot], ratio: Ratio, ex_day: date) -> list[Lot]:
    """So many of the new shares to each lot that all together have what the account has."""
    before = after = 0
    found = []
    for lot in lots:
        before += lot.quantity
        quantity, after = ratio.shares(before) - after, ratio.shares(before)
        price = lot.fmv_2018
        if price is not None and ex_day > _FMV_DAY:
            price = ratio.price(price)
        found.append(replace(lot, quantity=quantity, fmv_2018=price))
    return found
