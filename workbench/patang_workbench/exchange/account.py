"""One client's account: cash, holdings, positions, and the margin that orders and positions block."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from patang_workbench.exchange.checks import Refusal
from patang_workbench.exchange.holdings import Holding, describe_holding
from patang_workbench.exchange.hours import rupees
from patang_workbench.exchange.lines import Line
from patang_workbench.exchange.margin_rates import INTRADAY, INTRADAY_PRODUCTS, MTF, SHORT_OPTION, unit_margin
from patang_workbench.exchange.orders import Order, Terms, Trade
from patang_workbench.exchange.positions import Position

__all__ = ["Account", "Funds", "no_funds"]


@dataclass(frozen=True, slots=True)
class Funds:
    """Where the account's money is, in paise."""

    opening: int
    payin: int
    payout: int
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
        return self.opening + self.payin - self.payout + self.realised - self.blocked


@dataclass(slots=True)
class Account:
    """Cash in paise, holdings by symbol, and everything traded today.

    `demat_consent` is what the profile says: consent (DDPI), physical (power of attorney), or empty, when
    shares are sold only after their holder has authorised them. `live` are the orders that have not ended.
    """

    user_id: str
    cash: int
    holdings: dict[str, Holding] = field(default_factory=dict)
    demat_consent: str = "consent"
    orders: dict[str, Order] = field(default_factory=dict)
    live: dict[str, Order] = field(default_factory=dict)
    positions: dict[tuple[int, str], Position] = field(default_factory=dict)
    payin: int = 0
    payout: int = 0

    def enter(self, order: Order) -> None:
        """Write a new order into the order book."""
        self.orders[order.order_id] = self.live[order.order_id] = order

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
            net += self.holdings[terms.tradingsymbol].units
        closable = max(0, net if terms.side == "SELL" else -net)
        resting = sum(
            order.pending
            for order in self.live.values()
            if order is not without
            and order.line is line
            and order.terms.product == terms.product
            and order.terms.side == terms.side
        )
        return max(0, terms.quantity - max(0, closable - resting))

    def needs_authorisation(self, terms: Terms, line: Line) -> bool:
        """Whether an order sells shares out of the demat account that their holder has not released."""
        if self.demat_consent or terms.side == "BUY" or terms.product != "CNC":
            return False
        held = self.holdings.get(terms.tradingsymbol)
        position = self.positions.get((line.instrument.token, "CNC"))
        today = max(position.net, 0) if position else 0
        return held is not None and terms.quantity - today > held.authorised

    def block(self, order: Order) -> Refusal | None:
        """Block the margin of a new order, or say why it cannot be."""
        terms, line = order.terms, order.line
        opening = self.opening_units(terms, line, without=order)
        if opening and terms.side == "SELL" and terms.product in ("CNC", "MTF"):
            return Refusal(
                f"Insufficient stock holding: {terms.quantity} units of {terms.tradingsymbol} to sell, "
                f"{terms.quantity - opening} available. Check the orderbook for pending sell orders.",
                "HoldingException",
                "RMS:Rule: Check holdings including BTST for entity account across exchange",
            )
        margin = unit_margin(terms, line, order.limit)
        available = self.funds().available
        if margin * opening > max(available, 0):
            needed, free = rupees(margin * opening), rupees(available)
            return Refusal(
                no_funds(margin * opening, available),
                "MarginException",
                f"RMS:Margin Exceeds,Required:{needed:.2f}, Available:{free:.2f} for entity account",
            )
        order.opening, order.unit_margin = opening, margin
        return None

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
            elif position.product in INTRADAY_PRODUCTS:
                exposure += round(held * INTRADAY)
            elif position.product == "MTF":
                delivery += round(held * MTF)
            elif net > 0:
                delivery += round(held)
        for order in self.live.values():
            row = order.line.instrument
            if row.is_future or (row.is_option and order.terms.side == "SELL"):
                span += order.blocked
            elif row.is_option:
                premium += order.blocked
            elif order.terms.product in INTRADAY_PRODUCTS:
                exposure += order.blocked
            else:
                delivery += order.blocked
        realised = sum(position.realised for position in self.positions.values())
        unrealised = sum(position.unrealised for position in self.positions.values())
        moved = (self.payin, self.payout, round(realised), round(unrealised))
        return Funds(self.cash, *moved, premium, span, exposure, delivery)

    def describe_funds(self) -> dict[str, Any]:
        """The equity segment of /user/margins."""
        funds = self.funds()
        return {
            "enabled": True,
            "net": rupees(funds.available),
            "available": {
                "adhoc_margin": 0,
                "cash": rupees(funds.opening + funds.payin - funds.payout),
                "opening_balance": rupees(funds.opening),
                "live_balance": rupees(funds.available),
                "collateral": 0,
                "intraday_payin": rupees(funds.payin),
            },
            "utilised": {
                "debits": rupees(funds.blocked - funds.realised),
                "exposure": rupees(funds.exposure),
                "m2m_realised": rupees(funds.realised),
                "m2m_unrealised": rupees(funds.unrealised),
                "option_premium": rupees(funds.premium),
                "payout": rupees(funds.payout),
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
        rows = []
        for symbol, held in self.holdings.items():
            line = lines[f"NSE:{symbol}"]
            rows.append(describe_holding(line, held, self._sold_of_holdings(line)))
        return rows

    def _sold_of_holdings(self, line: Line) -> int:
        position = self.positions.get((line.instrument.token, "CNC"))
        return max(-position.net, 0) if position else 0

    def trades(self) -> Iterable[dict[str, Any]]:
        """All fills of the day, oldest order first."""
        return [row for order in self.orders.values() for row in order.describe_trades()]


def no_funds(required: int, available: int) -> str:
    """The broker's words for a margin that is not there; amounts in paise."""
    return (
        f"Insufficient funds. Required margin is {rupees(required):.2f} but available margin is "
        f"{rupees(available):.2f}. Check the orderbook for open orders."
    )
