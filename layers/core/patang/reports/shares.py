"""An amount of money cut into parts that add up to it."""

from collections.abc import Sequence
from dataclasses import fields
from decimal import ROUND_HALF_UP, Decimal

from patang.risk.charges import Charges

__all__ = ["charges_in_paise", "charges_shared", "shared"]

_PAISA = Decimal("0.01")
_NAMES = tuple(field.name for field in fields(Charges))


def shared(amount: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """Parts of `amount` (rupees, to the paisa) in proportion to `weights`, each to the paisa, that add up to
    it: what is rounded is the running sum, so that no part is off by more than a paisa.

    Weights are not negative; if all are zero, so are the parts but the last. Without weights there are none.
    """
    whole, sum_so_far, told, parts = sum(weights, Decimal(0)), Decimal(0), Decimal(0), []
    for number, weight in enumerate(weights, 1):
        sum_so_far += weight
        reached = amount if number == len(weights) else _of(amount, sum_so_far, whole)
        parts.append(reached - told)
        told = reached
    return parts


def charges_in_paise(charges: Charges) -> Charges:
    """Every component to the paisa, a half up."""
    return Charges(**{name: _paisa(getattr(charges, name)) for name in _NAMES})


def charges_shared(charges: Charges, weights: Sequence[Decimal]) -> list[Charges]:
    """The same for each component; `charges` in whole paise."""
    columns = {name: shared(getattr(charges, name), weights) for name in _NAMES}
    return [Charges(**{name: columns[name][number] for name in _NAMES}) for number in range(len(weights))]


def _of(amount: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    return _paisa(amount * part / whole) if whole else Decimal(0)


def _paisa(amount: Decimal) -> Decimal:
    return amount.quantize(_PAISA, ROUND_HALF_UP)
