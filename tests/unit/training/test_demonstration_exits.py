"""The exits of the demonstration models' entries, by hand and against the live ones."""

from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patang.backtest.fills import walk_exit
from patang.backtest.price_bars import PriceBars
from patang.market.sessions import IST
from patang.portfolio.position import Position
from patang.settings import Settings
from patang_workbench.training.exits import Bars, outcome

ENTERED = datetime(2026, 6, 29, 11, 0, tzinfo=IST)


def bars(*rows):
    return Bars(*np.array(rows, float).T)


class TestOutcome:
    """Stop at 95, target at 110."""

    @pytest.mark.parametrize(
        ("after", "reason", "price", "held"),
        [
            ([(100, 101, 99, 100), (100, 111, 94, 105)], "STOP", 95, 2),
            ([(100, 111, 99, 108)], "TARGET", 110, 1),
            ([(94, 112, 90, 100)], "STOP", 94, 1),
            ([(112, 113, 111, 112)], "TARGET", 112, 1),
            ([(100, 101, 99, 100), (100, 102, 98, 101), (101, 103, 99, 102)], "TIME", 102, 3),
        ],
    )
    def test_the_worst_is_assumed_within_a_bar_and_gaps_fill_at_the_open(self, after, reason, price, held):
        found = outcome(bars(*after), 95, 110, max_bars=3)
        assert (found.reason, found.price, found.bars) == (reason, price, held)

    def test_an_entry_without_an_end_has_no_label(self):
        assert outcome(bars((100, 101, 99, 100)), 95, 110, max_bars=3) is None

    @given(st.lists(st.integers(90, 115), min_size=1, max_size=30))
    def test_an_exit_through_a_level_is_never_better_than_the_level_but_for_gaps(self, closes):
        path = bars(*((c, c + 1, c - 1, c) for c in closes))
        found = outcome(path, 95, 110, max_bars=len(closes))
        if found.reason == "STOP":
            assert found.price <= 95
        if found.reason == "TARGET":
            assert found.price >= 110


@given(st.lists(st.tuples(*[st.integers(90, 115)] * 4), min_size=1, max_size=20), st.integers(1, 20))
def test_they_are_the_live_exits(prices, max_bars):
    rows = np.array([(o, max(o, a, b, c), min(o, a, b, c), c) for o, a, b, c in prices], float)
    found = outcome(Bars(*rows.T), 95, 110, max_bars)
    starts = int(ENTERED.timestamp()) + 60 * np.arange(len(rows))
    unknown = np.full(len(rows), np.nan)
    live = walk_exit(
        _held(max_bars), PriceBars(starts, *rows.T, unknown, np.zeros(len(rows)), "recorded"), Settings()
    ).left
    if found is None:
        assert live is None
    else:
        assert (found.reason, found.price, found.bars) == (live.reason, float(live.price), live.row + 1)


def _held(minutes):
    return Position(
        account="one",
        position_id="p",
        mode="paper",
        strategy="equity",
        exchange="NSE",
        symbol="INFY",
        underlying="INFY",
        instrument_token=1,
        lot_size=1,
        tick_size=Decimal("0.05"),
        product="MIS",
        quantity=1,
        entry_price=Decimal(100),
        entry_time=ENTERED,
        entry_intent_id="i",
        entry_charges=Decimal(0),
        entry_slippage=Decimal(0),
        stop_loss_price=Decimal(95),
        target_price=Decimal(110),
        exit_by=ENTERED + timedelta(minutes=minutes),
    )
