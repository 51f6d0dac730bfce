"""Bars from ticks: exact, and indifferent to how ticks arrive."""

import os
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patang.market.bars import BAR, BarBuilder, LongBars
from patang.market.sessions import session_on
from patang.market.ticks import TICK

DATA = Path(os.environ.get("PATANG_DATA", Path(__file__).parents[4] / "shared" / "data"))
OPEN = int(session_on(date(2016, 8, 16)).open.timestamp())
CLOSE = OPEN + 375 * 60


def ticks(*rows: tuple[int, float, int]) -> np.ndarray:
    """(seconds since the open, price, cumulative volume) of one instrument."""
    made = np.zeros(len(rows), TICK)
    for n, (second, price, volume) in enumerate(rows):
        made[n]["exchange_time"], made[n]["last_price"], made[n]["volume"] = OPEN + second, price, volume
    return made


def add(builder: BarBuilder, *rows: tuple[int, float, int]) -> None:
    builder.add(np.zeros(len(rows), np.intp), ticks(*rows))


def closed(builder: BarBuilder, minute: int) -> tuple:
    bars = builder.close(OPEN + 60 * minute).bars
    return tuple(bars[["open", "high", "low", "close", "volume"]].tolist()[0])


def hours(rows: int = 1) -> BarBuilder:
    opening, closing = np.full(rows, OPEN, np.int64), np.full(rows, CLOSE, np.int64)
    return BarBuilder(opening, closing, closing)


def watched_from_the_open(rows: int = 1) -> BarBuilder:
    """As the feed shows an instrument when it is asked for in the morning: with yesterday's last tick."""
    made = hours(rows)
    yesterday = np.zeros(rows, TICK)
    yesterday["exchange_time"], yesterday["last_price"] = CLOSE - 86_400, 99.0
    made.add(np.arange(rows), yesterday)
    return made


@pytest.fixture
def builder() -> BarBuilder:
    return watched_from_the_open()


def test_a_bar_of_a_minute(builder):
    add(builder, (0, 100.0, 50), (20, 103.5, 80), (40, 99.5, 80), (59, 101.0, 120))
    assert closed(builder, 0) == (100.0, 103.5, 99.5, 101.0, 120)


def test_volume_is_the_difference_of_the_days_and_a_lost_tick_loses_none(builder):
    add(builder, (0, 100.0, 50))
    assert closed(builder, 0)[-1] == 50
    add(builder, (130, 101.0, 400))
    assert closed(builder, 1) == (0, 0, 0, 0, 0)
    assert closed(builder, 2)[-1] == 350


def test_a_stream_seen_late_does_not_take_the_mornings_volume_for_a_minutes():
    builder = hours()
    add(builder, (3600, 100.0, 90_000), (3620, 100.5, 90_040))
    builder.closed_through = OPEN + 3540
    assert closed(builder, 60) == (100.0, 100.5, 100.0, 100.5, 40)


def test_two_minutes_may_be_open_at_once(builder):
    add(builder, (58, 100.0, 10), (60, 101.0, 30), (59, 99.0, 20))
    assert closed(builder, 0) == (100.0, 100.0, 99.0, 99.0, 20)
    assert closed(builder, 1) == (101.0, 101.0, 101.0, 101.0, 10)


def test_a_repeated_record_changes_nothing(builder):
    rows = ((0, 100.0, 50), (20, 103.5, 80), (20, 103.0, 90), (59, 101.0, 120))
    add(builder, *rows)
    add(builder, *rows)
    add(builder, *rows[:2])
    assert closed(builder, 0) == (100.0, 103.5, 100.0, 101.0, 120)


def test_a_late_tick_moves_the_high_but_not_the_close(builder):
    add(builder, (10, 100.0, 50), (50, 101.0, 90), (30, 105.0, 70), (5, 99.0, 40))
    assert closed(builder, 0) == (99.0, 105.0, 99.0, 101.0, 90)


def test_within_a_second_the_tick_with_more_traded_is_the_newer(builder):
    add(builder, (10, 100.0, 50), (10, 101.0, 60), (10, 100.0, 50))
    assert closed(builder, 0)[3] == 101.0


def test_a_tick_of_a_closed_minute_is_counted_and_its_volume_kept(builder):
    add(builder, (10, 100.0, 50))
    closed(builder, 0)
    add(builder, (59, 150.0, 80), (61, 101.0, 100))
    assert builder.late == 1
    assert closed(builder, 1) == (101.0, 101.0, 101.0, 101.0, 50)


def test_ticks_outside_the_hours_make_no_bars(builder):
    add(builder, (-300, 90.0, 7_000), (-1, 95.0, 100), (0, 100.0, 150), (375 * 60, 120.0, 900))
    assert closed(builder, 0) == (100.0, 100.0, 100.0, 100.0, 150)
    builder.closed_through = CLOSE - 120
    assert closed(builder, 374) == (0, 0, 0, 0, 0)


