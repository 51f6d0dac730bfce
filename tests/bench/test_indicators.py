"""How fast the price features are beside TA-Lib: `pytest tests/bench/test_indicators.py -s`.

Ratios within one run. For a new bar TA-Lib does its share: historical_vol_20 is not among its functions. For
a whole session it does all twelve, with numpy's arithmetic where that is needed, and they are kept.
"""

from collections.abc import Callable
from statistics import median
from time import perf_counter

import numpy as np
import pytest
import talib
from talib import stream

from patang.features.indicator_history import candle_features
from patang.features.indicators import MINUTES_A_YEAR, WINDOW, BarColumns, Indicators

SYMBOLS, BARS = 500, 375
STEPS = 50


@pytest.fixture(scope="module")
def session() -> BarColumns:
    """Walks on a tick of 0.05 with wicks, symbols x bars."""
    random = np.random.default_rng(5)
    steps = random.normal(0, 8e-4, (SYMBOLS, BARS))
    close = np.round(random.uniform(50, 5_000, (SYMBOLS, 1)) * np.exp(np.cumsum(steps, axis=1)) * 20) / 20
    opened = np.concatenate((close[:, :1], close[:, :-1]), axis=1)
    wicks = 0.05 * random.integers(0, 9, (2, SYMBOLS, BARS))
    high, low = np.maximum(opened, close) + wicks[0], np.minimum(opened, close) - wicks[1]
    return BarColumns(opened, high, low, close, random.integers(1, 10_000, close.shape).astype(float))


def seconds(*works: Callable[[], object], rounds: int = 9) -> list[float]:
    """The median time of each, taken in turns, so that what else the machine does meets all of them."""
    times: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for work, taken in zip(works, times, strict=True):
            began = perf_counter()
            work()
            taken.append(perf_counter() - began)
    return [median(taken) for taken in times]


def talib_stream(high: np.ndarray, low: np.ndarray, close: np.ndarray) -> None:
    stream.EMA(close, 12)
    stream.EMA(close, 26)
    stream.MACD(close, 12, 26, 9)
    stream.RSI(close, 14)
    stream.ADX(high, low, close, 14)
    stream.BBANDS(close, 20, 2, 2)
    stream.ROC(close, 20)
    stream.ATR(high, low, close, 14)
    stream.STDDEV(close, 20)


def talib_batch(high: np.ndarray, low: np.ndarray, close: np.ndarray) -> tuple[np.ndarray, ...]:
    macd, signal, _ = talib.MACD(close, 12, 26, 9)
    upper, middle, lower = talib.BBANDS(close, 20, 2, 2)
    return (
        talib.EMA(close, 12), talib.EMA(close, 26), macd, signal, talib.RSI(close, 14),
        talib.ADX(high, low, close, 14), upper, middle, lower, talib.ROC(close, 20),
        talib.ATR(high, low, close, 14), talib.STDDEV(close, 20),
    )  # fmt: skip


def finished(high: np.ndarray, low: np.ndarray, close: np.ndarray, room: np.ndarray) -> None:
    """The twelve features of one symbol into `room`, features x bars."""
    *trend, upper, middle, lower, roc, atr, deviation = talib_batch(high, low, close)
    position, score = (close - lower) / (upper - lower), (close - middle) / deviation
    room[:11] = (*trend, position, score, roc, atr, deviation)
    room[11, 1:] = talib.STDDEV(np.diff(talib.LN(close)), 20) * np.sqrt(20 / 19 * MINUTES_A_YEAR)


def test_one_new_bar(session: BarColumns) -> None:
    state, columns = Indicators(SYMBOLS), ("open", "high", "low", "close", "volume")
    bars = [BarColumns(*(np.array(getattr(session, c)[:, t]) for c in columns)) for t in range(BARS)]
    for bar in bars:
        state.step(bar)
    last = [getattr(session, name)[:, -WINDOW:].copy() for name in ("high", "low", "close")]
    further = iter(bars * 9)

    def ours() -> None:
        for _ in range(STEPS):
            state.step(next(further))
            state.values()

    def theirs() -> None:
        for high, low, close in zip(*last, strict=True):
            talib_stream(high, low, close)

    mine, talibs = seconds(ours, theirs, rounds=60)
    mine /= STEPS
    text = f"one bar of {SYMBOLS} symbols: {1e6 * mine:.0f} us, talib.stream {1e6 * talibs:.0f} us"
    print(f"\n{text}: 1/{talibs / mine:.0f}")


def test_a_session_at_once(session: BarColumns) -> None:
    rows = list(zip(session.high, session.low, session.close, strict=True))
    room = np.empty((SYMBOLS, 12, BARS))

    def kept() -> None:
        for symbol, (high, low, close) in enumerate(rows):
            finished(high, low, close, room[symbol])

    def discarded_at_once() -> None:
        for row in rows:
            talib_batch(*row)

    with np.errstate(all="ignore"):
        mine, discarded, talibs = seconds(
            lambda: candle_features(session), discarded_at_once, kept, rounds=15
        )
    np.testing.assert_allclose(candle_features(session)[..., 0].T[11:], room[:, 0].T[11:], rtol=1e-9)
    print(f"\n{SYMBOLS} symbols x {BARS} bars: {1e3 * mine:.1f} ms")
    print(f"TA-Lib, symbol by symbol: {1e3 * talibs:.1f} ms, {talibs / mine:.2f} times as long")
    print(f"its nine calls alone, nothing kept: {1e3 * discarded:.1f} ms, {discarded / mine:.2f} times")
