"""A year of daily volatility: kept day by day, begun with India VIX, ranked in."""

import math
import os
from datetime import date, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patang.errors import BadInput
from patang.market.volatility import (
    INDIA_VIX,
    VolatilityHistory,
    VolatilityRange,
    daily_volatility,
    load_history,
    save_history,
    year_before,
)
from tests.fakes import MemoryObjects

DAY = date(2026, 8, 18)


def history(name: str, values: dict[int, float]) -> VolatilityHistory:
    """Values by how many days before DAY."""
    return VolatilityHistory(name=name).joined({DAY - timedelta(days=n): iv for n, iv in values.items()})


def known(low: float, high: float, own: int = 30, vix: int = 0) -> VolatilityRange:
    return VolatilityRange(low=low, high=high, own_days=own, vix_days=vix)


class TestRank:
    @pytest.mark.parametrize(("volatility", "rank"), [(0.10, 0.0), (0.15, 0.5), (0.20, 1.0), (0.1875, 0.875)])
    def test_it_is_the_place_in_the_years_range(self, volatility, rank):
        assert known(0.10, 0.20).rank(volatility) == pytest.approx(rank)

    @given(low=st.floats(0.05, 0.5), width=st.floats(0.01, 1), volatility=st.floats(0.01, 3))
    def test_today_belongs_to_the_year(self, low, width, volatility):
        """A new extreme is 0 or 1, never beyond."""
        assert 0 <= known(low, low + width).rank(volatility) <= 1

    def test_without_history_nothing_is_said(self):
        assert math.isnan(known(0.1, 0.2, own=19).rank(0.15))
        assert math.isnan(known(0.1, 0.2).rank(math.nan))
        assert math.isnan(known(0.1, 0.1).rank(0.1))
        assert known(0.1, 0.2, own=19, vix=1).rank(0.15) == pytest.approx(0.5)


class TestYear:
    def test_nothing_known_is_none(self):
        assert year_before(DAY, history("NIFTY", {}), history(INDIA_VIX, {})) is None

    def test_india_vix_stands_in_for_days_without_an_own_value_on_the_underlyings_scale(self):
        own = history("BANKNIFTY", {1: 0.24, 2: 0.30, 3: 0.18})
        vix = history(INDIA_VIX, {1: 0.12, 2: 0.15, 3: 0.10, 4: 0.08, 5: 0.20})
        # Ratios 2, 2 and 1.8: the median is 2.
        assert year_before(DAY, own, vix) == known(0.16, 0.40, own=3, vix=2)

    def test_before_the_first_own_day_india_vix_stands_as_it_is(self):
        vix = history(INDIA_VIX, {n: 0.10 + n / 1000 for n in range(1, 101)})
        assert year_before(DAY, history("NIFTY", {}), vix) == known(0.101, 0.2, own=0, vix=100)

    def test_a_year_of_own_days_needs_no_other(self):
        own = history("NIFTY", dict.fromkeys(range(1, 253), 0.1))
        vix = history(INDIA_VIX, dict.fromkeys(range(1, 253), 0.9))
        assert year_before(DAY, own, vix) == known(0.1, 0.1, own=252, vix=0)

    def test_the_day_itself_and_what_is_older_than_a_year_do_not_count(self):
        own = history("NIFTY", {0: 9.0, 1: 0.1, 366: 0.2, 367: 9.0})
        assert year_before(DAY, own, history(INDIA_VIX, {})) == known(0.1, 0.2, own=2)


class TestStore:
    def test_the_same_day_again_replaces_its_value(self):
        objects = MemoryObjects()
        for n, value in ((0, 0.12), (1, 0.14), (0, 0.13)):
            kept = load_history(objects, "NIFTY").joined({DAY + timedelta(days=n): value})
            save_history(objects, kept)
        assert load_history(objects, "NIFTY").days == {DAY: 0.13, DAY + timedelta(days=1): 0.14}
        assert load_history(objects, "BANKNIFTY").days == {}

    def test_the_days_value_is_the_median_of_what_was_known(self):
        assert daily_volatility([0.12, 0.10, None, 0.30, math.nan]) == 0.12
        assert math.isnan(daily_volatility([None, math.nan]))

    def test_a_year_is_kept(self):
        days = VolatilityHistory(name="NIFTY")
        for n in range(300):
            days = days.joined({DAY + timedelta(days=n): 0.1 + n / 1000})
        assert (len(days.days), min(days.days)) == (252, DAY + timedelta(days=48))

    def test_what_is_no_volatility_is_not_kept(self):
        joined = VolatilityHistory(name="NIFTY").joined({DAY: math.nan, DAY - timedelta(days=1): 0.0})
        assert joined.days == {}

    def test_a_broken_history_is_an_error(self):
        objects = MemoryObjects()
        save_history(objects, history(INDIA_VIX, {1: 0.1}))
        [path] = objects.blobs
        assert path == "volatility/INDIA_VIX.json"
        objects.blobs[path] = b"[]"
        with pytest.raises(BadInput, match=path):
            load_history(objects, INDIA_VIX)


def test_real_days_of_india_vix_rank_a_quiet_and_a_wild_day():
    """INDIAVIX of the year to the March of 2020, and of the quiet year 2023."""
    root = Path(os.environ.get("PATANG_DATA") or Path(__file__).parents[4] / "shared" / "data")
    file = root / "daily" / "indices_daily_2015_2025_yfinance.parquet"
    if not file.is_file():
        pytest.skip(f"{file} is absent: set PATANG_DATA to the folder of recorded market data")
    rows = pq.read_table(file, filters=[("symbol", "=", "INDIAVIX")]).to_pylist()
    every = {row["date"]: row["close"] / 100 for row in rows}

    def rank(day: date) -> float:
        before = {d: iv for d, iv in every.items() if d < day}
        vix = VolatilityHistory(name=INDIA_VIX).joined(before)
        year = year_before(day, VolatilityHistory(name="NIFTY"), vix)
        assert 235 <= year.vix_days <= 252
        return year.rank(every[day])

    assert rank(date(2020, 3, 24)) == 1.0
    assert rank(date(2020, 1, 14)) < 0.25
    assert 0 <= rank(date(2023, 9, 15)) < 0.15
