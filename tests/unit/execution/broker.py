"""A broker that keeps an order book, fills from one price, and fails in the ways a real one does."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from patang.alerts.terms import AlertTerms
from patang.errors import BrokerRefused, OutcomeUnknown, SessionExpired, TryAgain
from patang.execution.following.broker_order import parse_order
from patang.execution.orders.market_facts import MarketQuote
from patang.kite_replies.alerts import Alert
from patang.ports import (
    BrokerHolding,
    BrokerOrder,
    BrokerPosition,
    BrokerTrade,
    Gtt,
    GttLeg,
    GttRequest,
    OrderRequest,
)
from tests.unit.execution.portfolio_rows import holdings_of, net_of, positions_of, trades_of

LATE = timedelta(seconds=8)
_LIVE = ("OPEN", "TRIGGER PENDING")


class ExchangeBroker:
    """Broker and exchange in one. `now` is market time, `wall` the wall's.

    `mishaps` are taken one a call of place, `slips` one a call of modify, cancel and of the triggers: refuse,
    expired, busy, lost (never arrives), unheard (done, no reply), late (placed or done 8 s later, no reply).
    `oversold` is what stood to be sold beyond what was held, each time that something changed.
    """

    def __init__(self, now: Callable[[], datetime], wall: Callable[[], datetime]) -> None:
        self._now = now
        self._wall = wall
        self.book: dict[str, dict[str, Any]] = {}
        self.frames: list[dict[str, Any]] = []
        self.sent: list[str] = []
        self.modified: list[str] = []
        self.mishaps: list[str] = []
        self.slips: list[str] = []
        self.coming: list[tuple[datetime, Callable[[], object]]] = []
        self.triggers: dict[str, Gtt] = {}
        self.kept_alerts: dict[str, Alert] = {}
        self.no_triggers = False
        self.names_triggers = True
        self.oversold: list[str] = []
        self.prices: dict[str, float] = {}
        self.fill_at_most: int | None = None
        self.session_dead = False
        self.carried: Counter[tuple[str, str, str]] = Counter()
        self.net = 300_000.0
        self.margin_rate = 1.0
        self.circuit: tuple[Decimal | None, Decimal | None] = (Decimal("0.05"), Decimal(100_000))

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
            self.coming.append((self._wall() + LATE, lambda: self._accept(request)))
            raise OutcomeUnknown("Order request timed out")
        order_id = self._accept(request)
        if mishap == "unheard":
            raise OutcomeUnknown("connection reset")
        return order_id

    def modify(
        self, variety: str, order_id: str, changes: Mapping[str, str], parent_order_id: str | None = None
    ) -> None:
        self._slip(lambda: self._modify(order_id, changes))

    def _modify(self, order_id: str, changes: Mapping[str, str]) -> None:
        order = self._live(order_id)
        wanted = dict(order)
        for name in ("price", "trigger_price"):
            wanted[name] = float(changes.get(name, order[name]))
        wanted["quantity"] = int(changes.get("quantity", order["quantity"]))
        wanted["order_type"] = changes.get("order_type", order["order_type"])
        if wanted["order_type"] == "SL" and order["status"] == "TRIGGER PENDING":
            self._check_stop(wanted)
        elif order["status"] == "TRIGGER PENDING":
            wanted["status"] = "OPEN"
        if wanted["quantity"] <= order["filled_quantity"]:
            raise BrokerRefused(f"Order {order_id} has filled {order['filled_quantity']} already.")
        self.modified.append(order_id)
        order.update(wanted)
        self._tell(order)

    def cancel(self, variety: str, order_id: str, parent_order_id: str | None = None) -> None:
        self._slip(lambda: self._cancel(order_id))

    def _cancel(self, order_id: str) -> None:
        order = self._live(order_id)
        order["status"] = "CANCELLED"
        self._tell(order)

    def place_gtt(self, request: GttRequest) -> str:
        if self.no_triggers:
            raise BrokerRefused("GTT is not available.")
        return str(self._slip(lambda: self._wait_for(request)))

    def _wait_for(self, request: GttRequest) -> str:
        last = self.prices.get(request.tradingsymbol)
        low, high = (float(value) for value in request.trigger_values)
        if last is not None and not low < last < high:
            raise BrokerRefused("Trigger already met.")
        gtt_id = str(1000 + len(self.triggers))
        now = self._now()
        self.triggers[gtt_id] = Gtt(gtt_id, "active", request, now, now, (None, None))
        self._count()
        return gtt_id

    def modify_gtt(self, gtt_id: str, request: GttRequest) -> None:
        def changed() -> None:
            self.triggers[gtt_id] = replace(self._waiting(gtt_id), request=request, updated_at=self._now())
            self._count()

        self._slip(changed)

    def delete_gtt(self, gtt_id: str) -> None:
        def deleted() -> None:
            self.triggers[gtt_id] = replace(self._waiting(gtt_id), status="deleted", updated_at=self._now())

        self._slip(deleted)

    def gtts(self) -> list[Gtt]:
        return list(self.triggers.values())

    def alerts(self) -> tuple[Alert, ...]:
        return tuple(self.kept_alerts.values())

    def create_alert(self, terms: AlertTerms) -> str:
        return str(self._slip(lambda: self._keep(str(uuid4()), terms)))

    def modify_alert(self, uuid: str, terms: AlertTerms) -> None:
        self._slip(lambda: self._keep(uuid, terms))

    def delete_alert(self, uuid: str) -> None:
        self._slip(lambda: self.kept_alerts.pop(uuid))

    def _keep(self, uuid: str, terms: AlertTerms) -> str:
        left = terms.left.model_dump()
        orders = [order.model_dump() for order in terms.orders]
        items = [{**order, "params": order} for order in orders]
        self.kept_alerts[uuid] = Alert.model_validate(
            {
                "uuid": uuid,
                "type": "ato" if orders else "simple",
                "name": terms.name,
                "status": "enabled",
                "operator": terms.operator,
                **{f"lhs_{name}": value for name, value in left.items()},
                "rhs_type": "constant",
                "rhs_constant": terms.constant,
                "basket": {"items": items},
                "created_at": self._now(),
            }
        )
        return uuid

    def _waiting(self, gtt_id: str) -> Gtt:
        found = self.triggers.get(gtt_id)
        if found is None or found.status != "active":
            raise BrokerRefused(f"GTT {gtt_id} is not active.")
        return found

    def _slip(self, act: Callable[[], object]) -> object:
        """Does it, or what a bad line makes of it."""
        slip = self.slips.pop(0) if self.slips else ""
        if slip == "refuse":
            raise BrokerRefused("Not now.")
        if slip == "expired" or self.session_dead:
            raise SessionExpired("log in again")
        if slip == "busy":
            raise TryAgain("too many calls")
        if slip == "lost":
            raise OutcomeUnknown("no reply")
        if slip == "late":
            self.coming.append((self._wall() + LATE, act))
            raise OutcomeUnknown("Order request timed out")
        done = act()
        if slip == "unheard":
            raise OutcomeUnknown("connection reset")
        return done

    def orders(self) -> list[BrokerOrder]:
        if self.session_dead:
            raise SessionExpired("log in again")
        return [parse_order(order) for order in self.book.values()]

    def trades(self) -> list[BrokerTrade]:
        return trades_of(self.book.values())

    def positions(self) -> list[BrokerPosition]:
        return positions_of(self.book.values(), self.carried)

    def holdings(self) -> list[BrokerHolding]:
        return holdings_of(self.carried)

    def margins(self) -> Mapping[str, Any]:
        return {"equity": {"net": self.net}}

    def order_margins(self, requests: Sequence[OrderRequest]) -> list[Mapping[str, Any]]:
        return [{"total": self.margin_rate * each.quantity * float(each.price or 0)} for each in requests]

    def basket_margins(self, requests: Sequence[OrderRequest]) -> Mapping[str, Any]:
        return {"initial": {"total": sum(row["total"] for row in self.order_margins(requests))}}

    def quote(self, identifier: str) -> MarketQuote:
        """Within the circuit limits, which are wide unless a test says otherwise; at 100 rupees likewise."""
        last = Decimal(str(self.prices.get(identifier.partition(":")[2], 100)))
        low, high = self.circuit
        return MarketQuote(last, last, last, low, high)

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
        due = [act for moment, act in self.coming if moment <= self._wall()]
        self.coming = [(moment, act) for moment, act in self.coming if moment > self._wall()]
        for act in due:
            try:
                act()
            except BrokerRefused:
                continue
        self._trigger()
        for order in list(self.book.values()):
            price = self.prices.get(order["tradingsymbol"])
            if price is not None and order["status"] == "OPEN" and _crosses(order, price):
                left = order["quantity"] - order["filled_quantity"]
                part = left if self.fill_at_most is None else min(left, self.fill_at_most)
                self._fill(order, part, price)

    def end_day(self) -> None:
        """Orders are for a day; triggers stay."""
        for order in self.book.values():
            if order["status"] in _LIVE:
                order["status"] = "CANCELLED"
        self.carried.update(net_of(self.book.values()))
        self.book = {}

    def _trigger(self) -> None:
        """Stops whose price was reached are limit orders now, triggers place theirs."""
        for order in self.book.values():
            price = self.prices.get(order["tradingsymbol"])
            if price is not None and order["status"] == "TRIGGER PENDING" and price <= order["trigger_price"]:
                order["status"] = "OPEN"
                self._tell(order)
        for gtt in list(self.triggers.values()):
            price = self.prices.get(gtt.request.tradingsymbol)
            low, high = (float(value) for value in gtt.request.trigger_values)
            if gtt.status == "active" and price is not None and not low < price < high:
                leg = 0 if price <= low else 1
                order_id = self._accept(_of_leg(gtt.request, gtt.request.legs[leg]), gtt)
                ids = (order_id, None) if leg == 0 else (None, order_id)
                self.triggers[gtt.gtt_id] = replace(gtt, status="triggered", order_ids=ids)

    def _fill(self, order: dict[str, Any], part: int, price: float) -> None:
        filled = order["filled_quantity"] + part
        value = order["average_price"] * order["filled_quantity"] + price * part
        order["average_price"] = value / filled
        order["filled_quantity"] = filled
        if filled == order["quantity"]:
            order["status"] = "COMPLETE"
        self._tell(order)

    def _accept(self, request: OrderRequest, gtt: Gtt | None = None) -> str:
        order_id = f"{self._now():%y%m%d}00000{len(self.book) + 1:04d}"
        stop = request.order_type == "SL"
        wanted = {
            "order_id": order_id,
            "tag": request.tag,
            "status": "TRIGGER PENDING" if stop else "OPEN",
            "exchange": request.exchange,
            "tradingsymbol": request.tradingsymbol,
            "transaction_type": request.transaction_type,
            "quantity": request.quantity,
            "filled_quantity": 0,
            "average_price": 0.0,
            "product": request.product,
            "order_type": request.order_type,
            "price": float(request.price or 0),
            "trigger_price": float(request.trigger_price or 0),
            "status_message": None,
            "meta": {"gtt": int(gtt.gtt_id)} if gtt is not None and self.names_triggers else {},
        }
        if gtt is not None:
            # In its place: what it sells no longer waits.
            self.triggers[gtt.gtt_id] = replace(gtt, status="triggered")
        if stop:
            self._check_stop(wanted)
        self.book[order_id] = wanted
        self._tell(wanted)
        return order_id

    def _check_stop(self, order: Mapping[str, Any]) -> None:
        last = self.prices.get(order["tradingsymbol"])
        if order["price"] > order["trigger_price"]:
            raise BrokerRefused("A stop's price may not be above its trigger.")
        if last is not None and last <= order["trigger_price"]:
            raise BrokerRefused("Trigger price for stoploss sell orders should be below the last price.")

    def _live(self, order_id: str) -> dict[str, Any]:
        order = self.book.get(order_id)
        if order is None or order["status"] not in _LIVE:
            raise BrokerRefused(f"Order {order_id} cannot be changed.")
        return order

    def _tell(self, order: dict[str, Any]) -> None:
        order["order_timestamp"] = f"{self._now():%Y-%m-%d %H:%M:%S}"
        self.frames.append(dict(order))
        self._count()

    def _count(self) -> None:
        """Notes what stands to be sold beyond what is held: of a trigger its one leg that will be reached."""
        for symbol in {order["tradingsymbol"] for order in self.book.values()}:
            orders = sum(
                order["quantity"] - order["filled_quantity"]
                for order in self.book.values()
                if order["tradingsymbol"] == symbol
                and order["transaction_type"] == "SELL"
                and order["status"] in _LIVE
            )
            waiting = sum(
                max(leg.quantity for leg in gtt.request.legs)
                for gtt in self.triggers.values()
                if gtt.status == "active" and gtt.request.tradingsymbol == symbol
            )
            over_night = sum(units for (_, name, _), units in self.carried.items() if name == symbol)
            held = self.net_quantity(symbol) + over_night
            if orders + waiting > held:
                self.oversold.append(f"{orders} + {waiting} to be sold of {held} {symbol}")


def _crosses(order: Mapping[str, Any], price: float) -> bool:
    if order["transaction_type"] == "BUY":
        return price <= order["price"]
    return price >= order["price"]


def _of_leg(request: GttRequest, leg: GttLeg) -> OrderRequest:
    return OrderRequest(
        variety="regular",
        exchange=request.exchange,
        tradingsymbol=request.tradingsymbol,
        transaction_type=leg.transaction_type,
        quantity=leg.quantity,
        order_type=leg.order_type,
        product=leg.product,
        validity="DAY",
        tag="",
        price=leg.price,
    )
