"""Splits, calibration and the trainer."""

from datetime import datetime

import numpy as np
import pytest

from patang.errors import BadInput
from patang.market.sessions import IST
from patang.model.signal_model import load_models
from patang.training.dataset import Dataset, split_by_time
from patang_workbench.demo.profile import DEMONSTRATION
from patang_workbench.training.__main__ import main
from patang_workbench.training.entries import equity_entries, option_entries
from patang_workbench.training.history import LAST_DAY, synthetic_history


def dataset(rows=3_000, seed=1, hold=600):
    """Winners come more often where the first of two inputs is high."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(rows, 2))
    entered = np.sort(rng.integers(0, 10**6, rows))
    gross = inputs[:, 0] + rng.normal(0, 2, rows)
    return Dataset(
        strategy="equity",
        names=("signal", "noise"),
        inputs=inputs,
        entered=entered,
        left=entered + hold,
        symbol=np.full(rows, "SOME"),
        gross_pct=gross,
        net_pct=gross - 0.2,
        slippage_pct=np.full(rows, 0.1),
        net_pnl=1_000 * (gross - 0.2),
        weight=np.ones(rows),
        modelled=np.zeros(rows, bool),
    )


class TestSplit:
    def test_parts_follow_each_other_and_outcomes_do_not_reach_across(self):
        split = split_by_time(dataset())
        assert split.fit.left.max() < split.calibrate.entered.min()
        assert split.calibrate.left.max() < split.measure.entered.min()

    def test_what_reaches_across_a_cut_is_purged(self):
        short, long = (split_by_time(dataset(hold=hold)) for hold in (1, 100_000))
        assert len(long.fit) < len(short.fit)
        assert len(long.calibrate) < len(short.calibrate)
        assert len(long.measure) == len(short.measure)

    def test_too_little_data_is_refused(self):
        with pytest.raises(BadInput, match="more varied entries"):
            split_by_time(dataset(rows=5, hold=10**6))


@pytest.fixture(scope="module")
def history():
    return list(synthetic_history(seed=5, symbols=5, days=5))


class TestSyntheticHistory:
    def test_the_same_seed_is_the_same_market(self, history):
        again = list(synthetic_history(seed=5, symbols=5, days=5))
        assert all(np.array_equal(a.bars, b.bars) for a, b in zip(history, again, strict=True))

    def test_it_ends_where_it_says(self, history):
        last = datetime.fromtimestamp(int(history[0].starts[-1]), IST)
        assert (last.date(), last.hour, last.minute) == (LAST_DAY, 15, 29)

    def test_bars_hold_together(self, history):
        for series in history:
            opened, high, low, close = series.bars.T
            assert (low <= np.minimum(opened, close)).all()
            assert (high >= np.maximum(opened, close)).all()

    def test_entries_are_in_order_net_of_costs_and_end_within_their_day(self, history):
        for data in (
            equity_entries(history, DEMONSTRATION),
            option_entries(history, DEMONSTRATION, seed=5),
        ):
            assert len(data) > 50
            assert (np.diff(data.entered) >= 0).all()
            assert (data.net_pct < data.gross_pct).all()
            assert (data.left - data.entered <= 45 * 60).all()
            assert np.isfinite(data.inputs).all()


def test_the_command_writes_artifacts_that_load(tmp_path):
    folder = tmp_path / "artifacts"
    arguments = ["--seed", "3", "--symbols", "10", "--days", "12", "--out", str(folder)]
    assert main(arguments) == 0
    models = load_models(folder)
    assert set(models) == {"equity", "long_options"}
    before = {path: path.read_bytes() for path in folder.rglob("*.json")}
    assert main(arguments) == 0
    assert before == {path: path.read_bytes() for path in folder.rglob("*.json")}
