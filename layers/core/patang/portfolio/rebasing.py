"""Shares whose count and price were restated overnight: a split, a bonus. Pure arithmetic.

The exchange restates the close of the day before when a share goes ex. An ordinary move never changes that
close, so one that is far from what we saw the day before says that something else did.
"""

import re
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import Self

from patang.errors import BadInput
from patang.market.sessions import IST
from patang.portfolio.position import Mark, Position

__all__ = ["Ratio", "is_broken", "rebased", "rebased_mark", "simple_ratio"]

# The exchange's close is a mean of the last half hour or the auction's; a split or a bonus moves it by a
# tenth and more. After a day that we did not see, only what lies outside the widest ordinary band says so.
_MOST_PCT = Decimal(5)
_MOST_UNSEEN_PCT = Decimal(20)
_TOLERANCE_PCT = Decimal(2)
_PRECISION = Decimal("0.0001")
_MOST_SHARES = 100


@dataclass(frozen=True, slots=True)
class Ratio:
    """`before` old shares have become `after` new ones; 1:1 says that nothing has changed."""

    before: int
    after: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """From "1:5". Raises BadInput for anything else."""
        found = re.fullmatch(r"([1-9]\d{0,2}):([1-9]\d{0,2})", text.strip())
        before, after = (int(found[1]), int(found[2])) if found else (0, 0)
        if not found or max(before, after) > _MOST_SHARES:
            raise BadInput(f"{text!r} is no ratio: give old and new shares, such as 1:2, each up to 100")
        return cls(before, after)

    def __str__(self) -> str:
        return f"{self.before}:{self.after}"

    def price(self, old: Decimal) -> Decimal:
        """What a price of before is now."""
        return (old * self.before / self.after).quantize(_PRECISION)

    def shares(self, old: int) -> int:
        """What a number of shares is now; fractions are paid out and not held."""
        return int((Decimal(old) * self.after / self.before).to_integral_value(ROUND_FLOOR))


# Splits of a face value, and bonuses of one share for two, one for one, two and three for one.
_SIMPLE = (Ratio(1, 2), Ratio(1, 5), Ratio(1, 10), Ratio(1, 3), Ratio(1, 4), Ratio(2, 3))


def is_broken(kept: Decimal, told: Decimal, *, day_before: bool) -> bool:
    """Whether the close we are told is not of the price we kept, that of the `day_before` or an older one."""
    most = _MOST_PCT if day_before else _MOST_UNSEEN_PCT
    return abs(told / kept - 1) * 100 > most


def simple_ratio(kept: Decimal, told: Decimal) -> Ratio | None:
    """The usual ratio that explains the break, None if none does within two percent."""
    return next((r for r in _SIMPLE if abs(told / r.price(kept) - 1) * 100 <= _TOLERANCE_PCT), None)


def rebased(position: Position, ratio: Ratio) -> Position:
    """The position in new shares: as much was paid for it, and it stops at the same loss."""
    return position.evolve(
        quantity=ratio.shares(position.quantity),
        exited_quantity=ratio.shares(position.exited_quantity),
        exited_earlier=ratio.shares(position.exited_earlier),
        entry_price=ratio.price(position.entry_price),
        entry_slippage=ratio.price(position.entry_slippage),
        exit_price=None if position.exit_price is None else ratio.price(position.exit_price),
        stop_loss_price=_on_tick(ratio.price(position.stop_loss_price), position.tick_size),
        target_price=_on_tick(ratio.price(position.target_price), position.tick_size),
    )


def rebased_mark(mark: Mark, ratio: Ratio, day: date) -> Mark:
    """The mark in new shares; a price of the break's own `day` is in them already."""
    old = mark.as_of.astimezone(IST).date() < day
    return mark.evolve(
        last_price=ratio.price(mark.last_price) if old else mark.last_price,
        bid=ratio.price(mark.bid) if old and mark.bid else mark.bid,
        high_price=None if mark.high_price is None else ratio.price(mark.high_price),
        trailing_stop=None if mark.trailing_stop is None else ratio.price(mark.trailing_stop),
    )


def _on_tick(price: Decimal, tick: Decimal) -> Decimal:
    return max((price / tick).to_integral_value(ROUND_HALF_EVEN) * tick, tick)
