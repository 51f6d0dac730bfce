"""Positions of one account: quantities, average price, profit, and how the broker shows them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from patang_workbench.exchange.hours import rupees
from patang_workbench.exchange.lines import Line
from patang_workbench.exchange.margin_rates import INTRADAY_PRODUCTS

__all__ = ["Position", "show_positions"]


@dataclass(slots=True)
class Position:
    """What one account holds and did today in one instrument and product. Amounts in paise.

    `overnight` units were carried into the session at `overnight_average`; negative when short.
    """

    line: Line
    product: str
    overnight: int = 0
    overnight_average: float = 0.0
    buy_quantity: int = 0
    buy_value: int = 0
    sell_quantity: int = 0
    sell_value: int = 0
    average: float = 0.0
    realised: float = 0.0

    @property
    def net(self) -> int:
        """Units held; negative when short."""
        return self.overnight + self.buy_quantity - self.sell_quantity

    @property
    def intraday(self) -> bool:
        """Whether the broker ends it the same day."""
        return self.product in INTRADAY_PRODUCTS

    @property
    def unrealised(self) -> float:
        """Profit of what is held at the last price."""
        return self.net * (self.line.last - self.average)

    def fill(self, side: str, quantity: int, price: int) -> None:
        """Take a fill: what reduces the position realises profit against its average price."""
        signed = quantity if side == "BUY" else -quantity
        held = self.net
        closing = min(abs(signed), abs(held)) if held * signed < 0 else 0
        self.realised += closing * (price - self.average) * (1 if held > 0 else -1)
        opening = quantity - closing
        if opening:
            kept = abs(held) - closing
            self.average = (kept * self.average + opening * price) / (kept + opening)
        if side == "BUY":
            self.buy_quantity += quantity
            self.buy_value += quantity * price
        else:
            self.sell_quantity += quantity
            self.sell_value += quantity * price
        if self.net == 0:
            self.average = 0.0

    def convert(self, quantity: int, other: "Position", overnight: bool) -> None:
        """Move units, of today or of those carried into the session, to another product at their average."""
        average, sign = self.average, 1 if self.net > 0 else -1
        if overnight:
            self.overnight -= sign * quantity
            carried = other.overnight * other.overnight_average + sign * quantity * average
            other.overnight += sign * quantity
            other.overnight_average = carried / other.overnight if other.overnight else 0.0
        for position, units in ((self, -quantity), (other, quantity)):
            held = abs(position.net)
            if not overnight and sign > 0:
                position.buy_quantity += units
                position.buy_value += round(units * average)
            elif not overnight:
                position.sell_quantity += units
                position.sell_value += round(units * average)
            if position is other:
                before = abs(position.net) - quantity if overnight else held
                position.average = (before * position.average + quantity * average) / (before + quantity)
        if self.net == 0:
            self.average = 0.0

    def describe(self) -> dict[str, Any]:
        """The position as the broker's net list shows it."""
        carried = round(self.overnight * self.overnight_average)
        gained = round(self.overnight * (self.line.previous_close - self.overnight_average))
        bought, sold = max(self.overnight, 0), max(-self.overnight, 0)
        value = self.sell_value - self.buy_value - carried
        return {
            **self._row(self.net, self.overnight, value, self.average if self.net else 0.0),
            "m2m": rupees(value + self.net * self.line.last - gained),
            **_side("buy", self.buy_quantity + bought, self.buy_value + bought * self.overnight_average),
            **_side("sell", self.sell_quantity + sold, self.sell_value + sold * self.overnight_average),
        }

    def describe_day(self) -> dict[str, Any]:
        """The position as the broker's list of the day shows it: today's trades alone."""
        net = self.buy_quantity - self.sell_quantity
        value = self.sell_value - self.buy_value
        units, paid = (
            (self.buy_quantity, self.buy_value) if net > 0 else (self.sell_quantity, self.sell_value)
        )
        return {
            **self._row(net, 0, value, paid / units if net else 0.0),
            "m2m": rupees(value + net * self.line.last),
            **_side("buy", self.buy_quantity, self.buy_value),
            **_side("sell", self.sell_quantity, self.sell_value),
        }

    @property
    def traded(self) -> bool:
        """Whether it was traded today."""
        return bool(self.buy_quantity or self.sell_quantity)

    def _row(self, net: int, overnight: int, value: int, average: float) -> dict[str, Any]:
        row, last = self.line.instrument, self.line.last
        return {
            "tradingsymbol": row.tradingsymbol,
            "exchange": row.exchange,
            "instrument_token": row.token,
            "product": self.product,
            "quantity": net,
            "overnight_quantity": overnight,
            "multiplier": 1,
            "average_price": rupees(average),
            "close_price": rupees(self.line.previous_close),
            "last_price": rupees(last),
            "value": rupees(value),
            "pnl": rupees(value + net * last),
            "unrealised": rupees(net * (last - average)),
            "realised": rupees(self.realised),
            **{f"day_{name}": amount for name, amount in _traded("buy", self.buy_quantity, self.buy_value)},
            **{
                f"day_{name}": amount for name, amount in _traded("sell", self.sell_quantity, self.sell_value)
            },
        }


def show_positions(positions: Iterable[Position]) -> dict[str, list[dict[str, Any]]]:
    """The reply of /portfolio/positions: what is held, and what was traded today."""
    known = list(positions)
    return {
        "net": [position.describe() for position in known],
        "day": [position.describe_day() for position in known if position.traded],
    }


def _traded(side: str, quantity: int, value: float) -> list[tuple[str, float]]:
    price = rupees(value / quantity) if quantity else 0
    return [(f"{side}_quantity", quantity), (f"{side}_price", price), (f"{side}_value", rupees(value))]


def _side(side: str, quantity: int, value: float) -> dict[str, float]:
    return {**dict(_traded(side, quantity, value)), f"{side}_m2m": rupees(value)}
