"""What a backtest came to in numbers: of its capital, day by day, and of its trades.

What cannot be told is None: a ratio of no deviation, a growth a year of three days.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from patang.backtest.figures import Group, Metrics
from patang.backtest.trade import BacktestResult, Trade
from patang.market.sessions import IST
from patang.risk.charges import Charges, Side, leg_charges, segment_of

__all__ = ["drawdowns", "metrics_of"]

type Floats = NDArray[np.float64]

# By which daily ratios are made yearly; the exchange has between 243 and 250 sessions a year.
_SESSIONS_A_YEAR = 248
# A growth a year told from fewer days is a guess of the rest.
_FEWEST_DAYS_OF_GROWTH = 90


def metrics_of(run: BacktestResult) -> Metrics:
    """The numbers of a run. Raises StopTrading where the day of a trade has no sourced charges."""
    capital = float(run.capital)
    equity = np.asarray([float(result.equity) for result in run.days])
    before = np.concatenate(([capital], equity[:-1])) if len(equity) else equity
    returns = equity / before - 1
    final = float(equity[-1]) if len(equity) else capital
    depths = drawdowns(equity, capital)
    return Metrics(
        net_return_pct=100 * (final / capital - 1),
        growth_a_year_pct=_growth(final / capital, (run.last - run.first).days + 1),
        sharpe=_ratio(returns, returns - returns.mean() if len(returns) else returns),
        sortino=_ratio(returns, np.minimum(returns, 0)),
        max_drawdown_pct=float(0.0 - depths.min()) if len(depths) else 0.0,
        drawdown_sessions=_longest(depths < 0),
        all=_group(run.trades),
        by_strategy=_by(run.trades, lambda trade: trade.strategy),
        by_symbol=_by(run.trades, lambda trade: trade.underlying),
        by_reason=_by(run.trades, lambda trade: trade.exit_reason),
        months=_months(run, returns),
        costs=_costs(run.trades),
    )


def drawdowns(equity: Floats, capital: float) -> Floats:
    """How far each session's end lies below the highest so far, percent of that: zero or less."""
    highest = np.maximum(np.maximum.accumulate(equity), capital)
    return 100 * (equity / highest - 1)


def _growth(times: float, days: int) -> float | None:
    """Percent a year, compounded, by calendar days."""
    if days < _FEWEST_DAYS_OF_GROWTH or times <= 0:
        return None
    return float(100 * (times ** (365 / days) - 1))


def _ratio(returns: Floats, spread: Floats) -> float | None:
    """Mean to root mean square, a year: Sharpe's ratio (J. Portfolio Management 21, 1994) of deviations from
    the mean, Sortino's (J. Portfolio Management 17, 1991) of what lies below zero."""
    if len(returns) < 2:
        return None
    deviation = float(np.sqrt((spread**2).mean()))
    return float(returns.mean()) / deviation * _SESSIONS_A_YEAR**0.5 if deviation > 1e-12 else None


def _longest(below: NDArray[np.bool_]) -> int:
    longest = run = 0
    for each in below.tolist():
        run = run + 1 if each else 0
        longest = max(longest, run)
    return longest


def _months(run: BacktestResult, returns: Floats) -> dict[str, float]:
    grown: dict[str, float] = {}
    for result, part in zip(run.days, returns.tolist(), strict=True):
        month = f"{result.day:%Y-%m}"
        grown[month] = grown.get(month, 1.0) * (1 + part)
    return {month: 100 * (times - 1) for month, times in grown.items()}


def _by(trades: Iterable[Trade], name: Callable[[Trade], str]) -> dict[str, Group]:
    found: dict[str, list[Trade]] = defaultdict(list)
    for trade in trades:
        found[name(trade)].append(trade)
    return {key: _group(found[key]) for key in sorted(found)}


def _group(trades: Sequence[Trade]) -> Group:
    net = [float(trade.net_pnl) for trade in trades]
    won, lost = sum(pnl for pnl in net if pnl > 0), -sum(pnl for pnl in net if pnl < 0)
    held = [(trade.exited_at - trade.entered_at).total_seconds() / 60 for trade in trades]
    return Group(
        trades=len(trades),
        hit_rate_pct=100 * sum(pnl > 0 for pnl in net) / len(net) if net else None,
        gross_pnl=float(sum(trade.gross_pnl for trade in trades)),
        charges=float(sum(trade.charges for trade in trades)),
        slippage=float(sum(trade.slippage for trade in trades)),
        net_pnl=float(sum(trade.net_pnl for trade in trades)),
        expectancy=sum(net) / len(net) if net else None,
        profit_factor=won / lost if lost else None,
        average_hold_minutes=sum(held) / len(held) if held else None,
    )


def _costs(trades: Sequence[Trade]) -> dict[str, float]:
    split = Charges()
    for trade in trades:
        segment = segment_of(trade.exchange, trade.symbol, trade.product)
        legs: tuple[tuple[Side, Decimal, datetime], ...] = (
            ("BUY", trade.entry_price, trade.entered_at),
            ("SELL", trade.exit_price, trade.exited_at),
        )
        for side, price, at in legs:
            day = at.astimezone(IST).date()
            split += leg_charges(segment, trade.exchange, side, price, trade.quantity, day)
    known = {field.name: getattr(split, field.name) for field in fields(split)}
    rest = sum((trade.charges for trade in trades), Decimal(0)) - split.total
    return {name: float(rupees) for name, rupees in {**known, "rounding": rest}.items() if rupees}
