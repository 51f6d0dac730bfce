"""What a backtest came to, as numbers to show: made by `patang.backtest.metrics`, read without arrays."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

__all__ = ["Group", "Metrics"]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Group(_Value):
    """Trades that have something in common. `profit_factor` is what winners earned to what losers lost,
    net; None where nothing was lost. Amounts are rupees, `expectancy` a trade."""

    trades: int
    hit_rate_pct: float | None
    gross_pnl: float
    charges: float
    slippage: float
    net_pnl: float
    expectancy: float | None
    profit_factor: float | None
    average_hold_minutes: float | None


class Metrics(_Value):
    """A whole run. `sharpe` and `sortino` are of daily returns on the equity, made yearly, against a return
    of zero; `drawdown_sessions` is the longest time below an earlier height. `months` are returns in percent
    by YYYY-MM, `costs` rupees by component of the charges: at the average prices, so that `rounding` is what
    orders in parts make of it.
    """

    net_return_pct: float
    growth_a_year_pct: float | None
    sharpe: float | None
    sortino: float | None
    max_drawdown_pct: float
    drawdown_sessions: int
    all: Group
    by_strategy: Mapping[str, Group]
    by_symbol: Mapping[str, Group]
    by_reason: Mapping[str, Group]
    months: Mapping[str, float]
    costs: Mapping[str, float]
