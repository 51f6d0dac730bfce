"""How fast the exact path is beside backtesting.py: `pytest tests/bench/test_backtest_exact.py -s`.

The rule is the momentum of the equity strategy with its hours, stop and target in ATR, longest hold and exit
of the day; one share, one position at a time. Theirs reads twelve prepared columns and pays a flat
percentage. Ours asks the shipped model about every bar that passes the screen, in batches, puts those to the
live rules at which the account has room, and takes what passes through the live gates, sizing, charges of the
day, breaker and exits. Both in one thread, by processor time, on the same bars; the features of both are made
before. They take turns, and of each the fastest round counts: what else the machine does only adds to it.
"""

import subprocess
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from time import process_time

import numpy as np
import pytest

from patang.backtest.engine import backtest
from patang.backtest.fills import FillTerms
from patang.backtest.history import History
from patang.backtest.history_tape import HistoryTape
from patang.features.vector import CANDLE_FEATURES
from patang.model.signal_model import Prediction, SignalModel
from patang.settings import Settings
from patang.strategies.registry import strategy_named
from patang_workbench.research.synthetic import noise_history

ENGINES = Path(__file__).parent / "engines"
PYTHON = Path(__file__).parents[2] / ".bench" / "bin" / "python"
ARTIFACTS = Path(__file__).parents[2] / "model_artifacts"

DAYS, ROUNDS, TURNS = 60, 3, 3
CAPITAL = Decimal(10) ** 8


class Certain(SignalModel):
    """The shipped model is asked, and whatever it says is taken for certain, so that the account has work."""

    def predict(self, rows: Sequence[Mapping[str, float]]) -> list[Prediction]:
        return [Prediction(0.99, 50.0) for _ in super().predict(rows)]


@pytest.fixture(scope="module")
def history() -> History:
    return noise_history(4, ("SBIN",), DAYS)


def settings() -> Settings:
    return Settings.model_validate(
        {
            "universe": {"equities": ["SBIN"], "indices": []},
            "equity": {"setups": ["momentum"], "capital_share_pct": 100, "min_turnover_inr": 0},
            "capital": {
                "starting_capital_inr": CAPITAL,
                "daily_loss_limit_pct": 100,
                "max_drawdown_pct": 100,
            },
            "risk": {
                "min_confidence": 0,
                "min_expected_net_profit_inr": 0,
                "symbol_cooldown_minutes": 0,
                "stop_loss_guard_stops": 50,
                "max_symbol_exposure_pct": 1,
            },
        }
    )


def ours(history: History, models: Mapping[str, SignalModel]) -> tuple[list[int], float]:
    """The bars of the entries, and seconds of the processor."""
    chosen, equity, taken = settings(), strategy_named("equity"), []
    for _ in range(ROUNDS):
        # As theirs, which is given its bars before.
        tape = HistoryTape(history)
        began = process_time()
        result = backtest(tape, lambda: models, [equity], chosen, fills=FillTerms(0, 1e9))
        taken.append(process_time() - began)
    starts = history.symbols[0].starts
    entered = [int(np.searchsorted(starts, int(t.entered_at.timestamp()))) for t in result.trades]
    return entered, min(taken)


def given(history: History) -> dict[str, np.ndarray]:
    (bars,) = history.symbols
    column = {name: n for n, name in enumerate(CANDLE_FEATURES)}
    rules = settings().equity
    first, last, exit_by = (
        60 * int(clock[:2]) + int(clock[3:]) for clock in (rules.first_entry, rules.last_entry, rules.exit_by)
    )
    names = ("ema_12", "ema_26", "macd", "macd_signal", "rsi_14", "adx_14", "atr_14")
    longer = {"5m": bars.features_5m, "15m": bars.features_15m}
    terms = [
        rules.stop_atr,
        rules.target_atr,
        rules.min_adx,
        rules.max_rsi,
        rules.min_frames,
        first,
        last,
        rules.max_hold_minutes,
        exit_by,
        ROUNDS,
    ]
    return {
        **{name: getattr(bars, name) for name in ("starts", "open", "high", "low", "close")},
        **{name: bars.features[:, column[name]] for name in names},
        **{
            f"{name}_{frame}": table[:, column[name]]
            for frame, table in longer.items()
            for name in ("macd", "macd_signal")
        },
        # The minute of the day that each bar ends with.
        "minute": (bars.starts + 60 + 19_800) % 86_400 // 60,
        "terms": np.array(terms, np.float64),
    }


@pytest.mark.skipif(not PYTHON.exists(), reason="the other engines are not here: make .bench/.ready")
def test_beside_backtesting(history: History, tmp_path: Path) -> None:
    models = {"equity": Certain.load(ARTIFACTS, "equity")}
    source, result = tmp_path / "in.npz", tmp_path / "out.npz"
    np.savez(source, **given(history))
    taken = theirs = float("inf")
    for _ in range(TURNS):
        entered, seconds = ours(history, models)
        script = ENGINES / "backtesting_momentum.py"
        subprocess.run([PYTHON, "-W", "ignore", script, source, result], check=True)
        other = dict(np.load(result))
        taken, theirs = min(taken, seconds), min(theirs, float(other["seconds"].min()))
    count = len(history.symbols[0])
    shared = len(set(entered) & set(other["entered"].tolist()))
    print(f"\n{count:,} bars; ours {len(entered)} trades in {taken:.2f} s, {count / taken:,.0f} bars/s")
    print(f"backtesting.py {len(other['entered'])} trades in {theirs:.2f} s, {count / theirs:,.0f} bars/s")
    print(f"entries in the same bar: {shared}; times as fast: {theirs / taken:.2f}")
    # They know no spread, no tick and no slippage, so that some exits, and what follows them, differ.
    assert shared >= 0.7 * len(entered)
    assert theirs / taken >= 1
