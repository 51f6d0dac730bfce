"""The estimate: every use times its price, what dominates, what could be less."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import chain
from typing import Final

from patang_workbench.cost import compute, keeping, moving, watching
from patang_workbench.cost.deployed import FREE, CostError, Deployed
from patang_workbench.cost.month import Month, Use
from patang_workbench.cost.prices import UnitPrice, unit_prices

__all__ = ["TARGETS", "Estimate", "Line", "estimate"]

# US dollars a month before tax: one account, 500 symbols, no SMS, the NAT instance.
TARGETS: Final = {"paper": Decimal(35), "live": Decimal(50)}
# How much dearer a price that nobody has verified might be.
_DOUBT: Final = Decimal("0.20")
_PARTS: Final = (compute, keeping, moving, watching)


@dataclass(frozen=True, slots=True)
class Line:
    """One unit price and everything that uses it."""

    price: UnitPrice
    uses: tuple[Use, ...]

    @property
    def quantity(self) -> Decimal:
        return sum((use.quantity for use in self.uses), Decimal(0))

    @property
    def listed(self) -> Decimal:
        """US dollars a month, without AWS's free allowance."""
        return self.quantity * self.price.usd

    @property
    def due(self) -> Decimal:
        """US dollars a month, less the allowance, where nothing else of the account uses it."""
        return max(self.quantity - self.price.free, Decimal(0)) * self.price.usd


@dataclass(frozen=True, slots=True)
class Estimate:
    """A month of one stage in US dollars before tax; `lines` from the dearest on."""

    month: Month
    lines: tuple[Line, ...]

    @property
    def due(self) -> Decimal:
        return sum((line.due for line in self.lines), Decimal(0))

    @property
    def listed(self) -> Decimal:
        return sum((line.listed for line in self.lines), Decimal(0))

    @property
    def unverified(self) -> Decimal:
        """The part of `due` whose unit prices nobody has verified."""
        return sum((line.due for line in self.lines if not line.price.verified), Decimal(0))

    @property
    def if_dearer(self) -> Decimal:
        """`due`, were every unverified price a fifth higher."""
        return self.due + _DOUBT * self.unverified

    def services(self) -> list[tuple[str, Decimal]]:
        """What is due by service, from the dearest on."""
        sums: dict[str, Decimal] = {}
        for line in self.lines:
            sums[line.price.service] = sums.get(line.price.service, Decimal(0)) + line.due
        return sorted(sums.items(), key=lambda pair: -pair[1])

    def due_of(self, *names: str) -> Decimal:
        """What is due for unit prices by name."""
        return sum((line.due for line in self.lines if line.price.name in names), Decimal(0))


def estimate(deployed: Deployed, day: date) -> Estimate:
    """The month of a stage as its templates are. Raises CostError for a resource that is neither priced nor
    known to be free, and for whatever else cannot be said."""
    priced = frozenset().union(*(part.PRICED for part in _PARTS))
    strange = sorted(deployed.kinds() - priced - FREE.keys())
    if strange:
        raise CostError(
            f"no price is known for {', '.join(strange)}: price it in workbench/patang_workbench/cost, "
            "or say in deployed.FREE why it costs nothing"
        )
    month = Month.at(day)
    return Estimate(month, _lines(chain.from_iterable(part.uses(deployed, month) for part in _PARTS)))


def _lines(uses: Iterable[Use]) -> tuple[Line, ...]:
    by_price: dict[str, list[Use]] = {}
    for use in uses:
        by_price.setdefault(use.price, []).append(use)
    prices = unit_prices()
    lines = (Line(prices[name], tuple(used)) for name, used in by_price.items())
    return tuple(sorted(lines, key=lambda line: (-line.due, -line.listed, line.price.name)))
