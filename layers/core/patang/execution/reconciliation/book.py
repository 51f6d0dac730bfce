"""The broker's side of a comparison, read in one go, and what it says of each instrument and product."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from patang.ports import (
    Broker,
    BrokerHolding,
    BrokerOrder,
    BrokerPosition,
    BrokerTrade,
    Gtt,
)

__all__ = ["LIVE_GTT", "SHARES", "Book", "Line", "held_at_open", "is_over", "line_of", "read_book", "traded"]

SHARES = "NSE/BSE"
"""Delivered shares are the same on either exchange: the demat account does not know where they came from."""

_SIGN = {"BUY": 1, "SELL": -1}
LIVE_GTT = frozenset({"active"})


class Line(NamedTuple):
    """What is held as one thing: an instrument under a product."""

    exchange: str
    symbol: str
    product: str

    def __str__(self) -> str:
        return f"{self.exchange}:{self.symbol}:{self.product}"


def line_of(exchange: str, symbol: str, product: str) -> Line:
    """The line of an instrument and product."""
    return Line(SHARES if product == "CNC" and exchange in ("NSE", "BSE") else exchange, symbol, product)


def held_at_open(holding: BrokerHolding) -> int:
    """Shares that the day began with.

    Kite's documents leave open whether `quantity` counts shares that are still on their way, and those sold
    today. Each way of reading undercounts at most, so the largest is right.
    """
    realised, opening = holding.raw.get("realised_quantity"), holding.raw.get("opening_quantity")
    if not isinstance(realised, int) or not isinstance(opening, int):
        return holding.quantity + holding.t1_quantity + holding.used_quantity
    return max(holding.quantity, opening, realised + holding.t1_quantity)


@dataclass(frozen=True, slots=True)
class Book:
    """What the broker told. `moving` are the lines of which orders were filled while it was read."""

    orders: Sequence[BrokerOrder]
    trades: Sequence[BrokerTrade]
    positions: Sequence[BrokerPosition]
    holdings: Sequence[BrokerHolding]
    margins: Mapping[str, Any]
    gtts: Sequence[Gtt]
    moving: frozenset[Line] = frozenset()

    def counts(self) -> dict[str, int]:
        """How much of each kind was told."""
        return {
            "orders": len(self.orders),
            "trades": len(self.trades),
            "positions": len(self.positions),
            "holdings": len(self.holdings),
            "funds": int(bool(self.margins)),
            "gtts": len(self.gtts),
        }

    def at_open(self) -> Counter[Line]:
        """Units that each line had when the day began."""
        found: Counter[Line] = Counter()
        for position in self.positions:
            found[_line(position)] += position.overnight_quantity
        for holding in self.holdings:
            found[line_of(holding.exchange, holding.tradingsymbol, "CNC")] += held_at_open(holding)
        return found

    def net(self) -> Counter[Line]:
        """Units that each line has now."""
        found: Counter[Line] = Counter()
        for position in self.positions:
            found[_line(position)] += position.quantity
        for holding in self.holdings:
            found[line_of(holding.exchange, holding.tradingsymbol, "CNC")] += held_at_open(holding)
        return found

    def apart(self) -> frozenset[Line]:
        """Lines of which orders and trades do not tell the same yet: one of the two is older."""
        told, lines = Counter[str](), dict[str, Line]()
        for order in self.orders:
            told[order.order_id] += order.filled_quantity
            lines[order.order_id] = line_of(
                order.exchange, order.tradingsymbol, str(order.raw.get("product") or "")
            )
        for trade in self.trades:
            told[trade.order_id] -= trade.quantity
            lines.setdefault(trade.order_id, line_of(trade.exchange, trade.tradingsymbol, trade.product))
        return frozenset(lines[order_id] for order_id, units in told.items() if units)

    def prices(self) -> dict[Line, Decimal]:
        """Rupees a unit: the last price, else the average paid."""
        found: dict[Line, Decimal] = {}
        for holding in self.holdings:
            told = holding.raw.get("last_price") or holding.average_price
            found[line_of(holding.exchange, holding.tradingsymbol, "CNC")] = Decimal(str(told))
        for position in self.positions:
            last = Decimal(position.last_price)
            found[_line(position)] = last if last > 0 else Decimal(position.average_price)
        return found

    def holdings_value(self) -> Decimal:
        """Rupees that the settled shares are worth, those of yesterday's purchases included."""
        prices = self.prices()
        return sum(
            (
                (holding.quantity + holding.t1_quantity)
                * prices[line_of(holding.exchange, holding.tradingsymbol, "CNC")]
                for holding in self.holdings
            ),
            Decimal(0),
        )

    def multipliers(self) -> dict[Line, int]:
        """Units of the contract that a unit of quantity stands for."""
        return {_line(position): position.multiplier for position in self.positions}

    def open_sells(self) -> dict[Line, list[tuple[str, int]]]:
        """(order or trigger, units it may still sell) of each line; a trigger of two legs sells once."""
        found: dict[Line, list[tuple[str, int]]] = defaultdict(list)
        for order in self.orders:
            product = str(order.raw.get("product") or "")
            if order.transaction_type == "SELL" and not is_over(order):
                left = order.quantity - order.filled_quantity
                found[line_of(order.exchange, order.tradingsymbol, product)].append((order.order_id, left))
        for gtt in self.gtts:
            sells = [leg for leg in gtt.request.legs if leg.transaction_type == "SELL"]
            if gtt.status in LIVE_GTT and sells:
                line = line_of(gtt.request.exchange, gtt.request.tradingsymbol, sells[0].product)
                found[line].append((gtt.gtt_id, max(leg.quantity for leg in sells)))
        return found


def is_over(order: BrokerOrder) -> bool:
    """Whether the broker calls the order ended; every other word of his means that it lives."""
    return order.status in ("COMPLETE", "REJECTED", "CANCELLED")


def traded(trades: Iterable[BrokerTrade]) -> Counter[Line]:
    """Units bought less units sold, by line."""
    found: Counter[Line] = Counter()
    for trade in trades:
        line = line_of(trade.exchange, trade.tradingsymbol, trade.product)
        found[line] += _SIGN[trade.transaction_type] * trade.quantity
    return found


def read_book(broker: Broker) -> Book:
    """Everything the account has at the broker. Raises as the reads of Broker do.

    Orders are read before and after the rest: a line whose orders were filled in between is moving, and its
    positions may be those of before or after the fill.
    """
    before = {order.order_id: order.filled_quantity for order in broker.orders()}
    trades, positions, holdings = broker.trades(), broker.positions(), broker.holdings()
    gtts, margins, orders = broker.gtts(), broker.margins(), broker.orders()
    moving = frozenset(
        line_of(order.exchange, order.tradingsymbol, str(order.raw.get("product") or ""))
        for order in orders
        if before.get(order.order_id, 0) != order.filled_quantity
    )
    return Book(orders, trades, positions, holdings, margins, gtts, moving)


def _line(position: BrokerPosition) -> Line:
    return line_of(position.exchange, position.tradingsymbol, position.product)
