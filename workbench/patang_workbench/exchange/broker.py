"""The broker and the exchange's matching: takes orders, checks them, fills them against the book."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import count
from typing import Any

from patang_workbench.exchange.account import Account, unit_margin
from patang_workbench.exchange.checks import changed_terms, check_terms, limit_of, read_terms, rejection
from patang_workbench.exchange.errors import KiteError, OrderError
from patang_workbench.exchange.floor import Floor
from patang_workbench.exchange.hours import rupees
from patang_workbench.exchange.lines import Line
from patang_workbench.exchange.orders import Order, Trade

__all__ = ["Broker", "Publish"]

MAX_MODIFICATIONS = 25

Publish = Callable[[Order, dict[str, Any]], None]
"""Told of every change of an order, with its picture at that moment."""


class Broker:
    """Orders of all accounts on one floor.

    `now` gives market time; `publish` hears of every change. A fill never has more units than the five
    visible levels of the opposite side hold, and gets the best price of that side.
    """

    def __init__(self, floor: Floor, now: Callable[[], datetime], publish: Publish) -> None:
        self._floor = floor
        self._now = now
        self._publish = publish
        self._live: dict[int, list[Order]] = {}
        self._numbers = count(1)
        self._trade_numbers = count(1)
        self.reject_next: list[str] = []
        """Messages with which the next orders will be rejected."""
        self.placed = 0
        self.fills = 0

    def place(self, account: Account, api_key: str, form: Mapping[str, str]) -> Order:
        """Take a new order; `progress` carries it on. Raises InputError for what cannot be read."""
        terms = read_terms(form)
        now = self._now()
        line = self._floor.by_key.get(f"{terms.exchange}:{terms.tradingsymbol}")
        line = check_terms(terms, line, now.date())
        number = f"{now:%y%m%d}{next(self._numbers):09d}"
        order = Order(number, account.user_id, api_key, line, terms, now)
        account.orders[number] = order
        self.placed += 1
        self._record(order)
        return order

    def progress(self, account: Account, order: Order) -> None:
        """Carry a new order through the checks to the book, and match it."""
        self._move(order, "VALIDATION PENDING")
        refused = self.reject_next.pop(0) if self.reject_next else None
        refused = refused or rejection(order.terms, order.line, self._floor, self._epoch())
        raw = None
        if refused is None:
            refused, raw = self._margin(account, order)
        if refused is not None:
            order.message, order.raw_message = refused, raw or refused
            order.opening = order.unit_margin = 0
            self._move(order, "REJECTED")
            return
        self._move(order, "OPEN PENDING")
        order.exchange_order_id = f"11{order.order_id[-13:]}"
        order.exchange_time = self._now()
        self._live.setdefault(order.line.instrument.token, []).append(order)
        self._move(order, "TRIGGER PENDING" if _waits(order) else "OPEN")
        self._match(account, order)

    def modify(self, account: Account, order_id: str, form: Mapping[str, str]) -> Order:
        """Change a live order. Raises InputError, OrderError or KiteError when it cannot be changed."""
        order = self._changeable(account, order_id, "modified")
        if order.modifications >= MAX_MODIFICATIONS:
            raise KiteError("Maximum allowed order modifications exceeded.", 400, "NetworkException")
        terms = changed_terms(order.terms, form)
        check_terms(terms, order.line, self._now().date())
        if terms.quantity < order.filled:
            raise OrderError(f"Quantity cannot be below the {order.filled} units that are filled.")
        checked = replace(terms, order_type="LIMIT" if order.triggered else terms.order_type)
        refused = rejection(checked, order.line, self._floor, self._epoch())
        limit = limit_of(terms, order.line)
        opening = account.opening_units(terms, order.line, without=order)
        margin = unit_margin(terms, order.line, limit)
        extra = margin * max(0, opening - order.filled) - order.blocked
        if refused is None and extra > account.funds().available:
            refused = _no_funds(extra, account.funds().available)
        if refused is not None:
            raise OrderError(refused)
        order.modifications += 1
        self._move(order, "MODIFY VALIDATION PENDING")
        self._move(order, "MODIFY PENDING")
        order.terms, order.limit = terms, limit
        order.opening, order.unit_margin = opening, margin
        if terms.order_type in ("MARKET", "LIMIT"):
            order.triggered = False
        self._move(order, "MODIFIED")
        self._move(order, "TRIGGER PENDING" if _waits(order) else "OPEN", event="UPDATE")
        self._match(account, order)
        return order

    def cancel(self, account: Account, order_id: str) -> Order:
        """Cancel what is still open of an order. Raises OrderError when nothing is."""
        order = self._changeable(account, order_id, "cancelled")
        self._move(order, "CANCEL PENDING")
        self._end(order)
        return order

    def find(self, account: Account, order_id: str) -> Order:
        """An order of the account. Raises OrderError when there is none with this id."""
        order = account.orders.get(order_id)
        if order is None:
            raise OrderError("Couldn't find that `order_id`.", http=404)
        return order

    def match(self, accounts: Mapping[str, Account], lines: Iterable[Line]) -> None:
        """Try the live orders of the instruments that have just ticked."""
        if not self._live:
            return
        for line in lines:
            for order in list(self._live.get(line.instrument.token, ())):
                self._match(accounts[order.user_id], order)

    def close_session(self) -> None:
        """Cancel the live orders in whatever has stopped trading by now."""
        for orders in list(self._live.values()):
            for order in list(orders):
                if self._epoch() < self._floor.closes(order.line):
                    continue
                order.message = "Order cancelled by the exchange: the session has ended."
                self._end(order)

    def _epoch(self) -> int:
        return int(self._now().timestamp())

    def _changeable(self, account: Account, order_id: str, change: str) -> Order:
        order = self.find(account, order_id)
        if not order.live:
            raise OrderError(f"Order cannot be {change}: it is {order.status}.")
        if order not in self._live.get(order.line.instrument.token, ()):
            raise OrderError(f"Order cannot be {change} as it is being processed. Try later.")
        return order

    def _margin(self, account: Account, order: Order) -> tuple[str | None, str | None]:
        """Block the order's margin, or say why it cannot be."""
        terms, line = order.terms, order.line
        order.limit = limit_of(terms, line)
        opening = account.opening_units(terms, line, without=order)
        if opening and terms.side == "SELL" and terms.product == "CNC":
            return (
                f"Insufficient stock holding: {terms.quantity} units of {terms.tradingsymbol} to sell, "
                f"{terms.quantity - opening} available.",
                "RMS:Rule: Check holdings including BTST for entity account across exchange",
            )
        margin = unit_margin(terms, line, order.limit)
        available = account.funds().available
        if margin * opening > available:
            needed, free = rupees(margin * opening), rupees(available)
            return (
                _no_funds(margin * opening, available),
                f"RMS:Margin Exceeds,Required:{needed:.2f}, Available:{free:.2f} for entity account",
            )
        order.opening, order.unit_margin = opening, margin
        return None, None

    def _match(self, account: Account, order: Order) -> None:
        line = order.line
        if not order.live or (_waits(order) and not self._trigger(order)):
            return
        buying = order.terms.side == "BUY"
        best = line.ask if buying else line.bid
        crossed = order.limit is None or (best <= order.limit if buying else best >= order.limit)
        if best and crossed:
            shown = sum(level[1] for level in (line.asks if buying else line.bids))
            left = shown - (line.taken_ask if buying else line.taken_bid)
            quantity = min(order.pending, left // line.instrument.lot * line.instrument.lot)
            if quantity > 0:
                self._fill(account, order, quantity, best)
        if order.live and order.terms.validity == "IOC":
            self._end(order)

    def _trigger(self, order: Order) -> bool:
        last, trigger = order.line.last, order.terms.trigger
        if last < trigger if order.terms.side == "BUY" else last > trigger:
            return False
        order.triggered = True
        if order.terms.order_type == "SL-M":
            order.limit = limit_of(order.terms, order.line)
        self._move(order, "OPEN")
        return True

    def _fill(self, account: Account, order: Order, quantity: int, price: int) -> None:
        line = order.line
        if order.terms.side == "BUY":
            line.taken_ask += quantity
        else:
            line.taken_bid += quantity
        self.fills += 1
        account.take(order, Trade(f"{next(self._trade_numbers):08d}", quantity, price, self._now()))
        order.exchange_time = self._now()
        if order.filled == order.terms.quantity:
            self._forget(order)
            self._move(order, "COMPLETE")
        else:
            self._move(order, "OPEN", event="UPDATE")

    def _end(self, order: Order) -> None:
        self._forget(order)
        order.cancelled = order.terms.quantity - order.filled
        self._move(order, "CANCELLED")

    def _forget(self, order: Order) -> None:
        token = order.line.instrument.token
        self._live[token].remove(order)
        if not self._live[token]:
            del self._live[token]

    def _move(self, order: Order, status: str, event: str | None = None) -> None:
        order.status = status
        order.updated = self._now()
        self._record(order, event)

    def _record(self, order: Order, event: str | None = None) -> None:
        picture = order.describe()
        order.history.append(picture)
        self._publish(order, {**picture, "status": event} if event else picture)


def _waits(order: Order) -> bool:
    return order.terms.order_type in ("SL", "SL-M") and not order.triggered


def _no_funds(required: int, available: int) -> str:
    return (
        f"Insufficient funds. Required margin is {rupees(required):.2f} but available margin is "
        f"{rupees(available):.2f}. Check the orderbook for open orders."
    )
