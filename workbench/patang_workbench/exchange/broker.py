"""The broker: takes orders, checks them, blocks their margin, and passes them on to the exchange's book."""

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from itertools import count
from typing import Any

from patang_workbench.exchange import varieties
from patang_workbench.exchange.account import Account
from patang_workbench.exchange.amendments import Amendments
from patang_workbench.exchange.book import Book
from patang_workbench.exchange.checks import Refusal, check_terms, intraday, rejection, squared_off
from patang_workbench.exchange.errors import KiteError, OrderError
from patang_workbench.exchange.faults import Faults
from patang_workbench.exchange.floor import Floor
from patang_workbench.exchange.forms import read_terms
from patang_workbench.exchange.lines import Line
from patang_workbench.exchange.orders import FINAL, Order, Picture, Terms, Trade
from patang_workbench.exchange.protection import limit_of, protected_percent
from patang_workbench.exchange.rules import Rules

__all__ = ["Broker", "Publish"]

Publish = Callable[[Order, dict[str, Any]], None]
"""Told of every change of an order, with its picture at that moment."""


class Broker:
    """Orders of all accounts on one floor.

    `now` gives market time and `wall` seconds of the wall's clock; `publish` hears of every change; `later`
    runs work once the reply to the client is on its way.
    """

    def __init__(
        self,
        floor: Floor,
        now: Callable[[], datetime],
        publish: Publish,
        rules: Callable[[], Rules] = Rules,
        faults: Faults | None = None,
        wall: Callable[[], float] = time.monotonic,
        later: Callable[[Callable[[], None]], None] = lambda work: work(),
    ) -> None:
        self.floor = floor
        self.now = now
        self.faults = faults or Faults(0)
        self.later = later
        self.book = Book(now, self)
        self.accounts: dict[str, Account] = {}
        self.placed = 0
        self._rules = rules
        self._publish = publish
        self._wall = wall
        self._numbers = count(1)
        self._waiting: list[Order] = []
        self._amendments = Amendments(self)

    @property
    def rules(self) -> Rules:
        return self._rules()

    def place(
        self,
        account: Account,
        api_key: str | None,
        form: Mapping[str, str],
        variety: str = "regular",
        marks: tuple[str, ...] = (),
        request: str = "",
    ) -> Order:
        """Take a new order; `progress` carries it on. `marks` are the broker's own tags. Raises InputError
        for what cannot be read, KiteError with HTTP 428 for a sale out of the demat account without its
        holder's authorisation.
        """
        return self.take(account, api_key, read_terms(form, variety), marks=marks, request=request)

    def take(
        self,
        account: Account,
        api_key: str | None,
        terms: Terms,
        meta: Mapping[str, Any] | None = None,
        marks: tuple[str, ...] = (),
        request: str = "",
    ) -> Order:
        """Take a new order of these terms, as `place` does. `api_key` is None for one by hand."""
        found = self.floor.by_key.get(f"{terms.exchange}:{terms.tradingsymbol}")
        line = check_terms(terms, found, self.now().date(), by_api=api_key is not None)
        if account.needs_authorisation(terms, line):
            raise KiteError(
                f"Holdings of {terms.tradingsymbol} are not authorised for sale. Authorise them first.",
                428,
                "HoldingException",
            )
        first, meta = varieties.first_terms(terms), varieties.first_meta(terms, meta)
        return self.write(account, api_key, first, line, meta=meta, marks=marks, request=request)

    def write(
        self,
        account: Account,
        api_key: str | None,
        terms: Terms,
        line: Line,
        meta: Mapping[str, Any] | None = None,
        parent_id: str | None = None,
        placed_by: str | None = None,
        marks: tuple[str, ...] = (),
        request: str = "",
    ) -> Order:
        """Enter an order that has been read into the account's order book."""
        now, number = self.now(), self.next_number()
        order = Order(number, account.user_id, api_key, line, terms, now)
        order.meta, order.parent_id, order.placed_by, order.marks = meta or {}, parent_id, placed_by, marks
        order.request = request or number
        if self.rules.echo == "as_limit" and terms.order_type == "MARKET" and terms.protection:
            order.shown_as_limit = True
            order.marks += ("mktp", f"mktp:{protected_percent(terms, line):.2f}")
        self.accounts[account.user_id] = account
        account.enter(order)
        self.placed += 1
        self._record(order)
        return order

    def next_number(self) -> str:
        """An order id that nobody has had."""
        return f"{self.now():%y%m%d}{next(self._numbers):09d}"

    def progress(self, order: Order) -> None:
        """Carry a new order through the checks to the book, and match it."""
        if order.terms.variety == "amo":
            if self.floor.opening <= self._epoch() < self.floor.closes(order.line):
                self.reject(order, Refusal("After market orders are not accepted while the market is open."))
                return
            self._waiting.append(order)
            self.move(order, "AMO REQ RECEIVED")
            return
        self._release(order)

    def modify(
        self, account: Account, order_id: str, form: Mapping[str, str], variety: str | None = None
    ) -> Order:
        """Change a live order. Raises InputError, OrderError or KiteError when it cannot be changed."""
        return self._amendments.modify(account, order_id, form, variety)

    def cancel(self, account: Account, order_id: str, variety: str | None = None) -> Order:
        """Cancel what is still open of an order. Raises OrderError when nothing is."""
        return self._amendments.cancel(account, order_id, variety)

    def find(self, account: Account, order_id: str) -> Order:
        """An order of the account. Raises OrderError when there is none with this id."""
        order = account.orders.get(order_id)
        if order is None:
            raise OrderError("Couldn't find that `order_id`.", http=404)
        return order

    def match(self, lines: Iterable[Line]) -> None:
        """Try the live orders of the instruments that have just ticked."""
        self.book.match(lines)

    def second(self, epoch: int) -> None:
        """Do what is due at a market second: after-market orders at the open, square-offs, expiries, the end
        of the session.
        """
        if epoch == self.floor.opening:
            waiting, self._waiting = self._waiting, []
            for order in waiting:
                self._release(order)
        moment = self.now()
        if moment.second == 0:
            for order in self.book.orders():
                if order.expires is not None and epoch >= order.expires:
                    self.book.end(order, "Order cancelled: its validity has ended.")
            varieties.end_auction(self, moment)
            self.square_off(moment)
        if epoch in (self.floor.cash_closing, self.floor.closing):
            self.close_session()

    def square_off(self, moment: datetime) -> None:
        """End the intraday positions whose time has come, as the broker does: at whatever price there is."""
        due = [
            order
            for order in self.book.orders()
            if intraday(order.terms) and squared_off(order.line, self.floor, moment, self.rules)
            if order.placed_by is None
        ]
        for order in due:
            if order.live:
                self.book.end(order, "Order cancelled by the broker: intraday positions are squared off.")
        for account in self.accounts.values():
            for position in list(account.positions.values()):
                due_now = squared_off(position.line, self.floor, moment, self.rules)
                if position.intraday and position.net and due_now:
                    varieties.square_off(self, account, position)

    def close_session(self) -> None:
        """Cancel the live orders in whatever has stopped trading by now."""
        for order in self.book.orders():
            if self._epoch() >= self.floor.closes(order.line) and order.live:
                self.book.end(order, "Order cancelled by the exchange: the session has ended.")

    def withdraw(self, order: Order) -> None:
        """Cancel an order in the book, or one that waits for the market to open."""
        if order in self._waiting:
            self._waiting.remove(order)
            order.cancelled = order.terms.quantity
            self.move(order, "CANCELLED")
        else:
            self.book.end(order)

    def is_waiting(self, order: Order) -> bool:
        """Whether an order waits for the market to open."""
        return order in self._waiting

    def reject(self, order: Order, refusal: Refusal) -> None:
        """End an order as rejected."""
        order.message, order.raw_message = refusal.message, refusal.raw or refusal.message
        order.error_type = refusal.error_type
        order.opening = order.unit_margin = 0
        self.move(order, "REJECTED")

    def move(self, order: Order, status: str, event: str | None = None) -> None:
        """Set an order's status and make it known, under the name of `event` where that is not the status."""
        order.status = status
        order.updated = self.now()
        if status in FINAL:
            self.accounts[order.user_id].live.pop(order.order_id, None)
        self._record(order, event)

    def took(self, order: Order, trade: Trade) -> None:
        """Book a fill in the account."""
        self.accounts[order.user_id].take(order, trade)

    def filled(self, order: Order) -> None:
        """What follows from a fill."""
        varieties.after_fill(self, order)

    def ended(self, order: Order) -> None:
        """What follows from an order's end."""
        varieties.after_end(self, order)

    def _release(self, order: Order) -> None:
        self.move(order, "VALIDATION PENDING")
        account, terms, line = self.accounts[order.user_id], order.terms, order.line
        refused = self.faults.rejection() or rejection(terms, line, self.floor, self.now(), self.rules)
        if refused is None:
            order.limit = limit_of(terms, line)
            refused = account.block(order)
        if refused is not None:
            self.reject(order, refused)
            return
        self.move(order, "OPEN PENDING")
        if terms.validity == "TTL":
            order.expires = self._epoch() + terms.ttl * 60
        order.piece = self.faults.piece(order)
        self.book.enter(order)
        self.book.attempt(order)

    def _epoch(self) -> int:
        return int(self.now().timestamp())

    def _record(self, order: Order, event: str | None = None) -> None:
        picture = order.describe()
        order.history.append(Picture(self._epoch(), self._wall(), picture))
        self._publish(order, {**picture, "status": event} if event else picture)
