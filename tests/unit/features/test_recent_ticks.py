"""The last ticks of a symbol are the last of all that came."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from patang.features.recent_ticks import RECENT_TICKS, RecentTicks
from patang.market.bars import BarBuilder
from patang.market.ticks import TICK

OPEN = 1_471_318_200
HOURS = np.full(3, OPEN), np.full(3, OPEN + 60_000), np.full(3, OPEN + 60_000)


def closed_minutes(rows: list[int], seconds: list[int]) -> tuple[RecentTicks, list[tuple[int, int]]]:
    """A ring fed minute by minute, and (row, second) of every tick it was given."""
    builder, recent = BarBuilder(*HOURS), RecentTicks(np.array([True, False, True]))
    given_ticks = []
    for n, (row, second) in enumerate(zip(rows, seconds, strict=True)):
        ticks = np.zeros(1, TICK)
        ticks["exchange_time"], ticks["last_price"], ticks["volume"] = (
            OPEN + second,
            100 + n / 100,
            10 * second,
        )
        builder.add(np.array([row]), ticks)
        given_ticks.append((row, second))
    for minute in range(max(seconds, default=0) // 60 + 1):
        recent.add(builder.close(OPEN + 60 * minute))
    return recent, given_ticks


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 299)), max_size=80))
def test_they_come_back_in_the_exchanges_order(pairs):
    pairs = sorted(set(pairs), key=lambda pair: hash(pair))
    recent, came = closed_minutes([row for row, _ in pairs], [second for _, second in pairs])
    for row in (0, 2):
        seconds = sorted(second for of, second in came if of == row)
        found = recent.take(row)
        assert (found["time"] - OPEN).tolist() == seconds
        between = [10 * (later - earlier) for earlier, later in pairwise(seconds)]
        assert found["traded"].tolist() == ([0, *between] if seconds else [])


def test_the_oldest_give_way():
    seconds = list(range(RECENT_TICKS + 70))
    recent, _ = closed_minutes([0] * len(seconds), seconds)
    found = recent.take(0)
    assert len(found) == RECENT_TICKS
    assert (found["time"] - OPEN).tolist() == seconds[-RECENT_TICKS:]
    assert found["price"][-1] == 100 + (len(seconds) - 1) / 100
    assert set(found["traded"].tolist()) == {10}


def test_more_than_all_places_in_one_minute():
    builder, recent = BarBuilder(*HOURS), RecentTicks(np.array([True, False, True]))
    many = np.zeros(2 * RECENT_TICKS + 7, TICK)
    many["exchange_time"], many["last_price"] = OPEN, 50.0
    many["volume"] = 1 + np.arange(len(many))
    builder.add(np.zeros(len(many), np.intp), many)
    recent.add(builder.close(OPEN))
    assert recent.take(0)["traded"].tolist() == [1] * RECENT_TICKS
    assert len(recent.take(2)) == 0
