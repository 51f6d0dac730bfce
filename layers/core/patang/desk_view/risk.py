"""An account's state of risk beside its limits, measured as the risk manager measures it."""

from decimal import Decimal

from patang.desk_view.views import RiskView
from patang.risk.account_view import AccountView
from patang.risk.breaker import drawdown, drawdown_limit
from patang.risk.manager import account_gate
from patang.risk.reservations import held
from patang.settings import Settings

__all__ = ["risk_view"]


def risk_view(account: AccountView, settings: Settings) -> RiskView:
    """Losses are shown as positive rupees, so that they can be held against their limits."""
    state, day = account.state, account.day
    capital, closed = account.capital(settings), account_gate(account, settings)
    reserved = held(state).exposure
    fullest = max(sorted(account.underlyings), key=account.exposure, default=None)
    halted = state.is_halted_on(day.day)
    return RiskView(
        account=state.account,
        state=state.state if halted else "ACTIVE",
        blocked_by=closed.gate if closed else None,
        blocked_because=closed.text if closed else None,
        halted=halted,
        halt_reason=state.halt_reason if halted else None,
        halted_by=state.halted_by if halted else None,
        capital=capital,
        daily_loss=max(round(-account.of_the_day, 2), Decimal(0)),
        daily_loss_limit=account.loss_limit(settings),
        drawdown=max(round(drawdown(account), 2), Decimal(0)),
        drawdown_limit=drawdown_limit(account, settings),
        reserved_exposure=reserved,
        open_exposure=account.exposure() - reserved,
        exposure_limit=capital * settings.risk.max_portfolio_exposure_pct / 100,
        open_positions=len(account.positions),
        reservations=len(state.reservations),
        positions_limit=settings.risk.max_concurrent_positions,
        options=account.options,
        options_limit=settings.risk.max_concurrent_options,
        fullest_underlying=fullest,
        underlying_exposure=Decimal(0) if fullest is None else account.exposure(fullest),
        underlying_exposure_limit=capital * settings.risk.max_symbol_exposure_pct / 100,
        closed_trades_today=day.closed_trades,
        refusals_today=day.refusals,
    )
