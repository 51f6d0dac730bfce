"""Positions of one account: quantities, average price, profit, and how the broker shows them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from patang_workbench.exchange.hours import rupees
from patang_workbench.exchange.lines import Line

__all__ = ["Position", "show_positions"]


@dataclass(slots=True)
class Position:
    """What one account did today in one instrument and product. Amounts in paise."""

    line: Line
    product: str
    buy_quantity: int = 0
    buy_value: int = 0
    sell_quantity: int = 0
    sell_value: int = 0
    average: float = 0.0
    realised: float = 0.0

    @property
    def net(self) -> int:
        """Units held; negative when short."""
        return self.buy_quantity - self.sell_quantity

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

    def describe(self) -> dict[str, Any]:
        """The position as the broker shows it."""
        row, last = self.line.instrument, self.line.last
        value = self.sell_value - self.buy_value
        pnl = rupees(value + self.net * last)
        bought = self.buy_value / self.buy_quantity if self.buy_quantity else 0
        sold = self.sell_value / self.sell_quantity if self.sell_quantity else 0
        return {
            "tradingsymbol": row.tradingsymbol,
            "exchange": row.exchange,
            "instrument_token": row.token,
            "product": self.product,
            "quantity": self.net,
            "overnight_quantity": 0,
            "multiplier": 1,
            "average_price": rupees(self.average),
            "close_price": rupees(self.line.previous_close),
            "last_price": rupees(last),
            "value": rupees(value),
            "pnl": pnl,
            "m2m": pnl,
            "unrealised": rupees(self.unrealised),
            "realised": rupees(self.realised),
            "buy_quantity": self.buy_quantity,
            "buy_price": rupees(bought),
            "buy_value": rupees(self.buy_value),
            "buy_m2m": rupees(self.buy_value),
            "sell_quantity": self.sell_quantity,
            "sell_price": rupees(sold),
            "sell_value": rupees(self.sell_value),
            "sell_m2m": rupees(self.sell_value),
            "day_buy_quantity": self.buy_quantity,
            "day_buy_price": rupees(bought),
            "day_buy_value": rupees(self.buy_value),
            "day_sell_quantity": self.sell_quantity,
            "day_sell_price": rupees(sold),
            "day_sell_value": rupees(self.sell_value),
        }


def show_positions(positions: Iterable[Position]) -> dict[str, list[dict[str, Any]]]:
    """The reply of /portfolio/positions; nothing is carried over night, so both lists are the same."""
    rows = [position.describe() for position in positions]
    return {"net": rows, "day": [dict(row) for row in rows]}
