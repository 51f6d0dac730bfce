import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patang_workbench.exchange.candles import Bar
from patang_workbench.exchange.ticks import MIN_TICKS, expand, pick_seconds


@st.composite
def bars(draw: st.DrawFn) -> Bar:
    low = draw(st.integers(1, 5_000_000))
    high = low + draw(st.integers(0, 100_000))
    inside = st.integers(low, high)
    volume = draw(st.one_of(st.integers(0, 8), st.integers(0, 5_000_000)))
    return Bar(0, draw(inside), high, low, draw(inside), volume)


@given(
    bar=bars(), count=st.integers(MIN_TICKS, 60), seed=st.integers(0, 2**32), step=st.sampled_from([1, 5, 10])
)
def test_ticks_give_the_candle_back(bar: Bar, count: int, seed: int, step: int) -> None:
    rng = np.random.default_rng(seed)
    ticks = expand(bar, pick_seconds(count, rng), step, rng)
    prices = [tick.price for tick in ticks]
    assert len({tick.second for tick in ticks}) == count
    assert [tick.second for tick in ticks] == sorted(tick.second for tick in ticks)
    assert (prices[0], max(prices), min(prices), prices[-1]) == (bar.open, bar.high, bar.low, bar.close)
    assert sum(tick.quantity for tick in ticks) == bar.volume
    assert all(tick.quantity >= 0 for tick in ticks)


def test_prices_between_stay_on_the_tick() -> None:
    rng = np.random.default_rng(1)
    bar = Bar(0, 10_000, 10_100, 9_950, 10_050, 1_000)
    assert all(tick.price % 5 == 0 for tick in expand(bar, range(0, 60, 2), 5, rng))


def test_a_candle_cannot_be_told_in_three_ticks() -> None:
    with pytest.raises(ValueError, match="at least 4 ticks, 3 were asked for"):
        expand(Bar(0, 2, 3, 1, 2, 0), [0, 20, 40], 1, np.random.default_rng(1))
