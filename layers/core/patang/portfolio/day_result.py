"""What a closed position adds to its account's day: pure, the same for the desk and for the backtest."""

from datetime import date
from decimal import Decimal

from patang.portfolio.account_state import AccountDay
from patang.portfolio.open_result import before_the_day
from patang.portfolio.position import Mark, Position

__all__ = ["after_close"]


def after_close(
    result: AccountDay, before: Position, closed: Position, mark: Mark | None, day: date
) -> tuple[AccountDay, Decimal]:
    """The day after a position has been closed on it, and what that has made in rupees after charges.

    `before` is the position before its last sale; one that was closed, bought further by a late fill and
    closed again was booked in part before. `mark` tells what it was worth when the day began.
    """
    charges = closed.entry_charges + (closed.exit_charges or Decimal(0))
    first = before.realised_pnl is None
    pnl = (closed.realised_pnl or Decimal(0)) - (before.realised_pnl or Decimal(0))
    # Booked once: what arose before this day belongs to the days that saw it.
    earlier = before_the_day(closed, mark, day) if first else Decimal(0)
    made = result.by_mode.get(closed.mode, Decimal(0)) + pnl - earlier
    booked = result.evolve(
        realised_pnl=result.realised_pnl + pnl,
        earlier_pnl=result.earlier_pnl + earlier,
        by_mode=result.by_mode | {closed.mode: made},
        charges=result.charges + charges - before.booked_charges,
        closed_trades=result.closed_trades + (1 if first else 0),
    )
    return booked, pnl
