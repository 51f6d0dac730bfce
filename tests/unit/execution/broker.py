"""A broker that keeps an order book, fills from one price, and fails in the ways a real one does."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from patang.errors import BrokerRefused, OutcomeUnknown, SessionExpired, TryAgain
from patang.execution.broker_order import parse_order
from patang.ports import BrokerOrder, OrderRequest

LATE = timedelta(seconds=8)


class ExchangeBroker:
    """Broker and exchange in one. `now` is market time, `wall` the wall's.

    `mishaps` are taken one a call of place: refuse, expired, busy, lost (never arrives), unheard (placed, no
    reply), late (placed 8 s later, no reply).
    """

    def __init__(self, now: Callable[[], datetime], wall: Callable[[], datetime]) -> None:
        self._now = now
        self._wall = wall
        self.book: dict[str, dict[str, Any]] = {}
        self.frames: list[dict[str, Any]] = []
        self.sent: list[str] = []
        self.modified: list[str] = []
        self.mishaps: list[str] = []
        self.coming: list[tuple[datetime, OrderRequest]] = []
        self.prices: dict[str, float] = {}
        self.fill_at_most: int | None = None
        self.session_dead = False
        self.net = 300_000.0

    def place(self, request: OrderRequest) -> str:
        mishap = self.mishaps.pop(0) if self.mishaps else ""
        if mishap == "refuse":
            raise BrokerRefused("Insufficient funds.")
        if mishap == "expired" or self.session_dead:
            raise SessionExpired("log in again")
        if mishap == "busy":
            raise TryAgain("too many calls")
        self.sent.append(request.tag)
        if mishap == "lost":
            raise OutcomeUnknown("no reply")
        if mishap == "late":
            self.coming.append((self._wall() + LATE, request))
            raise OutcomeUnknown("Order request timed out")
        order_id = self._accept(request)
        if mishap == "unheard":
            raise OutcomeUnknown("connection reset")
        return order_id

    def modify(
        self, variety: str, order_id: str, changes: Mapping[str, str], parent_order_id: str | None = None
    ) -> None:
        order = self._live(order_id)
        self.modified.append(order_id)
        order["price"] = float(changes["price"])

    def cancel(self, variety: str, order_id: str, parent_order_id: str | None = None) -> None:
        order = self._live(order_id)
        order["status"] = "CANCELLED"
        self._tell(order)

    def orders(self) -> list[BrokerOrder]:
        if self.session_dead:
            raise SessionExpired("log in again")
        return [parse_order(order) for order in self.book.values()]

    def positions(self) -> list[Mapping[str, Any]]:
        return []

    def margins(self) -> Mapping[str, Any]:
        return {"equity": {"net": self.net}}

    def profile(self) -> Mapping[str, Any]:
        return {"user_id": "AB1234"}

    def net_quantity(self, symbol: str) -> int:
        """What the exchange says is held."""
        sides = {"BUY": 1, "SELL": -1}
        return sum(
            sides[order["transaction_type"]] * order["filled_quantity"]
            for order in self.book.values()
            if order["tradingsymbol"] == symbol
        )

    def match(self) -> None:
        """Late orders arrive, and orders that the price allows are filled, all or a part."""
        due = [request for moment, request in self.coming if moment <= self._wall()]
        self.coming = [(moment, request) for moment, request in self.coming if moment > self._wall()]
        for request in due:
            self._accept(request)
        for order in self.book.values():
            price = self.prices.get(order["tradingsymbol"])
            if price is not None and order["status"] == "OPEN" and _crosses(order, price):
                left = order["quantity"] - order["filled_quantity"]
                part = left if self.fill_at_most is None else min(left, self.fill_at_most)
                self._fill(order, part, price)

    def _fill(self, order: dict[str, Any], part: int, price: float) -> None:
        filled = order["filled_quantity"] + part
        value = order["average_price"] * order["filled_quantity"] + price * part
        order["average_price"] = value / filled
        order["filled_quantity"] = filled
        if filled == order["quantity"]:
            order["status"] = "COMPLETE"
        self._tell(order)

    def _accept(self, request: OrderRequest) -> str:
        order_id = f"26081800000{len(self.book) + 1:04d}"
        self.book[order_id] = {
            "order_id": order_id,
            "tag": request.tag,
            "status": "OPEN",
            "exchange": request.exchange,
            "tradingsymbol": request.tradingsymbol,
            "transaction_type": request.transaction_type,
            "quantity": request.quantity,
            "filled_quantity": 0,
            "average_price": 0.0,
            "price": float(request.price or 0),
            "status_message": None,
        }
        self._tell(self.book[order_id])
        return order_id

    def _live(self, order_id: str) -> dict[str, Any]:
        order = self.book.get(order_id)
        if order is None or order["status"] != "OPEN":
            raise BrokerRefused(f"Order {order_id} cannot be changed.")
        return order

    def _tell(self, order: dict[str, Any]) -> None:
        order["order_timestamp"] = f"{self._now():%Y-%m-%d %H:%M:%S}"
        self.frames.append(dict(order))


def _crosses(order: Mapping[str, Any], price: float) -> bool:
    if order["transaction_type"] == "BUY":
        return price <= order["price"]
    return price >= order["price"]
