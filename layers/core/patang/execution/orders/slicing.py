"""Cutting what an exchange would freeze: several orders, each within the freeze quantity and of whole
lots.
"""

from patang.errors import BadInput

__all__ = ["slices"]


def slices(quantity: int, lot: int, largest: int) -> tuple[int, ...]:
    """Units of each order, the fullest first: together `quantity`, none above `largest`, all of whole lots.

    Raises BadInput where that cannot be: a quantity of broken lots, or a largest order of less than a lot.
    """
    if lot <= 0 or quantity <= 0 or quantity % lot:
        raise BadInput(f"quantity is {quantity}: give a multiple of the lot of {lot}")
    most = largest // lot * lot
    if most <= 0:
        raise BadInput(f"the largest order of {largest} is less than the lot of {lot}: nothing can be traded")
    whole, rest = divmod(quantity, most)
    return (most,) * whole + ((rest,) if rest else ())
