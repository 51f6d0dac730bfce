"""What is kept of ticks that cannot be put: in bounded memory, what candles are made of."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.ingester.backlog import Backlog
from patang.market.ticks import TICK
from tests.unit.ingester.frames import OPEN

BYTES = TICK.itemsize


def ticks(*rows: tuple[int, int, float, int]) -> np.ndarray:
    """(token, second after the open, last price, cumulative volume) each."""
    made = np.zeros(len(rows), TICK)
    for tick, (token, second, price, volume) in zip(made, rows, strict=True):
        tick["token"], tick["exchange_time"] = token, OPEN + second
        tick["last_price"], tick["volume"] = price, volume
    return made


def candles(of: np.ndarray) -> dict[tuple[int, int], tuple[float, float, float, float, int]]:
    """Open, high, low, close and last volume by (token, minute), in the exchange's order."""
    made: dict[tuple[int, int], list[np.void]] = {}
    for tick in of[np.lexsort((of["volume"], of["exchange_time"]))]:
        if tick["last_price"] > 0:
            made.setdefault((int(tick["token"]), int(tick["exchange_time"]) // 60), []).append(tick)
    return {
        key: (
            some[0]["last_price"],
            max(t["last_price"] for t in some),
            min(t["last_price"] for t in some),
            some[-1]["last_price"],
            some[-1]["volume"],
        )
        for key, some in made.items()
    }


def test_within_the_bound_nothing_is_shed_and_order_is_kept():
    backlog = Backlog(bound=10 * BYTES)
    for n in range(10):
        assert backlog.add(ticks((1, n, 100.0 + n, n))) is None
    assert list(backlog.take(4)["volume"]) == [0, 1, 2, 3]
    backlog.done()
    assert list(backlog.take(99)["volume"]) == [4, 5, 6, 7, 8, 9]
    assert (backlog.shed, len(backlog)) == (0, 6)


def test_what_was_taken_comes_back_in_its_place():
    backlog = Backlog()
    backlog.add(ticks(*((1, n, 100.0, n) for n in range(5))))
    backlog.take(3)
    backlog.add(ticks((1, 5, 100.0, 5)))
    assert len(backlog) == 6
    assert backlog.undo() is None
    assert list(backlog.take(99)["volume"]) == [0, 1, 2, 3, 4, 5]


def test_at_the_bound_each_candle_keeps_its_four_ticks():
    backlog = Backlog(bound=99 * BYTES)
    wave = [100 + 10 * np.sin(n / 3) for n in range(100)]
    everything = ticks(*((1, n, wave[n], n) for n in range(100)))
    since = [backlog.add(everything[n : n + 1]) for n in range(100)]
    assert since[:99] == [None] * 99
    assert since[99] == OPEN
    left = backlog.take(1_000)
    assert candles(left) == candles(everything)
    assert len(left) <= 8
    assert backlog.shed == 100 - len(left)


def test_if_that_is_still_much_the_oldest_minutes_go():
    backlog = Backlog(bound=40 * BYTES)
    for minute in range(11):
        backlog.add(ticks(*((token, 60 * minute, 100.0 + minute, minute) for token in (3, 1, 2, 4))))
    left = backlog.take(1_000)
    assert sorted(set(left["token"].tolist())) == [1, 2, 3, 4]
    assert set(left["volume"].tolist()) == {6, 7, 8, 9, 10}
    assert backlog.shed == 6 * 4


def test_an_instrument_that_was_quiet_for_long_keeps_its_newest_tick():
    backlog = Backlog(bound=20 * BYTES)
    backlog.add(ticks((7, 0, 50.0, 1), (7, 1, 51.0, 2)))
    for minute in range(1, 20):
        backlog.add(ticks((1, 60 * minute, 100.0, minute)))
    left = backlog.take(1_000)
    assert [int(tick["volume"]) for tick in left if tick["token"] == 7] == [2]


def test_a_quote_without_a_price_is_not_the_lowest():
    backlog = Backlog(bound=19 * BYTES)
    unpriced = [(1, n, 0.0, 0) for n in range(14)]
    traded = [
        (1, 20, 50.0, 1),
        (1, 21, 40.0, 2),
        (1, 22, 45.0, 3),
        (1, 23, 46.0, 3),
        (1, 24, 45.0, 4),
        (1, 25, 0.0, 4),
    ]
    everything = ticks(*unpriced, *traded)
    backlog.add(everything)
    left = backlog.take(99)
    assert len(left) < len(everything)
    assert candles(left) == candles(everything)


def test_ticks_that_are_being_put_are_not_shed_and_count():
    backlog = Backlog(bound=10 * BYTES)
    backlog.add(ticks(*((1, n, 100.0, n) for n in range(8))))
    taken = backlog.take(8)
    assert backlog.add(ticks(*((1, n, 100.0, n) for n in range(8, 14)))) is not None
    assert list(taken["volume"]) == list(range(8))
    assert len(backlog) <= 10


def test_instruments_that_are_no_longer_watched_go():
    backlog = Backlog()
    backlog.add(ticks((1, 0, 1.0, 1), (2, 0, 1.0, 1)))
    backlog.keep(np.array([2], np.uint32))
    assert list(backlog.take(9)["token"]) == [2]


rows = st.tuples(
    st.integers(1, 4), st.integers(0, 240), st.sampled_from([0, 99.95, 100.0, 100.05]), st.integers(0, 9)
)


@given(st.lists(st.lists(rows, min_size=1, max_size=20), min_size=1, max_size=20), st.integers(1, 60))
@pytest.mark.parametrize("puts", [False, True])
def test_memory_is_bounded_and_everything_is_put_waiting_or_counted(puts, batches, bound):
    """The bound may be passed only by the newest ticks of each instrument, and by what is being put."""
    backlog, put = Backlog(bound * BYTES), 0
    for n, batch in enumerate(batches):
        backlog.add(ticks(*batch))
        if puts and n % 3 == 2:
            put += len(backlog.take(10))
            if n % 2:
                backlog.done()
            else:
                put -= len(backlog._taken)
                backlog.undo()
        assert len(backlog) <= max(bound, 4 + 10)
    in_all = sum(map(len, batches))
    assert put + len(backlog) + backlog.shed == in_all


def test_the_newest_of_each_instrument_always_stays():
    backlog = Backlog(bound=3 * BYTES)
    for n in range(50):
        backlog.add(ticks((n % 5, n, 100.0, n)))
    left = {int(t["token"]): int(t["volume"]) for t in backlog.take(99)}
    assert left == {token: 45 + token for token in range(5)}