@pytest.mark.parametrize("price", [0.0, -1.0, float("nan")])
def test_a_tick_without_a_price_is_no_tick(builder, price):
    add(builder, (1, 100.0, 10), (2, price, 20))
    assert closed(builder, 0) == (100.0, 100.0, 100.0, 100.0, 10)


def test_an_index_has_no_volume(builder):
    add(builder, (0, 8600.1, 0), (1, 8600.9, 0), (2, 8600.4, 0))
    assert closed(builder, 0) == (8600.1, 8600.9, 8600.1, 8600.4, 0)


def test_trades_at_the_ask_are_bought_and_at_the_bid_sold(builder):
    rows = ticks((0, 100.0, 10), (1, 100.1, 30), (2, 99.9, 35), (3, 100.0, 42), (4, 100.0, 50))
    rows["bid"], rows["ask"] = 99.9, 100.1
    builder.add(np.zeros(len(rows), np.intp), rows)
    bars = builder.close(OPEN).bars
    # +20 at the ask, +5 at the bid, +7 inside after a rise, +8 inside without a move
    assert (bars["bought"][0], bars["sold"][0]) == (27, 5)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 599), st.integers(9_000, 11_000)),
        min_size=1,
        max_size=60,
        unique_by=lambda t: t[0],
    ),
    st.randoms(use_true_random=False),
)
def test_the_order_of_arrival_within_open_minutes_does_not_matter(pairs, random):
    pairs.sort()
    rows = [(second, paise / 100, 10 * (n + 1)) for n, (second, paise) in enumerate(pairs)]
    shuffled = rows[:]
    random.shuffle(shuffled)
    results = []
    for some in (rows, shuffled):
        made = watched_from_the_open()
        for row in some:
            add(made, row)
        results.append([closed(made, minute) for minute in range(10)])
    assert results[0] == results[1]
    assert sum(bar[-1] for bar in results[0]) == rows[-1][-1]


def test_the_second_price_that_the_broker_sends_of_a_second_is_the_newer(builder):
    # Recorded: the new last price comes ahead of its volume; two ticks of a second differ in it alone.
    add(builder, (57, 100.0, 50), (58, 101.0, 60), (58, 100.5, 60), (58, 101.0, 60))
    assert closed(builder, 0) == (100.0, 101.0, 100.0, 100.5, 60)


def test_an_instrument_asked_for_in_the_day_brings_no_morning_into_its_first_bar():
    builder = hours()
    for minute in range(30):
        builder.close(OPEN + 60 * minute)
    add(builder, (1801, 100.0, 250_000), (1820, 101.0, 250_300))
    assert closed(builder, 30) == (100.0, 101.0, 100.0, 101.0, 300)


def test_an_instrument_first_seen_in_the_first_minute_counts_from_zero():
    builder = hours()
    add(builder, (31, 100.0, 4_000), (40, 101.0, 4_100))
    assert closed(builder, 0) == (100.0, 101.0, 100.0, 101.0, 4_100)


def pre_open(*rows: tuple[int, float, int], matched: bool = True) -> np.ndarray:
    """Ticks of the pre-open: until the match the best bid is above the best ask."""
    made = ticks(*rows)
    made["bid"], made["ask"] = 105.0, 95.0
    if matched:
        made["bid"][-2:], made["ask"][-2:] = 99.4, 99.6
    return made


def test_the_pre_opens_match_opens_the_first_bar(builder):
    # The volume of before the match is what would be traded; only what was matched counts.
    rows = pre_open((-600, 98.0, 7_000), (-510, 98.0, 9_000), (-445, 99.5, 8_500), (-100, 99.5, 8_500))
    builder.add(np.zeros(len(rows), np.intp), rows)
    add(builder, (2, 100.0, 8_700), (59, 100.5, 9_000))
    assert closed(builder, 0) == (99.5, 100.5, 99.5, 100.5, 9_000)
    assert builder.late == 0


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_the_pre_open_does_not_depend_on_the_order_of_arrival(builder, order):
    rows = pre_open((-510, 98.0, 9_000), (-445, 99.5, 8_500), (-100, 99.5, 8_500))
    for place in order:
        builder.add(np.zeros(1, np.intp), rows[[place]])
    assert closed(builder, 0) == (99.5, 99.5, 99.5, 99.5, 8_500)


