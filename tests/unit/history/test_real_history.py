"""The checks on recorded candles: the defects that are known are found, and few others."""

import os
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from patang.market.findings import Finding
from patang.market.quality import check_candles
from patang_workbench.history.candle_files import read_file


def recorded(name: str) -> Path:
    root = Path(os.environ.get("PATANG_DATA") or Path(__file__).parents[4] / "shared" / "data")
    if not (root / name).is_file():
        pytest.skip(f"{root / name} is not there: set PATANG_DATA to the folder of recorded market data")
    return root / name


def findings(name: str) -> tuple[int, list[Finding]]:
    """How many bars a file has, and what is found in it."""
    series = list(read_file(recorded(name)))
    return sum(map(len, series)), [found for candles in series for found in check_candles(candles)]


def kinds(found: list[Finding]) -> Counter[str]:
    return Counter(finding.kind for finding in found)


def missing_days(found: list[Finding]) -> Iterator[date]:
    return (finding.day for finding in found if finding.kind == "missing_day")


@pytest.mark.parametrize(
    ("name", "months"),
    [("index_1m/NIFTY_1m.parquet", {(2016, 10), (2018, 5)}), ("index_1m/BANKNIFTY_1m.parquet", {(2018, 5)})],
)
def test_the_holes_of_the_index_are_found(name: str, months: set[tuple[int, int]]) -> None:
    bars, found = findings(name)
    assert bars > 700_000
    holes = Counter((day.year, day.month) for day in missing_days(found))
    assert {month for month, days in holes.items() if days >= 10} == months
    assert date(2017, 7, 10) in {f.day for f in found if f.kind == "gap" and f.value > 100}
    assert kinds(found)["outlier"] < 10


@pytest.mark.parametrize("name", ["index_1m/NIFTY_1m.parquet", "index_1m/BANKNIFTY_1m.parquet"])
def test_the_days_of_the_crash_are_halts_and_no_outliers(name: str) -> None:
    _, found = findings(name)
    for day in (date(2020, 3, 13), date(2020, 3, 23)):
        of_day = Counter(finding.kind for finding in found if finding.day == day)
        assert of_day["outlier"] <= 1
        assert set(of_day) <= {"gap", "outlier"}


def test_all_386_impossible_bars_are_found() -> None:
    _, found = findings("stocks_15m/nifty25_15m_2018_2021.parquet")
    assert kinds(found)["outside_range"] == 386
    assert kinds(found)["high_below_low"] == 0


def test_days_that_lack_their_first_bar_are_found() -> None:
    _, found = findings("index_1m/NIFTY_15m_2021_2026.parquet")
    first = [f for f in found if f.kind == "gap" and f.meaning.endswith("are missing: 09:15 to 09:30")]
    assert len(first) > 10


def test_what_the_broker_itself_served_is_nearly_clean() -> None:
    bars, found = findings("stocks_intraday/kite_stocks_1m_3m_5m_2023_2025.parquet")
    assert bars > 200_000
    assert len(found) <= 12


def test_days_not_recorded_are_all_that_the_fifty_shares_lack() -> None:
    _, found = findings("stocks_intraday/stocks50_1m_2016-08_09.parquet")
    assert set(kinds(found)) == {"missing_day", "jump"}
    assert len(set(missing_days(found))) == 13


def test_a_million_bars_of_futures_are_checked_with_few_alarms() -> None:
    bars, found = findings("fut_1m/index_futures_F1_1m.parquet")
    assert bars > 1_000_000
    assert kinds(found)["unsorted"] == 1
    assert kinds(found)["outlier"] < 25
    assert not {"wrong_timezone", "labelled_at_end", "off_grid", "outside_session"} & set(kinds(found))
