"""The fast path and the exact engine make the same trades wherever the portfolio does not bind.

The exact engine keeps one account for both shares: reservations, orders, positions, breaker. The fast path
knows each share alone. Where capital, limits and pauses leave room for all, they must agree on every trade.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest

from patang.backtest.engine import backtest
from patang.backtest.fast.simulate import Bars, simulate
from patang.backtest.fast.wishes import entries_of, terms_of, wishes
from patang.backtest.fills import FillTerms
from patang.backtest.history import History, SymbolHistory
from patang.backtest.history_tape import HistoryTape
from patang.backtest.trade import Trade
from patang.model.signal_model import Prediction
from patang.settings import Settings
from patang.strategies.playbook.equity import strategy
from patang_workbench.research.synthetic import edge_history

CAPITAL = Decimal(10) ** 10
A_POSITION = Decimal(50_000)
NO_BOUND = {
    "capital": {"starting_capital_inr": CAPITAL, "daily_loss_limit_pct": 100, "max_drawdown_pct": 100},
    "risk": {
        "risk_per_trade_pct": 100,
        "max_concurrent_positions": 20,
        "max_symbol_exposure_pct": 100 * A_POSITION / CAPITAL,
        "max_portfolio_exposure_pct": 100,
        "min_confidence": 0,
        "min_expected_net_profit_inr": 0,
        "stop_loss_guard_stops": 50,
        "stop_loss_guard_window_minutes": 1,
    },
}


class Sure:
    """Wins whatever it is asked."""

    version, promoted = "sure", True

    def predict(self, rows: Sequence[Mapping[str, float]]) -> list[Prediction]:
        return [Prediction(0.99, 50.0) for _ in rows]


@pytest.fixture(scope="module")
def history() -> History:
    return edge_history(11, 1.0, ["SBIN", "INFY"], days=8)


# Each with the trades that it must make at least, so that agreeing means something.
CHOICES: list[tuple[int, dict[str, Any]]] = [
    (30, {"stop_atr": 4.0, "target_atr": 7.0}),
    (20, {"stop_atr": 6.0, "target_atr": 9.0, "max_hold_minutes": 45, "min_adx": 30.0}),
    (5, {"holding_period": "swing", "max_hold_sessions": 2, "stop_atr": 3.0}),
]


@pytest.mark.parametrize("latency", [0, 1])
@pytest.mark.parametrize(("least", "equity"), CHOICES)
def test_trade_by_trade(history: History, least: int, equity: dict[str, Any], latency: int) -> None:
    settings = Settings.model_validate(
        {
            **NO_BOUND,
            "equity": {"capital_share_pct": 100, **equity},
            "universe": {"equities": ["SBIN", "INFY"]},
        }
    )
    fills = FillTerms(latency_bars=latency, volume_share=1e9)
    exact = backtest(HistoryTape(history), lambda: {"equity": Sure()}, [strategy], settings, fills=fills)
    told = [row_of(trade) for trade in exact.trades]
    assert len(told) >= least
    found = [row for bars in history.symbols for row in rows_of(bars, settings, latency)]
    assert sorted(found, key=_in_order) == sorted(told, key=_in_order)


def _in_order(row: tuple[object, ...]) -> tuple[object, ...]:
    return row[:2]


def row_of(trade: Trade) -> tuple[object, ...]:
    return (
        trade.symbol,
        int(trade.entered_at.timestamp()),
        int(trade.exited_at.timestamp()),
        trade.bars_held,
        trade.quantity,
        float(trade.entry_price),
        float(trade.exit_price),
        trade.exit_reason,
        pytest.approx(float(trade.charges), abs=1e-6),
    )


def rows_of(bars: SymbolHistory, settings: Settings, latency: int) -> list[tuple[object, ...]]:
    """What the fast path makes of a share."""
    wanted = entries_of(wishes(bars, settings), bars, settings, A_POSITION)
    made = simulate(Bars.of(bars), wanted, terms_of(bars.instrument, settings, A_POSITION, latency))
    columns = (
        made.bought_at,
        made.sold_at,
        made.left - made.entered + 1,
        made.quantity,
        made.bought,
        made.sold,
        made.reason,
        made.charges,
    )
    return [(bars.symbol, *row) for row in zip(*(column.tolist() for column in columns), strict=True)]
