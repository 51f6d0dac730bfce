"""What the broker refuses before an order has an id, as far as the paper broker can know it."""

from decimal import Decimal

from patang.adapters.paper.book import PaperFunds, PaperOrder
from patang.errors import BrokerRefused
from patang.market.instruments import Instrument

__all__ = ["check_order"]

_LONGEST_TAG = 20


def check_order(order: PaperOrder, instrument: Instrument, funds: PaperFunds, resting_sells: int) -> None:
    """Raises BrokerRefused with the reason.

    `resting_sells`: units of the same holding that other resting orders sell already.
    """
    _check_terms(order)
    _check_instrument(order, instrument)
    if order.transaction_type == "SELL":
        free = funds.held(order.holding) - resting_sells
        if order.quantity > free:
            raise BrokerRefused(
                f"Insufficient holding of {order.tradingsymbol} ({order.product}): "
                f"{order.quantity} to sell, {free} free. Paper accounts do not sell short."
            )
    elif order.reservation > funds.available + funds.reserved.get(order.order_id, Decimal(0)):
        raise BrokerRefused(
            f"Insufficient funds. Required {order.reservation:.2f}, available {funds.available:.2f}."
        )


def _check_terms(order: PaperOrder) -> None:
    if order.variety != "regular":
        raise BrokerRefused(f"Paper accounts take the variety regular, not {order.variety!r}.")
    if not order.tag.isalnum() or len(order.tag) > _LONGEST_TAG:
        raise BrokerRefused(f"Tag {order.tag!r} is not 1 to {_LONGEST_TAG} letters and digits.")
    if order.quantity <= 0:
        raise BrokerRefused(f"Quantity {order.quantity} is not above 0.")
    if order.order_type in ("LIMIT", "SL") and (order.price is None or order.price <= 0):
        raise BrokerRefused(f"{order.order_type} orders need a price.")
    if order.order_type in ("SL", "SL-M"):
        _check_trigger(order)
    if order.order_type in ("MARKET", "SL-M") and not order.market_protection:
        raise BrokerRefused(f"{order.order_type} orders need market protection.")


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
    if order.order_type == "SL-M" and instrument.is_option:
        raise BrokerRefused("SL-M orders are not taken for options: use SL with a limit price.")
    if order.quantity % instrument.lot_size:
        raise BrokerRefused(
            f"Quantity {order.quantity} is not a multiple of the lot of {instrument.lot_size}."
        )
    for name, price in (("Price", order.price), ("Trigger price", order.trigger_price)):
        if price is not None and price % instrument.tick_size:
            raise BrokerRefused(f"{name} {price} is not a multiple of the tick of {instrument.tick_size}.")
