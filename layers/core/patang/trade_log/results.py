"""Profit and loss of what was closed, by day, strategy and symbol."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from patang.market.sessions import IST
from patang.portfolio.position import Position

__all__ = ["Result", "results"]


class Result(BaseModel):
    """Trades of one strategy in one symbol, closed on one market day in one mode; rupees after charges.

    A trade counts as a whole on the day of its last sale, as it does in AccountDay.realised_pnl: before that
    nobody knows what it has made, nor whether it was a win. What a day itself made, with the parts of trades
    that were carried into it left out, is AccountDay.by_mode.
    `gross` is before the charges of both legs. `wins` are trades that made money after them. `slippage` is
    what both legs lost against the prices they were decided at, in rupees, a gain being negative.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    day: date
    account: str
    mode: str
    strategy: str
    symbol: str
    trades: int
    wins: int
    quantity: int
    gross: Decimal
    charges: Decimal
    realised_pnl: Decimal
    slippage: Decimal


class _Place(NamedTuple):
    day: date
    account: str
    mode: str
    strategy: str
    symbol: str


def results(positions: Iterable[Position]) -> tuple[Result, ...]:
    """A row a day, account, mode, strategy and symbol in which something was closed, in that order."""
    grouped: dict[_Place, list[Position]] = defaultdict(list)
    for position in positions:
        if position.state == "CLOSED" and position.exit_time is not None:
            day = position.exit_time.astimezone(IST).date()
            place = _Place(day, position.account, position.mode, position.strategy, position.symbol)
            grouped[place].append(position)
    return tuple(_result(place, grouped[place]) for place in sorted(grouped))


def _result(place: _Place, closed: list[Position]) -> Result:
    made = [position.realised_pnl or Decimal(0) for position in closed]
    charges = sum((p.entry_charges + (p.exit_charges or Decimal(0)) for p in closed), Decimal(0))
    return Result(
        **place._asdict(),
        trades=len(closed),
        wins=sum(pnl > 0 for pnl in made),
        quantity=sum(position.quantity for position in closed),
        gross=sum(made, Decimal(0)) + charges,
        charges=charges,
        realised_pnl=sum(made, Decimal(0)),
        slippage=sum((_slipped(position) for position in closed), Decimal(0)),
    )


def _slipped(position: Position) -> Decimal:
    """Bought above, sold below the price it was decided at."""
    return (
        position.entry_slippage * position.quantity
        - (position.exit_slippage or Decimal(0)) * position.exited_quantity
    )
