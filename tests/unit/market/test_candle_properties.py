"""What candles promise whatever ticks come, and however: the rules of docs/concepts/candles.md."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from patang.market.bars import MINUTE, BarBuilder, ClosedBars, LongBars
from patang.market.ticks import TICK

OPEN = 1_471_319_100  # 2016-08-16 09:15 IST
ROWS = 3
# Three instruments: one closes early and has an auction after it, the others trade on; one break for all.
CLOSING = OPEN + MINUTE * np.array([8, 10, 10])
AUCTION_CLOSING = OPEN + MINUTE * np.array([11, 10, 10])
BREAKS = ((OPEN + 250, OPEN + 290),)
MINUTES = 12
GRACE = 2
YESTERDAY = -70_000


class Tick(NamedTuple):
    row: int
    second: int  # since the open
    price: float
    volume: int
    bid: float
    ask: float


def array(ticks: Sequence[Tick]) -> np.ndarray:
    made = np.zeros(len(ticks), TICK)
    for name, values in zip(Tick._fields[2:], list(zip(*ticks, strict=True))[2:], strict=True):
        made[{"price": "last_price"}.get(name, name)] = values
    made["exchange_time"] = [OPEN + tick.second for tick in ticks]
    made["token"] = [tick.row for tick in ticks]
    return made


def builder() -> BarBuilder:
    """Every row watched since before the open, as the feed shows it: with yesterday's last tick."""
    made = BarBuilder(np.full(ROWS, OPEN, np.int64), CLOSING, AUCTION_CLOSING, BREAKS)
    add(made, [Tick(row, YESTERDAY, 100.0, 0, 0.0, 0.0) for row in range(ROWS)])
    return made


def add(bars: BarBuilder, ticks: Sequence[Tick]) -> None:
    if ticks:
        bars.add(np.array([tick.row for tick in ticks], np.intp), array(ticks))


def closed(bars: BarBuilder, first: int = 0, last: int = MINUTES) -> list[bytes]:
    return [flat(bars.close(OPEN + MINUTE * minute)) for minute in range(first, last)]


def flat(made: ClosedBars) -> bytes:
    return made.bars.tobytes() + made.auction.tobytes() + made.quotes.tobytes()


def once(ticks: Sequence[Tick]) -> list[bytes]:
    bars = builder()
    add(bars, ticks)
    return closed(bars)


@st.composite
def days(draw: st.DrawFn) -> list[Tick]:
    """Ticks as the exchange made them: times and volumes of an instrument never fall."""
    ticks = []
    for row in range(ROWS):
        seconds = sorted(draw(st.lists(st.integers(0, 60 * MINUTES - 1), max_size=40)))
        volume = 0
        for second in seconds:
            volume += draw(st.integers(1, 500))
            price = draw(st.integers(900, 1100)) / 10
            spread = draw(st.integers(0, 3)) / 10
            ticks.append(Tick(row, second, price, volume, price - spread, price + 0.1))
    return sorted(ticks, key=lambda tick: tick.second)


quick = settings(max_examples=60, deadline=None)


class Made(NamedTuple):
    open: float
    high: float
    low: float
    close: float
    volume: int


def by_hand(ticks: Iterable[Tick]) -> tuple[dict[tuple[int, int], Made], dict[int, Made]]:
    """Bars by (row, minute) and whole days by row, tick by tick: slow and plain."""
    bars: dict[tuple[int, int], Made] = {}
    whole: dict[int, Made] = {}
    before = dict.fromkeys(range(ROWS), 0)
    for tick in ticks:
        time = OPEN + tick.second
        if BREAKS[0][0] <= time < BREAKS[0][1] or time > max(
            CLOSING[tick.row] - 1, AUCTION_CLOSING[tick.row]
        ):
            continue
        traded, before[tick.row] = tick.volume - before[tick.row], tick.volume
        if time < CLOSING[tick.row]:
            place = tick.row, tick.second // MINUTE
            bars[place] = grown(bars.get(place), tick.price, traded)
        whole[tick.row] = grown(whole.get(tick.row), tick.price, traded)
    return bars, whole


def grown(bar: Made | None, price: float, traded: int) -> Made:
    if bar is None:
        return Made(price, price, price, price, traded)
    return Made(bar.open, max(bar.high, price), min(bar.low, price), price, bar.volume + traded)


def rows_of(bars: np.ndarray) -> dict[int, Made]:
    table = bars[["open", "high", "low", "close", "volume"]].tolist()
    return {row: Made(*table[row]) for row in np.flatnonzero(bars["ticks"]).tolist()}


@quick
@given(days())
def test_bars_are_those_made_by_hand(ticks):
    bars, day = builder(), LongBars(ROWS, 24 * 60)
    add(bars, ticks)
    expected, whole = by_hand(ticks)
    for minute in range(MINUTES):
        made = bars.close(OPEN + MINUTE * minute)
        here = {row: bar for (row, at), bar in expected.items() if at == minute}
        assert rows_of(made.bars) == here
        day.add(made.bars)
        day.add(made.auction)
    assert rows_of(day.bars) == whole


