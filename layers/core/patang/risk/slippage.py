"""What a fill costs beyond the price it was decided at, learned from the desk's own orders.

Slippage is told a side, in percent of the price that could be had when the order was decided: the ask for an
entry, for an exit the bid (or the last price, where that is lower or no bid is known); positive is a cost.
Instruments slip differently by their class, and orders by their size, so that is how they are counted.

While there are few fills the estimate leans on a prior: it is the mean of what was seen and of PRIOR_WEIGHT
fills as the prior has them, so that it always lies between the two and one odd fill goes a thirty-first of
the way at most. Fills of one mode say nothing of another: those on paper are made here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Literal

from patang.errors import BadInput
from patang.keys import slippage_partition
from patang.ports import Key, StateStore
from patang.records import Record, load_all
from patang.risk.charges import Segment, Side
from patang.settings import Mode

__all__ = [
    "PRIOR_WEIGHT",
    "InstrumentClass",
    "OrderSize",
    "Slippage",
    "SlippageTally",
    "instrument_class",
    "load_slippage",
    "order_size",
    "prior_pct",
    "slippage_pct",
]

type InstrumentClass = Literal["options", "futures", "equity"]
type OrderSize = Literal["small", "medium", "large"]

PRIOR_WEIGHT = 30

# Percent a side. An assumption until fills say otherwise: one tick or two of a liquid premium, less than one
# of a large share; larger orders reach further into the book.
_PRIORS: dict[InstrumentClass, dict[OrderSize, Decimal]] = {
    "options": {"small": Decimal("0.25"), "medium": Decimal("0.35"), "large": Decimal("0.50")},
    "futures": {"small": Decimal("0.01"), "medium": Decimal("0.015"), "large": Decimal("0.02")},
    "equity": {"small": Decimal("0.02"), "medium": Decimal("0.03"), "large": Decimal("0.05")},
}

# Rupees of an order from which on it is medium, and large.
_MEDIUM_FROM, _LARGE_FROM = Decimal(75_000), Decimal(300_000)

# A fill that looks worse (or better) than this says more of the price it is compared with.
_WORST_PCT = Decimal(5)
_PLACES = Decimal("0.000001")


class SlippageTally(Record):
    """What an account's ended orders of one class and size slipped together: how many, and the sum of their
    percentages."""

    mode: Mode
    account: str
    instrument_class: InstrumentClass
    size: OrderSize
    fills: int = 0
    total_pct: Decimal = Decimal(0)

    def key(self) -> Key:
        return Key(slippage_partition(self.mode), f"{self.instrument_class}#{self.size}#{self.account}")


@dataclass(frozen=True, slots=True)
class Slippage:
    """What is known of slippage now: fills and the sum of their percentages, by class and size.

    Empty, it is the prior alone.
    """

    seen: Mapping[tuple[InstrumentClass, OrderSize], tuple[int, Decimal]] = field(default_factory=dict)

    def pct(self, segment: Segment, value: Decimal) -> Decimal:
        """Percent a side to expect of an order of `value` rupees; never less than nothing."""
        kind = instrument_class(segment), order_size(value)
        fills, total = self.seen.get(kind, (0, Decimal(0)))
        estimate = (PRIOR_WEIGHT * prior_pct(*kind) + total) / (PRIOR_WEIGHT + fills)
        return max(estimate, Decimal(0))


def load_slippage(store: StateStore, mode: Mode) -> Slippage:
    """What the fills of all accounts in this mode have shown; one query."""
    seen: dict[tuple[InstrumentClass, OrderSize], tuple[int, Decimal]] = {}
    for tally in load_all(store, SlippageTally, slippage_partition(mode)):
        kind = tally.instrument_class, tally.size
        fills, total = seen.get(kind, (0, Decimal(0)))
        seen[kind] = fills + tally.fills, total + tally.total_pct
    return Slippage(seen)


def prior_pct(instrument: InstrumentClass, size: OrderSize) -> Decimal:
    """Percent a side that is assumed while nothing was seen."""
    return _PRIORS[instrument][size]


def instrument_class(segment: Segment) -> InstrumentClass:
    """The class whose fills are counted together: delivery or not, a share's book is the same."""
    match segment:
        case "options" | "futures":
            return segment
        case _:
            return "equity"


def order_size(value: Decimal) -> OrderSize:
    """The size of an order of so many rupees."""
    if value < _MEDIUM_FROM:
        return "small"
    return "medium" if value < _LARGE_FROM else "large"


def slippage_pct(side: Side, expected: Decimal, filled: Decimal) -> Decimal:
    """What one order slipped, percent of the price it was decided at, to six places; a gain is negative.

    No order counts for more than 5 %: the price that it is compared with was then no price to trade at, and
    an estimate that nobody can pay would never be corrected, because nothing would be bought any more.
    """
    if expected <= 0:
        raise BadInput(f"slippage against an expected price of {expected}: give a price above zero")
    lost = filled - expected if side == "BUY" else expected - filled
    percent = min(max(100 * lost / expected, -_WORST_PCT), _WORST_PCT)
    return percent.quantize(_PLACES, ROUND_HALF_EVEN)
