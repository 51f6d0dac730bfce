"""A data set says of an entry what the backtest does of the trade that it became."""

from datetime import timedelta
from decimal import Decimal

import pytest

from patang.backtest.engine import backtest
from patang.backtest.history_tape import HistoryTape
from patang.backtest.premiums.modelled import ModelledPremiums
from patang.model.signal_model import Prediction
from patang.settings import (
    CapitalSettings,
    EquitySettings,
    OptionSettings,
    RiskSettings,
    Settings,
    UniverseSettings,
)
from patang.strategies.registry import strategy_named
from patang.training.building import build_dataset
from patang_workbench.research.synthetic import noise_history

SETTINGS = Settings(
    cycle_interval_seconds=300,
    universe=UniverseSettings(equities=("RELIANCE", "INFY")),
    risk=RiskSettings(max_concurrent_positions=1, min_expected_net_profit_inr=Decimal(0)),
    equity=EquitySettings(max_hold_minutes=40),
    options=OptionSettings(max_hold_minutes=40, underlyings=("NIFTY",), enter_on_expiry_day=True),
)


class Sure:
    """A model that would buy everything."""

    version = "sure"
    promoted = True

    def predict(self, rows):
        return [Prediction(0.99, 30.0)] * len(rows)


# Shares for less than what a bar gives in one go; a lot is dear.
@pytest.mark.parametrize(("name", "capital"), [("equity", 300_000), ("long_options", 3_000_000)])
def test_the_row_of_an_entry_and_the_trade_that_it_became_are_the_same(name, capital):
    paid_in = CapitalSettings(starting_capital_inr=Decimal(capital))
    settings = SETTINGS.model_copy(update={"capital": paid_in})
    history = noise_history(3, symbols=("NIFTY", "RELIANCE", "INFY"), days=5)
    tape = HistoryTape(history, ModelledPremiums(history, settings))
    data, _ = build_dataset(tape, name, settings)
    keys = zip(data.entered.tolist(), data.symbol.tolist(), strict=True)
    rows = {key: row for row, key in enumerate(keys)}
    result = backtest(tape, lambda: {name: Sure()}, [strategy_named(name)], settings)
    same = 0
    for trade in result.trades:
        row = rows[int(trade.decided_at.timestamp()), trade.underlying]
        end = trade.exited_at.replace(second=0)
        # Within a bar it left at the bar's start, at its close when that is over.
        assert 0 <= data.left[row] - end.timestamp() <= 60
        # The account has made or lost something: it buys a little more or less than with all it began with.
        assert float(trade.net_return_pct) == pytest.approx(data.net_pct[row], abs=0.02)
        same += float(trade.net_pnl) == pytest.approx(data.net_pnl[row], abs=0.01)
        assert timedelta(minutes=1) <= trade.entered_at - trade.decided_at <= timedelta(minutes=3)
    assert len(result.trades) >= 2
    assert same >= 1
