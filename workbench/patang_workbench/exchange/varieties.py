"""What is special in cover, iceberg and auction orders, and in the broker's own square-off orders."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from patang_workbench.exchange.account import Account
from patang_workbench.exchange.checks import AUCTION
from patang_workbench.exchange.orders import Order, Terms
from patang_workbench.exchange.positions import Position

if TYPE_CHECKING:
    from patang_workbench.exchange.broker import Broker

__all__ = [
    "after_end",
    "after_fill",
    "as_asked",
    "changed",
    "end_auction",
    "exit_cover",
    "first_meta",
    "first_terms",
    "is_cover_stop",
    "square_off",
]

_AUCTION_ABOVE = 1.01
"""Up to this much of the last price the exchange buys in."""


def first_terms(terms: Terms) -> Terms:
    """The terms of the first order that a request makes."""
    if terms.variety == "iceberg":
        return replace(terms, quantity=min(terms.leg_quantity, terms.quantity))
    return replace(terms, product="CO") if terms.variety == "co" else terms


def as_asked(terms: Terms) -> Terms:
    """The terms under which a client asks for what the broker books as `terms`."""
    return replace(terms, product="MIS") if terms.variety == "co" else terms


def first_meta(terms: Terms, meta: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The order book's `meta` of the first order that a request makes."""
    return _iceberg_meta(terms, 1, terms.quantity) if terms.variety == "iceberg" else meta or {}


def changed(order: Order, terms: Terms) -> Terms:
    """The terms of a modification, with what may not be changed as it was."""
    if is_cover_stop(order):
        return replace(order.terms, trigger=terms.trigger)
    return terms


def is_cover_stop(order: Order) -> bool:
    """Whether an order is the second leg of a cover order."""
    return order.terms.variety == "co" and order.parent_id is not None


def after_fill(broker: "Broker", order: Order) -> None:
    """A cover order's stop guards what has been filled so far."""
    terms = order.terms
    if terms.variety != "co" or order.parent_id is not None:
        return
    account = broker.accounts[order.user_id]
    legs = [leg for leg in account.orders.values() if leg.parent_id == order.order_id]
    stop = next((leg for leg in legs if leg.order_id in account.live), None)
    # A stop that was met between two fills has done its part.
    done = sum(leg.filled for leg in legs if leg is not stop)
    if stop is not None:
        stop.terms = replace(stop.terms, quantity=order.filled - done)
        broker.move(stop, stop.status, "UPDATE")
        return
    side, units = "SELL" if terms.side == "BUY" else "BUY", order.filled - done
    wanted = replace(terms, side=side, quantity=units, order_type="SL-M", price=0, protection=None)
    stop = broker.write(
        account, order.api_key, wanted, order.line, parent_id=order.order_id, request=order.request
    )
    broker.book.enter(stop)


def exit_cover(broker: "Broker", stop: Order) -> None:
    """Leave a cover order's position at market: its second leg becomes a market order."""
    first = broker.accounts[stop.user_id].orders[str(stop.parent_id)]
    if first in broker.book:
        broker.book.end(first)
    stop.terms = replace(stop.terms, order_type="MARKET", trigger=0)
    stop.limit = None
    broker.move(stop, "OPEN", "UPDATE")
    broker.book.attempt(stop)


def after_end(broker: "Broker", order: Order) -> None:
    """The next leg of an iceberg follows when one is filled."""
    iceberg = order.meta.get("iceberg")
    if iceberg is None or order.status != "COMPLETE" or not iceberg["remaining_quantity"]:
        return
    account, left = broker.accounts[order.user_id], iceberg["remaining_quantity"]
    terms = replace(order.terms, quantity=min(order.terms.leg_quantity, left))
    meta = {**iceberg, "leg": iceberg["leg"] + 1, "remaining_quantity": left - terms.quantity}
    leg = broker.write(account, order.api_key, terms, order.line, {"iceberg": meta}, request=order.request)
    broker.later(lambda: broker.progress(leg))


def end_auction(broker: "Broker", moment: datetime) -> None:
    """Decide the auction orders at its end: what is not too dear is bought."""
    if moment.time() != AUCTION[1]:
        return
    for order in broker.book.orders():
        if order.terms.variety != "auction":
            continue
        if order.terms.price <= order.line.last * _AUCTION_ABOVE:
            broker.book.fill(order, order.pending, order.terms.price)
        else:
            broker.book.end(order, "Order cancelled by the exchange: the auction has ended.")


def square_off(broker: "Broker", account: Account, position: Position) -> None:
    """The broker's own market order against an intraday position."""
    already = any(
        order.placed_by and order.line is position.line and order.terms.product == position.product
        for order in account.live.values()
    )
    if already:
        return
    row = position.line.instrument
    side = "SELL" if position.net > 0 else "BUY"
    terms = Terms(row.exchange, row.tradingsymbol, side, abs(position.net), position.product, "MARKET")
    order = broker.write(account, None, terms, position.line, placed_by="RMS")
    broker.book.enter(order)
    broker.book.attempt(order)


def _iceberg_meta(terms: Terms, leg: int, total: int) -> Mapping[str, Any]:
    details = {
        "leg": leg,
        "legs": terms.legs,
        "leg_quantity": terms.leg_quantity,
        "total_quantity": total,
        "remaining_quantity": max(total - terms.leg_quantity, 0),
    }
    return {"iceberg": details}
