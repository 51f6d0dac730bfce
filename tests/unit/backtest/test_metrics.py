"""The numbers of a run, held against ones that were worked out by hand."""

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from patang.backtest.metrics import drawdowns, metrics_of
from patang.backtest.trade import BacktestResult, DayResult
from patang.errors import StopTrading
from patang.risk.charges import round_trip_charges
from patang.settings import Settings
from tests.unit.backtest.sample_runs import backtest_run


def run_of(*equity: float, capital: float = 100.0) -> BacktestResult:
    """A run without trades, a session a day from 2024-01-30."""
    days = [date(2024, 1, 30) + timedelta(days=n) for n in range(len(equity))]
    results = [
        DayResult(day=day, equity=Decimal(str(worth)), realised=Decimal(0), open_positions=0)
        for day, worth in zip(days, equity, strict=True)
    ]
    return BacktestResult(
        source="by hand",
        first=date(2024, 1, 30),
        last=days[-1] if days else date(2024, 1, 30),
        seed=0,
        settings=Settings(),
        models={},
        capital=Decimal(str(capital)),
        bars=0,
        cycles=0,
        trades=(),
        days=tuple(results),
        refusals={},
        skipped={},
    )


def test_returns_and_ratios_of_four_days():
    metrics = metrics_of(run_of(110.0, 99.0, 118.8, 118.8))
    assert metrics.net_return_pct == pytest.approx(18.8)
    # Daily 10, -10, 20, 0 %: mean 5, deviation sqrt(125), below zero sqrt(100 / 4).
    assert metrics.sharpe == pytest.approx(5 / 125**0.5 * 248**0.5)
    assert metrics.sortino == pytest.approx(5 / 5 * 248**0.5)
    assert metrics.max_drawdown_pct == pytest.approx(10)
    assert metrics.drawdown_sessions == 1
    assert metrics.months == pytest.approx({"2024-01": -1.0, "2024-02": 20.0})
    assert metrics.growth_a_year_pct is None


def test_drawdown_is_from_the_highest_and_from_the_capital():
    equity = np.array([90.0, 110.0, 99.0, 121.0, 121.0])
    assert drawdowns(equity, 100.0) == pytest.approx([-10.0, 0.0, -10.0, 0.0, 0.0])


def test_a_loss_that_is_not_made_good_lasts_until_the_end():
    assert metrics_of(run_of(101.0, 100.0, 99.0, 100.5)).drawdown_sessions == 3


def test_growth_is_told_of_a_stretch_that_is_long_enough():
    run = run_of(110.0).model_copy(update={"last": date(2025, 1, 28)})
    assert metrics_of(run).growth_a_year_pct == pytest.approx(10.0)
    assert metrics_of(run_of(0.0).model_copy(update={"last": run.last})).growth_a_year_pct is None


def test_what_cannot_be_told_is_none():
    for run in (run_of(), run_of(100.0), run_of(100.0, 100.0)):
        metrics = metrics_of(run)
        assert (metrics.sharpe, metrics.sortino, metrics.all.expectancy) == (None, None, None)
        assert f"{metrics.max_drawdown_pct:+}" == "+0.0"
        assert (metrics.max_drawdown_pct, metrics.costs, metrics.by_symbol) == (0.0, {}, {})


def test_groups_add_up_to_the_whole():
    run, _ = backtest_run(days=30)
    metrics = metrics_of(run)
    for groups in (metrics.by_strategy, metrics.by_symbol, metrics.by_reason):
        assert sum(group.trades for group in groups.values()) == metrics.all.trades == len(run.trades)
        assert sum(group.net_pnl for group in groups.values()) == pytest.approx(metrics.all.net_pnl)
    won = [float(trade.net_pnl) for trade in run.trades if trade.net_pnl > 0]
    lost = [float(trade.net_pnl) for trade in run.trades if trade.net_pnl < 0]
    assert metrics.all.hit_rate_pct == pytest.approx(100 * len(won) / len(run.trades))
    assert metrics.all.profit_factor == pytest.approx(sum(won) / -sum(lost))
    assert metrics.all.expectancy == pytest.approx(metrics.all.net_pnl / len(run.trades))
    held = [(trade.exited_at - trade.entered_at).total_seconds() / 60 for trade in run.trades]
    assert metrics.all.average_hold_minutes == pytest.approx(sum(held) / len(held))


def test_without_a_loser_there_is_no_profit_factor():
    run, _ = backtest_run(days=30)
    winners = tuple(trade for trade in run.trades if trade.net_pnl > 0)
    metrics = metrics_of(run.model_copy(update={"trades": winners}))
    assert (metrics.all.profit_factor, metrics.all.hit_rate_pct) == (None, 100.0)


def test_charges_are_split_into_their_components():
    run, _ = backtest_run(days=3)
    trade = run.trades[0]
    metrics = metrics_of(run.model_copy(update={"trades": (trade,)}))
    prices = (trade.entry_price, trade.exit_price)
    charges = round_trip_charges("equity-intraday", "NSE", *prices, trade.quantity, trade.entered_at.date())
    assert metrics.costs["stt"] == float(charges.stt) > 0
    assert sum(metrics.costs.values()) == pytest.approx(float(trade.charges))
    assert "rounding" not in metrics.costs
    parts = trade.model_copy(update={"charges": trade.charges + Decimal("20")})
    assert metrics_of(run.model_copy(update={"trades": (parts,)})).costs["rounding"] == pytest.approx(20)


def test_a_day_without_sourced_charges_is_refused():
    run, _ = backtest_run(days=3)
    long_ago = run.trades[0].model_copy(
        update={name: getattr(run.trades[0], name).replace(year=1999) for name in ("entered_at", "exited_at")}
    )
    with pytest.raises(StopTrading, match="sourced rates"):
        metrics_of(run.model_copy(update={"trades": (long_ago,)}))
