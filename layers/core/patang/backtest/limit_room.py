"""How far an account is from a limit of losses: for who plans which minutes the breaker has to look at."""

from collections.abc import Sequence
from decimal import Decimal

from patang.portfolio.account_state import AccountDay, RiskState
from patang.portfolio.position import Position
from patang.risk.account_view import AccountView
from patang.risk.breaker import drawdown, drawdown_limit
from patang.settings import Settings

__all__ = ["room_before_a_limit"]

# The charges of the sale to come are about those of the purchase, and half as much again for taxes.
_COSTS_OF_A_PURCHASE = Decimal("2.5")


def room_before_a_limit(
    state: RiskState, day: AccountDay, held: Sequence[Position], settings: Settings
) -> float:
    """Rupees that open positions may fall below what their result is counted from until a limit is near."""
    view = AccountView(state, day, (), Decimal(0))
    loss = view.loss_limit(settings) + view.day.made_in(settings.mode)
    fall = drawdown_limit(view, settings) - drawdown(view)
    costs = sum((position.entry_charges for position in held), Decimal(0)) * _COSTS_OF_A_PURCHASE
    return float(min(loss, fall) - costs)
