"""When an open position has to go. The stop is looked at first: a bar that holds both is a loss."""

from datetime import datetime
from decimal import Decimal
from typing import Literal

from patang.portfolio.position import Position

__all__ = ["ExitReason", "exit_reason", "exit_rule"]

type ExitReason = Literal["STOP", "TARGET", "TIME"]


def exit_reason(position: Position, last_price: Decimal, as_of: datetime) -> ExitReason | None:
    """Why the position must be closed at this price and market time, or None while it may stay."""
    overdue = position.exit_by is not None and as_of >= position.exit_by
    return exit_rule(last_price, position.stop_loss_price, position.target_price, overdue=overdue)


def exit_rule[N: (float, Decimal)](price: N, stop: N, target: N, *, overdue: bool) -> ExitReason | None:
    """The rule itself, for long positions: at or below the stop, at or above the target, out of time."""
    if price <= stop:
        return "STOP"
    if price >= target:
        return "TARGET"
    return "TIME" if overdue else None
