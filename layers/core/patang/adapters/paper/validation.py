"""What the broker refuses before an order has an id, as far as the paper broker can know it."""

from collections.abc import Sequence
from decimal import Decimal

from patang.adapters.paper.funds import PaperFunds
from patang.adapters.paper.gtt import PaperGtt
from patang.adapters.paper.order import PaperOrder
from patang.errors import BrokerRefused
from patang.market.instruments import Instrument
from patang.risk.freeze import freeze_quantity

__all__ = ["PRODUCTS", "check_gtt", "check_means", "check_terms"]

_LONGEST_TAG = 20
PRODUCTS = {"NSE": ("CNC", "MIS"), "BSE": ("CNC", "MIS"), "NFO": ("NRML", "MIS"), "BFO": ("NRML", "MIS")}
# A trigger stands at least so far from the last price, percent of it, or in rupees below the price after it.
_NEAREST_PCT, _NEAREST, _CHEAP = Decimal("0.25"), Decimal("0.09"), Decimal(50)


def check_terms(order: PaperOrder, instrument: Instrument) -> None:
    """What needs the order and its instrument alone. Raises BrokerRefused with the reason."""
    if order.gtt_id is None and (not order.tag.isalnum() or len(order.tag) > _LONGEST_TAG):
        raise BrokerRefused(f"Tag {order.tag!r} is not 1 to {_LONGEST_TAG} letters and digits.")
    if order.quantity <= 0:
        raise BrokerRefused(f"Quantity {order.quantity} is not above 0.")
    if order.order_type in ("LIMIT", "SL") and (order.price is None or order.price <= 0):
        raise BrokerRefused(f"{order.order_type} orders need a price.")
    if order.order_type in ("SL", "SL-M"):
        _check_trigger(order)
    if order.order_type in ("MARKET", "SL-M") and not order.market_protection:
        raise BrokerRefused(f"{order.order_type} orders need market protection.")
    _check_instrument(order, instrument)


def check_means(order: PaperOrder, funds: PaperFunds, book: Sequence[PaperOrder]) -> None:
    """Whether there is what it sells, or the money for what it buys. Raises BrokerRefused.

    `book`: the account's other orders. Nothing is sold short, and nothing twice.
    """
    if order.transaction_type == "SELL":
        resting = sum(
            other.pending
            for other in book
            if other.transaction_type == "SELL"
            and other.name == order.name
            and other.order_id != order.order_id
        )
        free = funds.long(order.name) - resting
        if order.pending > free:
            raise BrokerRefused(
                f"Insufficient holding of {order.tradingsymbol} ({order.product}): "
                f"{order.pending} to sell, {free} free. Paper accounts do not sell short."
            )
    elif order.reservation > funds.available + funds.reserved.get(order.order_id, Decimal(0)):
        raise BrokerRefused(
            f"Insufficient funds. Required {order.reservation:.2f}, available {funds.available:.2f}."
        )


def check_gtt(gtt: PaperGtt, instrument: Instrument) -> None:
    """Raises BrokerRefused. What the legs sell or cost is looked at when they are triggered."""
    wanted = 1 if gtt.kind == "single" else 2
    if len(gtt.trigger_values) != wanted or len(gtt.legs) != wanted:
        raise BrokerRefused(f"A GTT of type {gtt.kind} has {wanted} trigger values and as many orders.")
    last, values = gtt.last_price, gtt.trigger_values
    if last <= 0 or min(values) <= 0:
        raise BrokerRefused("The last price and the trigger values of a GTT are above 0.")
    nearest = last * _NEAREST_PCT / 100 if last > _CHEAP else _NEAREST
    if any(abs(value - last) < nearest for value in values):
        raise BrokerRefused(
            f"Trigger price must be at least {_NEAREST_PCT} % away from the last price "
            f"({_NEAREST} rupees below {_CHEAP})."
        )
    if wanted == 2 and not values[0] < last < values[1]:
        raise BrokerRefused("The first trigger of a two-leg GTT is below the last price, the second above.")
    for leg in gtt.legs:
        if leg.quantity <= 0 or leg.quantity % instrument.lot_size:
            raise BrokerRefused(f"Quantity {leg.quantity} is not a multiple of {instrument.lot_size}.")
        if leg.product not in PRODUCTS.get(instrument.exchange, ()):
            raise BrokerRefused(f"Product {leg.product} is not allowed in a GTT on {instrument.exchange}.")
        if leg.price <= 0 or leg.price % instrument.tick_size:
            raise BrokerRefused(f"Price {leg.price} is not a multiple of the tick {instrument.tick_size}.")


def _check_trigger(order: PaperOrder) -> None:
    if order.trigger_price is None or order.trigger_price <= 0:
        raise BrokerRefused(f"{order.order_type} orders need a trigger price.")
    if order.order_type == "SL-M" or order.price is None:
        return
    wrong = (
        order.price < order.trigger_price
        if order.transaction_type == "BUY"
        else order.price > order.trigger_price
    )
    if wrong:
        side = "below" if order.transaction_type == "BUY" else "above"
        raise BrokerRefused(f"The price {order.price} is {side} the trigger price {order.trigger_price}.")


def _check_instrument(order: PaperOrder, instrument: Instrument) -> None:
    if instrument.instrument_type == "INDEX":
        raise BrokerRefused(f"{instrument.identifier} is an index and does not trade.")
    if order.product not in PRODUCTS.get(order.exchange, ()):
        raise BrokerRefused(f"Product {order.product} is not allowed on {order.exchange}.")
    if order.order_type == "SL-M" and instrument.is_option:
        raise BrokerRefused("SL-M orders are not taken for options: use SL with a limit price.")
    if order.quantity % instrument.lot_size:
        raise BrokerRefused(
            f"Quantity {order.quantity} is not a multiple of the lot of {instrument.lot_size}."
        )
    most = freeze_quantity(order.exchange, instrument.underlying, order.placed_at.date())
    if most is not None and order.quantity > most:
        raise BrokerRefused(f"Quantity {order.quantity} is above the freeze quantity of {most}: cut it.")
    for name, price in (("Price", order.price), ("Trigger price", order.trigger_price)):
        if price is not None and price % instrument.tick_size:
            raise BrokerRefused(f"{name} {price} is not a multiple of the tick of {instrument.tick_size}.")
