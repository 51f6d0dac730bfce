"""How long the checks of history take: a million minutes, clean and with a defect in every hundredth bar."""

import sys
from dataclasses import replace
from datetime import date
from time import perf_counter

from patang.market.findings import CandleColumns
from patang.market.quality import check_candles
from tests.unit.history.bars import clean_days

MILLION = 1_000_000


def test_a_million_bars() -> None:
    candles = clean_days(1, date(2015, 1, 1), 11 * 365)
    spoilt = candles.volume.copy()
    spoilt[::100] = -1.0
    clean = seconds(candles)
    dirty = seconds(replace(candles, volume=spoilt))
    ratio = dirty / clean
    sys.stdout.write(
        f"\na million bars: clean {clean:.2f} s, 1 % defects {dirty:.2f} s ({ratio:.1f} times)\n"
    )


def seconds(candles: CandleColumns) -> float:
    """For a million of these bars."""
    begun = perf_counter()
    check_candles(candles)
    return (perf_counter() - begun) / len(candles) * MILLION
