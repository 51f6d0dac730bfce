"""What a broker tells of trades, positions and holdings, made of an order book and of what was carried."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from patang.market.sessions import IST
from patang.ports import BrokerHolding, BrokerPosition, BrokerTrade

__all__ = ["holdings_of", "net_of", "positions_of", "trades_of"]

type Line = tuple[str, str, str]


def net_of(book: Iterable[Mapping[str, Any]]) -> Counter[Line]:
    """Units bought less units sold, by exchange, symbol and product."""
    net: Counter[Line] = Counter()
    for order in book:
        sign = 1 if order["transaction_type"] == "BUY" else -1
        net[order["exchange"], order["tradingsymbol"], order["product"]] += sign * order["filled_quantity"]
    return net


def trades_of(book: Iterable[Mapping[str, Any]]) -> list[BrokerTrade]:
    """One trade an order: all that it has filled."""
    return [
        BrokerTrade(
            trade_id=f"T{order['order_id']}",
            order_id=order["order_id"],
            exchange=order["exchange"],
            tradingsymbol=order["tradingsymbol"],
            transaction_type=order["transaction_type"],
            product=order["product"],
            quantity=order["filled_quantity"],
            price=str(order["average_price"]),
            traded_at=datetime.fromisoformat(order["order_timestamp"]).replace(tzinfo=IST),
        )
        for order in book
        if order["filled_quantity"]
    ]


def positions_of(book: Iterable[Mapping[str, Any]], carried: Counter[Line]) -> list[BrokerPosition]:
    """The day's net, with what came over night of everything but delivered shares."""
    overnight = Counter({line: units for line, units in carried.items() if line[2] != "CNC"})
    net = net_of(book)
    net.update(overnight)
    return [
        BrokerPosition(*line, units, overnight[line], "1500.00", "1500.00", 1) for line, units in net.items()
    ]


def holdings_of(carried: Counter[Line]) -> list[BrokerHolding]:
    """Delivered shares as the morning had them."""
    return [
        BrokerHolding(exchange, symbol, "INE0", units, 0, 0, "1500.00")
        for (exchange, symbol, product), units in carried.items()
        if product == "CNC" and units
    ]
