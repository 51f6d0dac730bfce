"""Shares in the demat account, and how the broker shows them."""

from dataclasses import dataclass
from typing import Any

from patang_workbench.exchange.hours import rupees
from patang_workbench.exchange.lines import Line

__all__ = ["Holding", "describe_holding"]


@dataclass(frozen=True, slots=True)
class Holding:
    """Shares held before the session; `average` in paise.

    `quantity` is settled, `t1` was bought the day before and has not arrived; `authorised` is what the holder
    has released for sale today.
    """

    quantity: int
    average: int
    t1: int = 0
    authorised: int = 0

    @property
    def units(self) -> int:
        """What may be sold."""
        return self.quantity + self.t1


def describe_holding(line: Line, held: Holding, sold: int) -> dict[str, Any]:
    """A row of /portfolio/holdings; `sold` is what was sold of it today, which leaves `quantity` first."""
    row = line.instrument
    settled = max(held.quantity - sold, 0)
    arriving = held.t1 - max(sold - held.quantity, 0)
    change = line.last - line.previous_close
    return {
        "tradingsymbol": row.tradingsymbol,
        "exchange": row.exchange,
        "instrument_token": row.token,
        "isin": "",
        "product": "CNC",
        "price": 0,
        "quantity": settled,
        "used_quantity": sold,
        "t1_quantity": arriving,
        "realised_quantity": held.quantity,
        "authorised_quantity": held.authorised,
        "authorised_date": None,
        "authorisation": {},
        "opening_quantity": held.units,
        "short_quantity": 0,
        "collateral_quantity": 0,
        "collateral_type": "",
        "discrepancy": False,
        "average_price": rupees(held.average),
        "last_price": rupees(line.last),
        "close_price": rupees(line.previous_close),
        "pnl": rupees((line.last - held.average) * (settled + arriving)),
        "day_change": rupees(change),
        "day_change_percentage": change * 100 / line.previous_close if line.previous_close else 0,
        "mtf": {"quantity": 0, "used_quantity": 0, "average_price": 0, "value": 0, "initial_margin": 0},
    }
