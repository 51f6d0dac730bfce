"""An account's state of risk beside its limits."""

from collections.abc import Sequence
from decimal import Decimal

from patang.desk_view.views import RiskView
from patang.portfolio.account_state import AccountDay, RiskState
from patang.portfolio.position import Mark, Position
from patang.settings import Settings

__all__ = ["risk_view"]


def risk_view(
    state: RiskState,
    day: AccountDay,
    positions: Sequence[tuple[Position, Mark | None]],
    settings: Settings,
) -> RiskView:
    """Losses are shown as positive rupees, so that they can be held against their limits."""
    capital, bounds = settings.capital, settings.risk
    unrealised = sum((mark.unrealised_pnl for _, mark in positions if mark), Decimal(0))
    daily_loss = max(-(day.realised_pnl + unrealised), Decimal(0))
    drawdown = max(state.peak_realised - state.realised_total - unrealised, Decimal(0))
    daily_limit = capital.starting_capital_inr * capital.daily_loss_limit_pct / 100
    drawdown_limit = capital.starting_capital_inr * capital.max_drawdown_pct / 100
    within = (
        not state.halted
        and daily_loss < daily_limit
        and drawdown < drawdown_limit
        and len(positions) + len(state.reservations) < bounds.max_concurrent_positions
    )
    return RiskView(
        account=state.account,
        entries_allowed=within,
        halted=state.halted,
        halt_reason=state.halt_reason,
        halted_by=state.halted_by,
        capital=capital.starting_capital_inr,
        daily_loss=daily_loss,
        daily_loss_limit=daily_limit,
        drawdown=drawdown,
        drawdown_limit=drawdown_limit,
        reserved_exposure=sum((r.exposure for r in state.reservations.values()), Decimal(0)),
        open_exposure=sum((p.entry_price * p.quantity for p, _ in positions), Decimal(0)),
        exposure_limit=capital.starting_capital_inr * bounds.max_portfolio_exposure_pct / 100,
        open_positions=len(positions),
        positions_limit=bounds.max_concurrent_positions,
        closed_trades_today=day.closed_trades,
        refusals_today=day.refusals,
    )
