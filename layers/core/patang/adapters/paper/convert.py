"""A paper position's change of product."""

from collections.abc import Sequence

from patang.adapters.paper.funds import PaperFunds
from patang.adapters.paper.order import PaperOrder
from patang.adapters.paper.validation import PRODUCTS
from patang.errors import BrokerRefused
from patang.ports import ConversionRequest

__all__ = ["converted"]


def converted(funds: PaperFunds, request: ConversionRequest, book: Sequence[PaperOrder]) -> PaperFunds:
    """The funds after it. Raises BrokerRefused; what resting orders sell already stays where it is."""
    allowed = PRODUCTS.get(request.exchange, ())
    old, new = request.old_product, request.new_product
    if old not in allowed or new not in allowed or old == new:
        raise BrokerRefused(f"A position on {request.exchange} cannot go from {old} to {new}.")
    if request.position_type not in ("day", "overnight"):
        raise BrokerRefused(f"Position type {request.position_type!r} is neither day nor overnight.")
    if request.transaction_type != "BUY":
        raise BrokerRefused("Paper accounts hold no short positions to convert.")
    share = f"{request.exchange}:{request.tradingsymbol}"
    source, target = f"{share}:{old}", f"{share}:{new}"
    position, overnight = funds.position(source), request.position_type == "overnight"
    resting = sum(o.pending for o in book if o.transaction_type == "SELL" and o.name == source)
    there = min(position.net, position.overnight if overnight else position.bought) - resting
    if not 0 < request.quantity <= there:
        raise BrokerRefused(
            f"{request.quantity} of {request.tradingsymbol} ({old}, {request.position_type}) to convert, "
            f"{max(there, 0)} free."
        )
    price = position.average_price
    return funds.evolve(
        positions={
            **funds.positions,
            source: position.moved(-request.quantity, price, overnight=overnight),
            target: funds.position(target).moved(request.quantity, price, overnight=overnight),
        }
    )
