"""What an order's fills were worth: told with them, told later, or presumed until then.

A word of a fill may lack its price (average_price 0). Such units are booked at what the order stood at, and
their price is news when it comes.
"""

from decimal import Decimal
from typing import NamedTuple, Protocol

from patang.execution.intent import OrderIntent
from patang.ports import BrokerOrder

__all__ = ["Fills", "Told", "is_first_price", "presumed", "told"]


class Fills(Protocol):
    """What is known of the fills of an intent, or of one of its slices."""

    @property
    def filled_quantity(self) -> int: ...
    @property
    def average_price(self) -> Decimal | None: ...
    @property
    def unpriced_quantity(self) -> int: ...
    @property
    def priced_quantity(self) -> int: ...


class Told(NamedTuple):
    """The same three after another word of the broker."""

    filled_quantity: int
    average_price: Decimal | None
    unpriced_quantity: int


def told(known: Fills, order: BrokerOrder) -> Told:
    """Only forwards: fills never fall, and a price that was told for them stays."""
    price, more = Decimal(order.average_price), order.filled_quantity - known.filled_quantity
    if more > 0 and price <= 0:
        return Told(order.filled_quantity, known.average_price, known.unpriced_quantity + more)
    if more > 0 or is_first_price(known, order):
        return Told(order.filled_quantity, price, 0)
    return Told(known.filled_quantity, known.average_price, known.unpriced_quantity)


def is_first_price(known: Fills, order: BrokerOrder) -> bool:
    """Whether the order tells what nobody has told yet: at which price all that is filled was."""
    same = 0 < known.filled_quantity == order.filled_quantity
    return same and known.priced_quantity < known.filled_quantity and Decimal(order.average_price) > 0


def presumed(intent: OrderIntent) -> Decimal | None:
    """Rupees a unit that fills count at while nobody has told their price: the limit they cannot be worse
    than, else what was expected."""
    return intent.limit_price or intent.terms.price or intent.expected_price