@pytest.mark.parametrize("volume", [0, 7_000])
def test_a_pre_open_without_a_match_opens_nothing(builder, volume):
    rows = pre_open((-600, 98.0, 7_000), (-445, 98.0, volume), matched=False)
    builder.add(np.zeros(len(rows), np.intp), rows)
    assert closed(builder, 0) == (0, 0, 0, 0, 0)
    add(builder, (61, 100.0, 150))
    assert closed(builder, 1) == (100.0, 100.0, 100.0, 100.0, 150)


def test_the_closing_auction_is_the_days_alone():
    closing = np.array([OPEN + 120], np.int64)
    builder = BarBuilder(np.array([OPEN], np.int64), closing, closing + 120)
    add(builder, (10, 100.0, 50), (119, 101.0, 80), (130, 101.0, 80), (200, 99.0, 5_080), (240, 99.0, 5_080))
    made = [builder.close(OPEN + 60 * minute) for minute in range(5)]
    assert [bars.bars["volume"][0] for bars in made] == [50, 30, 0, 0, 0]
    assert [bars.auction["volume"][0] for bars in made] == [0, 0, 0, 5_000, 0]
    assert made[2].quotes["exchange_time"][0] == OPEN + 130, "the book of the auction is a quote"
    day = LongBars(1, 24 * 60)
    for bars in made:
        day.add(bars.bars)
        day.add(bars.auction)
    assert day.bars[["open", "high", "low", "close", "volume"]].tolist() == [
        (100.0, 101.0, 99.0, 99.0, 5_080)
    ]


def test_the_auctions_last_second_counts_and_the_next_does_not():
    closing = np.array([OPEN + 60], np.int64)
    builder = BarBuilder(np.array([OPEN], np.int64), closing, closing + 60)
    add(builder, (10, 100.0, 50), (120, 99.0, 80), (121, 98.0, 90))
    made = [builder.close(OPEN + 60 * minute) for minute in range(3)]
    assert [bars.auction["volume"][0] for bars in made] == [0, 0, 30]
    assert made[2].auction["close"][0] == 99.0


def test_an_index_takes_its_closing_value_in_the_auction():
    closing = np.array([OPEN + 60], np.int64)
    builder = BarBuilder(np.array([OPEN], np.int64), closing, closing + 300)
    add(builder, (10, 8600.0, 0), (50, 8601.0, 0), (70, 8601.0, 0), (200, 8597.5, 0), (210, 8597.5, 0))
    made = [builder.close(OPEN + 60 * minute) for minute in range(5)]
    assert [bars.auction["ticks"][0] for bars in made] == [0, 0, 0, 1, 0]
    assert [bars.bars["ticks"][0] for bars in made] == [2, 0, 0, 0, 0]
    assert made[3].auction["close"][0] == 8597.5


def test_a_cumulative_volume_that_falls_takes_nothing_back(builder):
    add(builder, (10, 100.0, 50), (61, 101.0, 40), (121, 102.0, 70))
    assert [closed(builder, minute)[-1] for minute in range(3)] == [50, 0, 20]


def test_a_falling_volume_is_no_flow(builder):
    rows = ticks((0, 100.0, 50), (1, 100.1, 30))
    rows["bid"], rows["ask"] = 99.9, 100.1
    builder.add(np.zeros(len(rows), np.intp), rows)
    bars = builder.close(OPEN).bars
    assert (bars["bought"][0], bars["sold"][0]) == (0, 0)


def test_a_packet_that_tells_no_volume_is_a_price_and_no_flow(builder):
    rows = ticks((0, 100.0, 50), (1, 100.1, 0), (2, 100.1, 60), (3, 99.9, 0), (61, 99.9, 0), (62, 100.1, 75))
    rows["bid"], rows["ask"] = 99.9, 100.1
    builder.add(np.zeros(len(rows), np.intp), rows)
    first, second = (builder.close(OPEN + 60 * minute).bars[0] for minute in range(2))
    assert (first["volume"], first["bought"], first["close"]) == (60, 10, 99.9)
    assert (second["volume"], second["bought"], second["sold"]) == (15, 15, 0)


def test_each_row_has_its_own_hours():
    opening = np.array([OPEN, OPEN + 60, 0], np.int64)
    closing = np.array([OPEN + 60, OPEN + 120, 0], np.int64)
    builder = BarBuilder(opening, closing, closing)
    assert builder.closed_through == OPEN - 60
    for second in (10, 70):
        rows = ticks(*[(second, 100.0, second)] * 3)
        builder.add(np.arange(3), rows)
    assert [builder.close(OPEN + 60 * m).bars["ticks"].tolist() for m in range(2)] == [[1, 0, 0], [0, 1, 0]]
    assert builder.late == 0


