"""The live orders and their matching against what the market shows."""

from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import count
from typing import Protocol

from patang_workbench.exchange.lines import Line
from patang_workbench.exchange.orders import Order, Trade
from patang_workbench.exchange.protection import limit_of

__all__ = ["Book", "Keeper", "waits"]


class Keeper(Protocol):
    """Who is told what happens to orders in the book."""

    def move(self, order: Order, status: str, event: str | None = None) -> None:
        """Set an order's status and make it known, under the name of `event` where that is not the status."""

    def took(self, order: Order, trade: Trade) -> None:
        """A fill, before the order shows it."""

    def filled(self, order: Order) -> None:
        """The order shows a fill."""

    def ended(self, order: Order) -> None:
        """The order is done."""


class Book:
    """Live orders by instrument. A fill never has more units than the five visible levels of the opposite
    side hold, and gets the best price of that side.
    """

    def __init__(self, now: Callable[[], datetime], keeper: Keeper) -> None:
        self._now = now
        self._keeper = keeper
        self._live: dict[int, list[Order]] = {}
        self._numbers = count(1)
        self.fills = 0

    def __contains__(self, order: Order) -> bool:
        return order in self._live.get(order.line.instrument.token, ())

    def orders(self) -> list[Order]:
        """All that is live, by instrument."""
        return [order for orders in self._live.values() for order in orders]

    def enter(self, order: Order) -> None:
        """Take an order in; it shows as open, or as waiting for its trigger."""
        order.exchange_order_id = order.exchange_order_id or f"11{order.order_id[-13:]}"
        order.exchange_time = self._now()
        self._live.setdefault(order.line.instrument.token, []).append(order)
        self._keeper.move(order, "TRIGGER PENDING" if waits(order) else "OPEN")

    def match(self, lines: Iterable[Line]) -> None:
        """Try the live orders of the instruments that have just ticked."""
        if not self._live:
            return
        for line in lines:
            for order in list(self._live.get(line.instrument.token, ())):
                self.attempt(order)

    def attempt(self, order: Order) -> None:
        """Trigger an order where its time has come, and fill what the market gives it."""
        line = order.line
        if not order.live or order.terms.variety == "auction" or (waits(order) and not self._trigger(order)):
            return
        buying = order.terms.side == "BUY"
        best = line.ask if buying else line.bid
        crossed = order.limit is None or (best <= order.limit if buying else best >= order.limit)
        if best and crossed:
            shown = sum(level[1] for level in (line.asks if buying else line.bids))
            left = shown - (line.taken_ask if buying else line.taken_bid)
            most = min(order.pending, order.piece or order.pending)
            quantity = min(most, left // line.instrument.lot * line.instrument.lot)
            if quantity > 0:
                self.fill(order, quantity, best)
        if order.live and order.terms.validity == "IOC":
            self.end(order)

    def fill(self, order: Order, quantity: int, price: int) -> None:
        """Trade units of an order at a price in paise."""
        line = order.line
        if order.terms.side == "BUY":
            line.taken_ask += quantity
        else:
            line.taken_bid += quantity
        self.fills += 1
        trade = Trade(f"{next(self._numbers):08d}", quantity, price, self._now())
        self._keeper.took(order, trade)
        order.exchange_time = self._now()
        if order.filled == order.terms.quantity:
            self.complete(order)
        else:
            self._keeper.move(order, "OPEN", "UPDATE")
            self._keeper.filled(order)

    def complete(self, order: Order) -> None:
        """End an order of which nothing is left to trade."""
        self._forget(order)
        self._keeper.move(order, "COMPLETE")
        self._keeper.filled(order)
        self._keeper.ended(order)

    def end(self, order: Order, message: str | None = None) -> None:
        """Cancel what is left of an order."""
        self._forget(order)
        order.message = message or order.message
        order.cancelled = order.terms.quantity - order.filled
        self._keeper.move(order, "CANCELLED")
        self._keeper.ended(order)

    def _trigger(self, order: Order) -> bool:
        last, trigger = order.line.last, order.terms.trigger
        if last < trigger if order.terms.side == "BUY" else last > trigger:
            return False
        order.triggered = True
        if order.terms.order_type == "SL-M":
            order.limit = limit_of(order.terms, order.line)
        self._keeper.move(order, "OPEN")
        return True

    def _forget(self, order: Order) -> None:
        token = order.line.instrument.token
        orders = self._live.get(token, [])
        if order in orders:
            orders.remove(order)
        if not orders:
            self._live.pop(token, None)


def waits(order: Order) -> bool:
    """Whether an order is a stop whose trigger has not come."""
    return order.terms.order_type in ("SL", "SL-M") and not order.triggered
