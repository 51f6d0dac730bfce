"""What paper fills cost on a recorded day, by class of instruments. `pytest -s` shows the figures."""

import os
import sys
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from statistics import median

import pytest

from patang_workbench.exchange.replay import replay_market
from tests.integration.chaos.paper_day import PaperDay

DATA = Path(os.environ.get("PATANG_DATA") or Path(__file__).parents[4] / "shared" / "data")
DAY = date(2016, 8, 31)
SHARES = 12


def test_paper_fills_on_a_recorded_day_slip_less_than_one_percent() -> None:
    if not (DATA / "stocks_intraday").is_dir():
        pytest.skip(f"{DATA} is absent: set PATANG_DATA to the folder of recorded market data")
    whole = replay_market(DATA, DAY, history_days=1)
    shares = sorted(name for name in whole.candles if name not in whole.indices)[:SHARES]
    day = PaperDay(replace(whole, candles={n: whole.candles[n] for n in (*whole.indices, *shares)}))
    day.play(30, every=4)

    assert day.slipped.keys() == {"equity", "options", "futures"}
    for kind, slipped in sorted(day.slipped.items()):
        told = f"{len(slipped)} fills, median {median(slipped):.4f} %, worst {max(slipped):.2f} %"
        sys.stdout.write(f"{kind}: {told}\n")
        assert len(slipped) >= 15, kind
        assert abs(median(slipped)) < Decimal(1), kind
        assert len(set(slipped)) > len(slipped) / 4, (
            f"{kind}: fills that all cost the same are not the market's"
        )
    assert day.unfilled < day.asked / 4
