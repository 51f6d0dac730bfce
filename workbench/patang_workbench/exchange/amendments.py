"""Changing and cancelling orders."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from patang_workbench.exchange import varieties
from patang_workbench.exchange.account import Account, no_funds
from patang_workbench.exchange.book import waits
from patang_workbench.exchange.checks import check_terms, rejection
from patang_workbench.exchange.errors import InputError, KiteError, OrderError
from patang_workbench.exchange.forms import changed_terms
from patang_workbench.exchange.margin_rates import unit_margin
from patang_workbench.exchange.orders import Order, Terms
from patang_workbench.exchange.protection import limit_of

if TYPE_CHECKING:
    from patang_workbench.exchange.broker import Broker

__all__ = ["MAX_MODIFICATIONS", "Amendments"]

MAX_MODIFICATIONS = 25


class Amendments:
    """What can be done to an order that is still live."""

    def __init__(self, broker: "Broker") -> None:
        self._broker = broker

    def modify(self, account: Account, order_id: str, form: Mapping[str, str], variety: str | None) -> Order:
        """Change a live order. Raises InputError, OrderError or KiteError when it cannot be changed."""
        broker = self._broker
        order = self._changeable(account, order_id, "modified", variety)
        if order.modifications >= MAX_MODIFICATIONS:
            raise KiteError("Maximum allowed order modifications exceeded.", 400, "NetworkException")
        self._race(order)
        terms = varieties.changed(order, changed_terms(order.terms, form))
        if not varieties.is_cover_stop(order):
            asked = varieties.as_asked(terms)
            check_terms(asked, order.line, broker.now().date(), by_api=order.api_key is not None)
        if terms.quantity < order.filled:
            raise OrderError(f"Quantity cannot be below the {order.filled} units that are filled.")
        if broker.is_waiting(order):
            order.modifications += 1
            order.terms = terms
            broker.move(order, "AMO REQ RECEIVED", "UPDATE")
            return order
        margin = self._margin(account, order, terms)
        order.modifications += 1
        broker.move(order, "MODIFY VALIDATION PENDING")
        broker.move(order, "MODIFY PENDING")
        order.terms, order.limit = terms, limit_of(terms, order.line)
        order.opening, order.unit_margin = margin
        order.expires = self._expiry(terms)
        if terms.order_type in ("MARKET", "LIMIT"):
            order.triggered = False
        broker.move(order, "MODIFIED")
        broker.move(order, "TRIGGER PENDING" if waits(order) else "OPEN", "UPDATE")
        if order.filled == terms.quantity:
            broker.book.complete(order)
        broker.book.attempt(order)
        return order

    def cancel(self, account: Account, order_id: str, variety: str | None) -> Order:
        """Cancel what is still open of an order. Raises OrderError when nothing is."""
        broker = self._broker
        order = self._changeable(account, order_id, "cancelled", variety)
        race = None if broker.is_waiting(order) else broker.faults.race("cancel")
        if race == "refused":
            self._trade_now(order, order.pending)
            raise OrderError(f"Order cannot be cancelled: it is {order.status}.")
        if varieties.is_cover_stop(order):
            varieties.exit_cover(broker, order)
            return order
        broker.move(order, "CANCEL PENDING")
        if race == "filled":
            broker.later(lambda: self._trade_now(order, order.pending))
        elif race == "partly":
            broker.later(lambda: self._trade_part_then_end(order))
        else:
            broker.withdraw(order)
        return order

    def _changeable(self, account: Account, order_id: str, change: str, variety: str | None) -> Order:
        broker = self._broker
        order = broker.find(account, order_id)
        if variety is not None and variety != order.terms.variety:
            raise InputError(f"Invalid `variety`: the order is of variety {order.terms.variety}.")
        if not order.live:
            raise OrderError(f"Order cannot be {change}: it is {order.status}.")
        if order.status == "CANCEL PENDING" or not (order in broker.book or broker.is_waiting(order)):
            raise OrderError(f"Order cannot be {change} as it is being processed. Try later.")
        return order

    def _race(self, order: Order) -> None:
        """Let a fill come first where a fault says so. Raises OrderError when nothing is left to change."""
        race = None if self._broker.is_waiting(order) else self._broker.faults.race("modify")
        if race == "partly":
            self._trade_part(order)
        elif race is not None:
            self._trade_now(order, order.pending)
        if not order.live:
            raise OrderError(f"Order cannot be modified: it is {order.status}.")

    def _margin(self, account: Account, order: Order, terms: Terms) -> tuple[int, int]:
        """Units that open and margin a unit under the new terms. Raises OrderError when they are refused."""
        broker = self._broker
        plain = {"SL": "LIMIT", "SL-M": "MARKET"}.get(terms.order_type, terms.order_type)
        checked = replace(terms, order_type=plain) if order.triggered else terms
        refused = rejection(checked, order.line, broker.floor, broker.now(), broker.rules)
        if refused is not None:
            raise OrderError(refused.message, error_type=refused.error_type)
        opening = 0 if varieties.is_cover_stop(order) else account.opening_units(terms, order.line, order)
        margin = unit_margin(terms, order.line, limit_of(terms, order.line))
        extra = margin * max(0, opening - order.filled) - order.blocked
        available = account.funds().available
        if extra > max(available, 0):
            raise OrderError(no_funds(extra, available), error_type="MarginException")
        return opening, margin

    def _expiry(self, terms: Terms) -> int | None:
        return int(self._broker.now().timestamp()) + terms.ttl * 60 if terms.validity == "TTL" else None

    def _trade_now(self, order: Order, quantity: int) -> None:
        """Fill at the order's own limit, as it would be by somebody who comes to meet it."""
        if order.live and quantity:
            order.triggered = True
            self._broker.book.fill(order, quantity, order.limit or order.line.last)

    def _trade_part(self, order: Order) -> None:
        lot = order.line.instrument.lot
        self._trade_now(order, order.pending // 2 // lot * lot)

    def _trade_part_then_end(self, order: Order) -> None:
        self._trade_part(order)
        if order.live:
            self._broker.book.end(order)
