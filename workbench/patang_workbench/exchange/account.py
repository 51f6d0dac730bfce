"""One client's account: cash, holdings, positions, and the margin that orders and positions block."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from patang_workbench.exchange.hours import rupees
from patang_workbench.exchange.lines import Line
from patang_workbench.exchange.orders import Order, Terms, Trade
from patang_workbench.exchange.positions import Position

__all__ = ["Account", "Funds", "Holding", "unit_margin"]

INTRADAY = 0.20
"""Share of the value that a MIS position in a share blocks."""
SHORT_OPTION = 0.12
"""Share of the contract's value, at the strike or the future's price, that a short option or any position in
a future blocks: about SPAN and exposure."""


@dataclass(frozen=True, slots=True)
class Holding:
    """Shares in the demat account before the session; `average` in paise."""

    quantity: int
    average: int


@dataclass(frozen=True, slots=True)
class Funds:
    """Where the account's money is, in paise."""

    opening: int
    realised: int
    unrealised: int
    premium: int
    span: int
    exposure: int
    delivery: int

    @property
    def blocked(self) -> int:
        return self.premium + self.span + self.exposure + self.delivery

    @property
    def available(self) -> int:
        """What a new order may use."""
        return self.opening + self.realised - self.blocked


@dataclass(slots=True)
class Account:
    """Cash in paise, holdings by symbol, and everything traded today."""

    user_id: str
    cash: int
    holdings: Mapping[str, Holding] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    positions: dict[tuple[int, str], Position] = field(default_factory=dict)

    def position(self, line: Line, product: str) -> Position:
        """The position in an instrument and product, opened flat when there is none."""
        key = (line.instrument.token, product)
        return self.positions.setdefault(key, Position(line, product))

    def take(self, order: Order, trade: Trade) -> None:
        """Book a fill."""
        order.trades.append(trade)
        self.position(order.line, order.terms.product).fill(order.terms.side, trade.quantity, trade.price)

    def opening_units(self, terms: Terms, line: Line, without: Order | None = None) -> int:
        """Units of an order that open or extend a position rather than close one.

        Other live orders on the same side are counted as closing first, so that a second closing order on
        top of a resting one is margined as a new position.
        """
        held = self.positions.get((line.instrument.token, terms.product))
        net = held.net if held else 0
        if terms.side == "SELL" and terms.product == "CNC" and terms.tradingsymbol in self.holdings:
            net += self.holdings[terms.tradingsymbol].quantity
        closable = max(0, net if terms.side == "SELL" else -net)
        resting = sum(
            order.pending
            for order in self.orders.values()
            if order is not without
            and order.line is line
            and order.terms.product == terms.product
            and order.terms.side == terms.side
        )
        return max(0, terms.quantity - max(0, closable - resting))

    def funds(self) -> Funds:
        """The account's money now."""
        premium = span = exposure = delivery = 0
        for position in self.positions.values():
            row, net = position.line.instrument, position.net
            held = abs(net) * position.average
            if row.is_option and net > 0:
                premium += round(held)
            elif row.is_option:
                span += round(-net * row.strike * SHORT_OPTION)
            elif row.is_future:
                span += round(held * SHORT_OPTION)
            elif position.product == "MIS":
                exposure += round(held * INTRADAY)
            elif net > 0:
                delivery += round(held)
        for order in self.orders.values():
            row = order.line.instrument
            if row.is_future or (row.is_option and order.terms.side == "SELL"):
                span += order.blocked
            elif row.is_option:
                premium += order.blocked
            elif order.terms.product == "MIS":
                exposure += order.blocked
            else:
                delivery += order.blocked
        realised = sum(position.realised for position in self.positions.values())
        unrealised = sum(position.unrealised for position in self.positions.values())
        return Funds(self.cash, round(realised), round(unrealised), premium, span, exposure, delivery)

    def describe_funds(self) -> dict[str, Any]:
        """The equity segment of /user/margins."""
        funds = self.funds()
        return {
            "enabled": True,
            "net": rupees(funds.available),
            "available": {
                "adhoc_margin": 0,
                "cash": rupees(funds.opening),
                "opening_balance": rupees(funds.opening),
                "live_balance": rupees(funds.available),
                "collateral": 0,
                "intraday_payin": 0,
            },
            "utilised": {
                "debits": rupees(funds.blocked - funds.realised),
                "exposure": rupees(funds.exposure),
                "m2m_realised": rupees(funds.realised),
                "m2m_unrealised": rupees(funds.unrealised),
                "option_premium": rupees(funds.premium),
                "payout": 0,
                "span": rupees(funds.span),
                "holding_sales": 0,
                "turnover": 0,
                "liquid_collateral": 0,
                "stock_collateral": 0,
                "delivery": rupees(funds.delivery),
            },
        }

    def describe_holdings(self, lines: Mapping[str, Line]) -> list[dict[str, Any]]:
        """The reply of /portfolio/holdings."""
        return [_holding(lines[f"NSE:{symbol}"], held) for symbol, held in self.holdings.items()]

    def trades(self) -> Iterable[dict[str, Any]]:
        """All fills of the day, oldest order first."""
        return [row for order in self.orders.values() for row in order.describe_trades()]


def unit_margin(terms: Terms, line: Line, limit: int | None) -> int:
    """Margin in paise a unit of a position that this order opens."""
    row = line.instrument
    price = limit or (line.ask if terms.side == "BUY" else line.bid) or line.last
    if row.is_option:
        return price if terms.side == "BUY" else round(row.strike * SHORT_OPTION)
    if row.is_future:
        return round(price * SHORT_OPTION)
    return round(price * INTRADAY) if terms.product == "MIS" else price


def _holding(line: Line, held: Holding) -> dict[str, Any]:
    row = line.instrument
    change = line.last - line.previous_close
    return {
        "tradingsymbol": row.tradingsymbol,
        "exchange": row.exchange,
        "instrument_token": row.token,
        "isin": "",
        "product": "CNC",
        "price": 0,
        "quantity": held.quantity,
        "used_quantity": 0,
        "t1_quantity": 0,
        "realised_quantity": held.quantity,
        "authorised_quantity": 0,
        "authorised_date": None,
        "opening_quantity": held.quantity,
        "collateral_quantity": 0,
        "collateral_type": "",
        "discrepancy": False,
        "average_price": rupees(held.average),
        "last_price": rupees(line.last),
        "close_price": rupees(line.previous_close),
        "pnl": rupees((line.last - held.average) * held.quantity),
        "day_change": rupees(change),
        "day_change_percentage": change * 100 / line.previous_close if line.previous_close else 0,
    }
