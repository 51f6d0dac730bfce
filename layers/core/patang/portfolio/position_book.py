"""Which positions an account has open and which it has left lately, kept beside its state of risk.

Whatever opens or closes a position writes the state of risk in the same transaction, so that the book costs
no write of its own, and who has read the state knows which positions to read and that there are no others.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Self

from pydantic import BaseModel, ConfigDict

from patang.portfolio.position import Position
from patang.settings import Mode

__all__ = ["LONGEST_LOOK_BACK", "ClosedTrade", "PositionBook"]

LONGEST_LOOK_BACK = timedelta(minutes=1440)
"""The longest that any gate looks back at what was sold: the bound of risk.symbol_cooldown_minutes."""


class ClosedTrade(BaseModel):
    """What the protections ask of a position that was sold; `exit_time` is market time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    position_id: str
    mode: Mode
    underlying: str
    exit_time: datetime
    exit_reason: str | None = None
    realised_pnl: Decimal | None = None

    @classmethod
    def of(cls, position: Position, exit_time: datetime) -> Self:
        return cls(
            position_id=position.position_id,
            mode=position.mode,
            underlying=position.underlying,
            exit_time=exit_time,
            exit_reason=position.exit_reason,
            realised_pnl=position.realised_pnl,
        )


class PositionBook(BaseModel):
    """Ids of the open positions, of every mode, and the trades that ended lately: the one that was told last,
    those within `LONGEST_LOOK_BACK` before it, and later ones."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    open: tuple[str, ...] = ()
    closed: tuple[ClosedTrade, ...] = ()

    @classmethod
    def of(cls, positions: Iterable[Position]) -> Self:
        """The book that such positions make, all of their trades kept."""
        known = list(positions)
        ended = (ClosedTrade.of(p, p.exit_time) for p in known if p.state == "CLOSED" and p.exit_time)
        return cls(
            open=tuple(sorted(p.position_id for p in known if p.state != "CLOSED")), closed=_in_order(ended)
        )

    def with_position(self, position: Position) -> Self:
        """The book after this position was opened, closed, or opened again by a late fill."""
        name = position.position_id
        others = tuple(known for known in self.open if known != name)
        trades = [trade for trade in self.closed if trade.position_id != name]
        if position.state != "CLOSED":
            return self.model_copy(update={"open": tuple(sorted((*others, name))), "closed": tuple(trades)})
        if position.exit_time is not None:
            # Of a market day that is played again there may be later ones.
            oldest = position.exit_time - LONGEST_LOOK_BACK
            trades = [trade for trade in trades if trade.exit_time > oldest]
            trades.append(ClosedTrade.of(position, position.exit_time))
        return self.model_copy(update={"open": others, "closed": _in_order(trades)})


def _in_order(trades: Iterable[ClosedTrade]) -> tuple[ClosedTrade, ...]:
    return tuple(sorted(trades, key=lambda trade: (trade.exit_time, trade.position_id)))
