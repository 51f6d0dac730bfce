"""Data sets of recorded minutes: cut off anywhere, they say the same of what was complete."""

import os
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest

from patang.backtest.history_tape import HistoryTape
from patang.backtest.informed import trading
from patang.backtest.premiums.modelled import ModelledPremiums
from patang.market.sessions import IST
from patang.settings import Settings
from patang.training.building import build_dataset
from patang.training.card import content_hash
from patang_workbench.research.sources import load_history

DATA = Path(os.environ.get("PATANG_DATA") or Path(__file__).parents[4] / "shared" / "data")


@pytest.mark.parametrize(
    ("strategy", "symbols", "first", "last"),
    [
        ("equity", ("RELIANCE", "SBIN"), date(2016, 8, 17), date(2016, 8, 19)),
        ("long_options", ("BANKNIFTY",), date(2018, 7, 9), date(2018, 7, 12)),
    ],
)
def test_cutting_recorded_minutes_off_changes_no_complete_row(strategy, symbols, first, last):
    if not DATA.is_dir():
        pytest.skip(f"{DATA} is absent: set PATANG_DATA to the folder of recorded market data")
    history = load_history(f"recorded:{DATA}", first, last, symbols)
    settings = trading(Settings(cycle_interval_seconds=300), history)

    def of(some):
        tape = HistoryTape(some, ModelledPremiums(some, settings))
        return build_dataset(tape, strategy, settings, findings=some.findings)

    data, card = of(history)
    assert card.rows > 20
    assert set(card.symbols) == set(symbols)
    assert card.modelled_share == (strategy == "long_options")
    assert min(card.coverage.values()) == 1
    # What recorded trades cost is what a real account would have paid: never nothing.
    assert (data.gross_pct - data.net_pct > 0.03).all()
    moment = datetime.fromtimestamp(int(np.median(data.left)), UTC).astimezone(IST)
    cut, _ = of(history.until(moment))
    assert content_hash(cut) == content_hash(data.rows(data.left <= moment.timestamp()))
