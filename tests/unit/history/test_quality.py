"""Every planted defect is found where it is, and clean days give nothing."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patang.market.findings import CandleColumns, Finding, FindingKind, day_of, days_of
from patang.market.quality import check_candles, condemned
from tests.unit.history.bars import at, clean_days, put_rows, with_bars

SEEDS = st.integers(0, 2**32 - 1)
INTERVALS = st.sampled_from(["minute", "5minute", "15minute", "60minute", "day"])
SEGMENTS = st.sampled_from(["cash", "cash_with_auction", "derivatives", "index"])
# Weeks with a Saturday drill, a Muhurat evening, a budget Sunday, the first closing auction, a long outage.
WEEKS = st.sampled_from(
    [date(2024, 2, 26), date(2024, 10, 28), date(2026, 1, 28), date(2026, 7, 29), date(2021, 2, 22)]
)
FEW = settings(max_examples=40, deadline=None)


@FEW
@given(SEEDS, WEEKS, INTERVALS, SEGMENTS)
def test_clean_days_give_no_finding(seed: int, first: date, interval: str, segment: str) -> None:
    assert check_candles(clean_days(seed, first, 10, interval, segment)) == []


type Defect = Callable[[CandleColumns, int], CandleColumns]

DEFECTS: dict[FindingKind, Defect] = {
    "high_below_low": lambda c, row: with_bars(c, row, high=c.low[row] * 0.99),
    "outside_range": lambda c, row: with_bars(c, row, close=c.high[row] + 0.05),
    "no_price": lambda c, row: with_bars(c, row, low=0.0),
    "negative_volume": lambda c, row: with_bars(c, row, volume=-1.0),
    "outlier": lambda c, row: with_bars(c, row, high=c.high[row] * 3),
    "off_grid": lambda c, row: with_bars(c, row, start=c.start[row] + 7),
}


@FEW
@given(SEEDS, st.sampled_from(sorted(DEFECTS)), st.integers(0, 374 * 5))
def test_a_planted_defect_is_found_at_its_bar(seed: int, kind: FindingKind, row: int) -> None:
    candles = DEFECTS[kind](clean_days(seed), row)
    found = [finding for finding in check_candles(candles) if finding.kind == kind]
    assert [finding.rows for finding in found] == [(row,)]
    assert found[0].day == day_of(int(days_of(candles.start[row : row + 1])[0]))
    assert found[0].meaning


@FEW
@given(SEEDS, st.floats(0.35, 0.9), st.booleans(), st.integers(1, 374))
def test_a_spike_to_either_side_is_an_outlier(seed: int, size: float, up: bool, row: int) -> None:
    candles = clean_days(seed)
    price = candles.high[row] * (1 + size) if up else candles.low[row] * (1 - size)
    found = check_candles(with_bars(candles, row, **{"high" if up else "low": price}))
    assert [(finding.kind, finding.rows) for finding in found] == [("outlier", (row,))]


@FEW
@given(SEEDS, st.sets(st.integers(1, 373), min_size=1, max_size=30))
def test_missing_bars_are_counted_a_day(seed: int, missing: set[int]) -> None:
    candles = clean_days(seed)
    kept = np.delete(np.arange(len(candles)), sorted(missing))
    (gap,) = check_candles(put_rows(candles, kept))
    assert (gap.kind, gap.value, gap.day, gap.rows) == ("gap", len(missing), date(2024, 2, 26), ())
    assert int(gap.timestamp.timestamp()) in candles.start[sorted(missing)]
    assert f"{len(missing)} of 375 bars are missing" in gap.meaning


@FEW
@given(SEEDS, st.floats(0.15, 0.8))
def test_a_contract_that_few_trade_is_thin_and_not_holed(seed: int, missing: float) -> None:
    rng = np.random.default_rng(seed)
    candles = clean_days(seed, calendar_days=1, segment="derivatives")
    traded = np.flatnonzero(rng.random(len(candles)) > missing)
    (thin,) = check_candles(put_rows(candles, traded))
    assert (thin.kind, thin.value, thin.is_note) == ("thin", 375 - len(traded), True)


@FEW
@given(SEEDS, st.floats(0.1, 0.5), st.integers(0, 250))
def test_an_outage_of_a_contract_that_few_trade_is_a_gap(seed: int, missing: float, outage: int) -> None:
    rng = np.random.default_rng(seed)
    candles = clean_days(seed, calendar_days=1, segment="derivatives")
    traded = rng.random(len(candles)) > missing
    traded[outage : outage + 90] = False
    (gap,) = check_candles(put_rows(candles, np.flatnonzero(traded)))
    assert (gap.kind, gap.is_note) == ("gap", False)


def test_a_day_without_bars_is_missing_unless_the_source_said_so() -> None:
    candles = clean_days(1)
    kept = np.flatnonzero(days_of(candles.start) != days_of(np.array([at("2024-02-28T09:15")]))[0])
    holed = put_rows(candles, kept)
    (finding,) = check_candles(holed)
    assert (finding.kind, finding.day) == ("missing_day", date(2024, 2, 28))
    assert check_candles(holed, known_empty=[date(2024, 2, 28)]) == []


def test_bars_that_were_set_aside_are_not_missed() -> None:
    candles = clean_days(1)
    assert check_candles(put_rows(candles, np.arange(5, len(candles))), set_aside=candles.start[:5]) == []
    whole_day = days_of(candles.start) == days_of(candles.start[400:401])[0]
    rest = put_rows(candles, np.flatnonzero(~whole_day))
    assert check_candles(rest, set_aside=candles.start[whole_day]) == []


@FEW
@given(SEEDS, st.integers(0, 374 * 5))
def test_the_same_bar_twice_keeps_the_first(seed: int, row: int) -> None:
    candles = clean_days(seed)
    doubled = put_rows(candles, np.insert(np.arange(len(candles)), row, row))
    (finding,) = check_candles(doubled)
    assert (finding.kind, finding.rows) == ("duplicate", (row + 1,))


def test_two_bars_of_one_start_that_differ_are_both_condemned() -> None:
    candles = clean_days(3)
    doubled = put_rows(candles, np.insert(np.arange(len(candles)), 50, 50))
    doubled = with_bars(doubled, 51, volume=doubled.volume[50] + 1)
    (finding,) = check_candles(doubled)
    assert (finding.kind, finding.rows) == ("conflict", (50, 51))


def test_disorder_is_told_and_condemns_nothing() -> None:
    candles = clean_days(2, calendar_days=2)
    rows = np.arange(len(candles))
    rows[100:103] = rows[100:103][::-1]
    found = check_candles(put_rows(candles, rows))
    assert [(finding.kind, finding.value, finding.rows) for finding in found] == [("unsorted", 2.0, ())]


@pytest.mark.parametrize("minutes", [-330, 330])
def test_a_wrong_time_zone_is_one_finding_a_day(minutes: int) -> None:
    candles = clean_days(5, calendar_days=2)
    shifted = replace(candles, start=candles.start + minutes * 60)
    found = check_candles(shifted)
    assert [finding.kind for finding in found] == ["wrong_timezone"] * 2
    assert [len(finding.rows) for finding in found] == [375, 375]
    assert found[0].value == minutes * 60


@pytest.mark.parametrize("interval", ["minute", "15minute"])
def test_bars_labelled_at_their_end_are_recognised(interval: str) -> None:
    candles = clean_days(5, calendar_days=2, interval=interval)
    found = check_candles(replace(candles, start=candles.start + candles.step))
    assert [finding.kind for finding in found] == ["labelled_at_end"] * 2


def test_a_missing_first_bar_alone_is_a_gap_and_no_shift() -> None:
    candles = clean_days(5, calendar_days=1)
    (finding,) = check_candles(put_rows(candles, np.arange(1, len(candles))))
    assert (finding.kind, finding.meaning) == ("gap", "1 of 375 bars are missing: 09:15 to 09:16")


@pytest.mark.parametrize("text", ["2024-02-26T09:07", "2024-02-26T15:30", "2024-02-26T23:59"])
def test_a_bar_outside_the_session_is_condemned(text: str) -> None:
    candles = clean_days(7, calendar_days=2)
    extra = put_rows(candles, np.append(np.arange(len(candles)), 0))
    extra = with_bars(extra, len(candles), start=at(text))
    found = [finding for finding in check_candles(extra) if finding.kind == "outside_session"]
    assert [finding.rows for finding in found] == [(len(candles),)]


def test_what_a_closing_auction_prints_is_not_outside() -> None:
    candles = clean_days(7, date(2026, 8, 4), 1, segment="cash_with_auction")
    extra = put_rows(candles, np.append(np.arange(len(candles)), len(candles) - 1))
    assert check_candles(with_bars(extra, len(candles), start=at("2026-08-04T15:20"))) == []


def test_trading_on_a_holiday_is_outside_any_session() -> None:
    candles = clean_days(7, calendar_days=1)
    holiday = replace(candles, start=candles.start - 2 * 86_400)
    (finding,) = check_candles(holiday)
    assert (finding.kind, len(finding.rows)) == ("outside_session", 375)
    assert "a day without a session" in finding.meaning


def test_a_year_that_the_calendar_does_not_know_is_told_once() -> None:
    candles = clean_days(7, calendar_days=2)
    old = replace(candles, start=candles.start - (at("2024-02-26T09:15") - at("2012-11-05T09:15")))
    found = check_candles(put_rows(old, np.arange(10, len(old))))
    assert [(finding.kind, finding.value, finding.is_note) for finding in found] == [
        ("unknown_hours", 2.0, True)
    ]


@pytest.mark.parametrize(("ratio", "says"), [(0.5, "1:2"), (0.1, "1:10"), (1 / 3, "1:3"), (1.4, "news")])
def test_a_jump_overnight_is_reported_and_not_judged(ratio: float, says: str) -> None:
    candles = clean_days(9, calendar_days=2)
    second = days_of(candles.start) != days_of(candles.start[:1])[0]
    columns = {
        n: np.where(second, getattr(candles, n) * ratio, getattr(candles, n))
        for n in ("open", "high", "low", "close")
    }
    (finding,) = check_candles(replace(candles, **columns))
    assert (finding.kind, finding.is_note, finding.rows) == ("jump", True, ())
    assert says in finding.meaning


def test_a_crash_is_no_outlier() -> None:
    """Ten percent in three minutes, a halt, and a day of wild bars behind it."""
    candles = clean_days(11, calendar_days=2)
    rng = np.random.default_rng(11)
    wild = np.exp(np.cumsum(rng.normal(0, 0.004, (len(candles), 4)).ravel())).reshape(-1, 4)
    wild[30:] *= 0.96
    wild[31:] *= 0.97
    wild[32:] *= 0.96
    path = 10_000 * wild
    crashed = replace(candles, open=path[:, 0], high=path.max(axis=1), low=path.min(axis=1), close=path[:, 3])
    assert check_candles(put_rows(crashed, np.r_[0:33, 78 : len(candles)]))[0].kind == "gap"
    assert [f.kind for f in check_candles(crashed)] == []


def test_a_day_bar_is_stamped_at_midnight() -> None:
    candles = clean_days(13, calendar_days=20, interval="day")
    (finding,) = check_candles(with_bars(candles, 4, start=candles.start[4] + 19_800))
    assert (finding.kind, finding.rows) == ("wrong_timezone", (4,))
    assert "05:30" in finding.meaning


def test_condemned_bars_are_the_rows_of_all_findings() -> None:
    moment = clean_days(1)
    findings: list[Finding] = check_candles(with_bars(with_bars(moment, 3, volume=-1.0), 9, low=0.0))
    assert np.flatnonzero(condemned(findings, len(moment))).tolist() == [3, 9]


def test_nothing_is_found_in_no_candles() -> None:
    assert check_candles(put_rows(clean_days(1), np.zeros(0, np.intp))) == []