def test_an_interruption_makes_no_bars_and_loses_no_volume():
    opening, closing = np.array([OPEN], np.int64), np.array([CLOSE], np.int64)
    builder = BarBuilder(opening, closing, closing, [(OPEN + 60, OPEN + 120)])
    add(builder, (10, 100.0, 50), (60, 77.0, 55), (90, 77.0, 60), (120, 101.0, 80))
    assert closed(builder, 0) == (100.0, 100.0, 100.0, 100.0, 50)
    assert closed(builder, 1) == (0, 0, 0, 0, 0)
    assert closed(builder, 2) == (101.0, 101.0, 101.0, 101.0, 30)


def test_minutes_touched_by_an_interruption_of_the_stream_are_marked(builder):
    builder.mark_gap(OPEN - 300, OPEN - 200)
    builder.close(OPEN)
    builder.mark_gap(OPEN + 50, OPEN + 180)
    assert [builder.close(OPEN + 60 * minute).gap for minute in range(1, 5)] == [True, True, True, False]


def test_the_marks_outlive_a_restart(builder):
    builder.mark_gap(OPEN + 61, OPEN + 62)
    again = hours()
    again.restore(builder.arrays())
    assert [again.close(OPEN + 60 * minute).gap for minute in range(3)] == [False, True, False]


def test_longer_bars_end_on_the_clock_or_with_each_row_s_trading():
    long = LongBars(2, 15)
    bars = np.zeros(2, BAR)
    bars["ticks"], bars["close"] = 1, 100.0
    long.add(bars)
    early = np.array([OPEN + 5 * 60, CLOSE])
    assert long.take_ended(OPEN + 3 * 60, early)["ticks"].tolist() == [0, 0]
    assert long.take_ended(OPEN + 4 * 60, early)["ticks"].tolist() == [1, 0]
    assert long.bars["ticks"].tolist() == [0, 1]
    assert long.take_ended(OPEN + 14 * 60, early)["ticks"].tolist() == [0, 1]
    assert long.bars["ticks"].tolist() == [0, 0]


def test_longer_bars_pass_over_minutes_without_trades(builder):
    long = LongBars(1, 5)
    rows = {0: (100.0, 10), 3: (102.0, 30), 4: (98.0, 70)}
    for minute in range(5):
        if minute in rows:
            price, volume = rows[minute]
            add(builder, (60 * minute, price, volume))
        long.add(builder.close(OPEN + 60 * minute).bars)
    bar = long.take_ended(OPEN + 4 * 60, np.array([CLOSE]))
    assert bar[["open", "high", "low", "close", "volume"]].tolist() == [(100.0, 102.0, 98.0, 98.0, 70)]
    assert long.bars["ticks"].sum() == 0


def candles_of_a_day() -> dict[str, np.ndarray]:
    """Columns (symbols x 375) of a recorded day; NaN where there was no bar."""
    pq = pytest.importorskip("pyarrow.parquet")
    path = DATA / "stocks_intraday" / "stocks50_1m_2016-08_09.parquet"
    if not path.exists():
        pytest.skip(f"{path} is absent: set PATANG_DATA to the folder of recorded market data")
    table = pq.read_table(path).to_pydict()
    symbols = sorted(set(table["symbol"]))
    found = {
        name: np.full((len(symbols), 375), np.nan) for name in ("open", "high", "low", "close", "volume")
    }
    for n, moment in enumerate(table["ts"]):
        minute = (int(moment.timestamp()) - OPEN) // 60
        if 0 <= minute < 375:
            for name, column in found.items():
                column[symbols.index(table["symbol"][n]), minute] = round(float(table[name][n]), 2)
    return found


def test_recorded_candles_expanded_into_ticks_come_back_exactly():
    day = candles_of_a_day()
    symbols = len(day["close"])
    builder = watched_from_the_open(symbols)
    traded = np.zeros(symbols, np.int64)
    random = np.random.default_rng(3)
    rebuilt = {name: np.full_like(column, np.nan) for name, column in day.items()}
    for minute in range(375):
        has = np.flatnonzero(np.isfinite(day["close"][:, minute]))
        volume = np.zeros(symbols, np.int64)
        volume[has] = day["volume"][has, minute]
        for share, (second, name) in enumerate([(0, "open"), (17, "high"), (33, "low"), (59, "close")], 1):
            some = np.zeros(len(has), TICK)
            some["exchange_time"] = OPEN + 60 * minute + second
            some["last_price"] = day[name][has, minute]
            some["volume"] = (traded + volume * share // 4)[has]
            order = random.permutation(len(has))
            builder.add(has[order], some[order])
        traded += volume
        bars = builder.close(OPEN + 60 * minute).bars
        for name, column in rebuilt.items():
            column[has, minute] = bars[name][has]
        assert not bars["ticks"][np.setdiff1d(np.arange(symbols), has)].any()
    for name, column in day.items():
        np.testing.assert_array_equal(rebuilt[name], column, err_msg=name)