@quick
@given(days())
def test_the_days_bars_hold_all_that_was_traded(ticks):
    bars, day = builder(), LongBars(ROWS, 24 * 60)
    add(bars, ticks)
    for minute in range(MINUTES):
        made = bars.close(OPEN + MINUTE * minute)
        day.add(made.bars)
        day.add(made.auction)
    _, whole = by_hand(ticks)
    assert {row: bar.volume for row, bar in rows_of(day.bars).items()} == {
        row: max(t.volume for t in ticks if t.row == row and counts(t)) for row in whole
    }


def counts(tick: Tick) -> bool:
    time = OPEN + tick.second
    in_break = BREAKS[0][0] <= time < BREAKS[0][1]
    return not in_break and time <= max(CLOSING[tick.row] - 1, AUCTION_CLOSING[tick.row])


@quick
@given(days(), st.randoms(use_true_random=False))
def test_no_order_of_arrival_changes_a_bar(ticks, random):
    shuffled = ticks[:]
    random.shuffle(shuffled)
    assert once(shuffled) == once(ticks)


@quick
@given(days(), st.randoms(use_true_random=False))
def test_repeats_change_nothing(ticks, random):
    again = ticks + random.choices(ticks, k=len(ticks)) if ticks else []
    assert once(again) == once(ticks)
    random.shuffle(again)
    assert once(again) == once(ticks)


@quick
@given(days(), st.lists(st.integers(0, 120), max_size=10))
def test_how_ticks_are_batched_changes_nothing(ticks, cuts):
    bars, places = builder(), sorted({0, len(ticks), *(min(cut, len(ticks)) for cut in cuts)})
    for first, last in pairwise(places):
        add(bars, ticks[first:last])
    assert closed(bars) == once(ticks)


@quick
@given(days(), st.randoms(use_true_random=False))
def test_minutes_that_close_a_grace_after_their_end_miss_nothing_delayed_by_less(ticks, random):
    """The desk's way: ticks come up to two seconds late, and a minute is closed two seconds after its end."""
    arriving = sorted(ticks, key=lambda tick: (tick.second + random.uniform(0, GRACE), random.random()))
    bars, results = builder(), []
    for tick in arriving:
        while len(results) < MINUTES and MINUTE * (len(results) + 1) + GRACE <= tick.second:
            results += closed(bars, len(results), len(results) + 1)
        add(bars, [tick])
    results += closed(bars, len(results))
    assert results == once(ticks)
    assert bars.late == 0


@quick
@given(days(), st.integers(0, MINUTES - 1))
def test_the_future_changes_no_closed_bar(ticks, last):
    past = [tick for tick in ticks if tick.second < MINUTE * (last + 1)]
    bars = builder()
    add(bars, past)
    assert closed(bars, 0, last + 1) == once(ticks)[: last + 1]


@quick
@given(days(), st.lists(st.integers(0, 60 * MINUTES), max_size=6))
def test_stopping_and_going_on_from_the_kept_arrays_changes_nothing(ticks, stops):
    bars, results = builder(), []
    for minute in range(MINUTES):
        for tick in (t for t in ticks if t.second // MINUTE == minute):
            if any(stop // MINUTE == minute and stop <= tick.second for stop in stops):
                bars = restored(bars)
            add(bars, [tick])
        bars = restored(bars) if MINUTE * (minute + 1) in stops else bars
        results += closed(bars, minute, minute + 1)
    assert results == once(ticks)


def restored(bars: BarBuilder) -> BarBuilder:
    kept = {name: array.copy() for name, array in bars.arrays().items()}
    again = BarBuilder(np.full(ROWS, OPEN, np.int64), CLOSING, AUCTION_CLOSING, BREAKS)
    again.restore(kept)
    assert again.arrays().keys() == kept.keys()
    return again


@quick
@given(days(), st.sampled_from([5, 15]))
def test_longer_bars_are_the_minutes_folded(ticks, minutes):
    bars, long, expected = builder(), LongBars(ROWS, minutes), {}
    add(bars, ticks)
    made: dict[tuple[int, int], Made] = {}
    for minute in range(MINUTES):
        one = bars.close(OPEN + MINUTE * minute).bars
        for row, bar in rows_of(one).items():
            start = (OPEN + MINUTE * minute) // (MINUTE * minutes)
            held = expected.get((row, start))
            expected[row, start] = bar if held is None else joined(held, bar)
        long.add(one)
        ended = long.take_ended(OPEN + MINUTE * minute, CLOSING)
        for row, bar in rows_of(ended).items():
            made[row, (OPEN + MINUTE * minute) // (MINUTE * minutes)] = bar
    assert made == expected


def joined(held: Made, bar: Made) -> Made:
    return Made(
        held.open, max(held.high, bar.high), min(held.low, bar.low), bar.close, held.volume + bar.volume
    )
