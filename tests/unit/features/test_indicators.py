"""The indicators against TA-Lib, bar by bar against history, and what must never change them."""

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from patang.features.indicator_history import candle_features
from patang.features.indicators import WINDOW, BarColumns, Indicators
from patang.features.undefined import REASONS, Undefined
from patang.features.vector import CANDLE_FEATURES, FEATURE_NAMES

FIRST_DEFINED = {
    "ema_12": 11,
    "ema_26": 25,
    "macd": 33,
    "macd_signal": 33,
    "rsi_14": 14,
    "adx_14": 27,
    "bb_position": 19,
    "z_score_20": 19,
    "roc_20": 20,
    "atr_14": 14,
    "std_dev_20": 19,
    "historical_vol_20": 20,
}


def walk(symbols: int, times: int, seed: int = 7, tick: float = 0.05, still: float = 0.1) -> BarColumns:
    """Random walks on a tick, with wicks, in which stretches of bars do not move at all."""
    random = np.random.default_rng(seed)
    start = random.uniform(50, 50_000, (symbols, 1))
    moves = random.normal(0, 8e-4, (symbols, times)) * (random.random((symbols, times)) > 0.2)
    flat = np.repeat(random.random((symbols, times // 25 + 1)) < still, 25, axis=1)[:, :times]
    moves[flat] = 0
    close = np.rint(start * np.exp(np.cumsum(moves, axis=1)) / tick) * tick
    opened = np.concatenate((close[:, :1], close[:, :-1]), axis=1)
    wick = tick * random.integers(0, 6, (2, symbols, times)) * ~flat
    high, low = np.maximum(opened, close) + wick[0], np.minimum(opened, close) - wick[1]
    return BarColumns(opened, high, low, close, random.integers(1, 10_000, close.shape).astype(float))


def columns(history: BarColumns) -> tuple[np.ndarray, ...]:
    return history.open, history.high, history.low, history.close, history.volume


def with_holes(history: BarColumns, holes: np.ndarray) -> BarColumns:
    return BarColumns(*(np.where(holes, np.nan, column) for column in columns(history)))


def stepped(history: BarColumns, indicators: Indicators | None = None) -> np.ndarray:
    """Symbols x time x CANDLE_FEATURES, a step a bar."""
    state = indicators or Indicators(len(history.close))
    found = []
    for t in range(history.close.shape[1]):
        state.step(BarColumns(*(column[:, t] for column in columns(history))))
        found.append(state.values())
    return np.stack(found, axis=1)


def feature(found: np.ndarray, name: str) -> np.ndarray:
    return found[..., CANDLE_FEATURES.index(name)]


def by_talib(high: np.ndarray, low: np.ndarray, close: np.ndarray) -> dict[str, np.ndarray]:
    """TA-Lib's features of one symbol. Its running sums of squares lose the digits that a high price takes
    up, so it is given the deviations from the first close where only deviations matter."""
    macd, signal, _ = talib.MACD(close, 12, 26, 9)
    moved = close - close[0]
    upper, middle, lower = talib.BBANDS(moved, 20, 2, 2)
    deviation = talib.STDDEV(moved, 20)
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "ema_12": talib.EMA(close, 12),
            "ema_26": talib.EMA(close, 26),
            "macd": macd,
            "macd_signal": signal,
            "rsi_14": talib.RSI(close, 14),
            "adx_14": talib.ADX(high, low, close, 14),
            "bb_position": (moved - lower) / (upper - lower),
            "z_score_20": (moved - middle) / deviation,
            "roc_20": talib.ROC(close, 20),
            "atr_14": talib.ATR(high, low, close, 14),
            "std_dev_20": deviation,
        }


def rounding(name: str, close: np.ndarray, deviation: np.ndarray) -> np.ndarray | float:
    """What the last binary digit of the price comes to in features that are differences of prices, and what
    TA-Lib's running sums of squares lose of a deviation that is small beside the way from the first close."""
    digit = 1e-15 * close.max()
    lost = 1e-15 * np.abs(close - close[0]).max() ** 2 / deviation
    if name in {"bb_position", "z_score_20"}:
        return (digit + 5 * lost) / deviation
    return {"macd": 10 * digit, "macd_signal": 10 * digit, "roc_20": 1e-13, "std_dev_20": lost}.get(name, 0.0)


def assert_equals_talib(found: np.ndarray, history: BarColumns, row: int) -> None:
    """From the first bar on at which each is defined, where TA-Lib's own arithmetic holds."""
    close = history.close[row]
    moves = np.abs(np.diff(close, prepend=close[0]))
    moved_lately = np.convolve(moves, np.ones(19))[: len(close)] > 0.02
    theirs = by_talib(history.high[row], history.low[row], close)
    for name, expected in theirs.items():
        ours = feature(found, name)
        compared = ~np.isnan(ours)
        if name in {"bb_position", "z_score_20", "std_dev_20"}:
            compared &= moved_lately
        else:
            assert np.flatnonzero(~np.isnan(expected))[0] == FIRST_DEFINED[name]
        with np.errstate(divide="ignore"):
            allowed = 1e-9 * np.abs(expected) + rounding(name, close, theirs["std_dev_20"])
        off = np.abs(ours - expected)[compared] > np.broadcast_to(allowed, close.shape)[compared]
        assert not off.any(), (name, ours[compared][off], expected[compared][off])


def test_the_names_are_those_of_the_specification():
    assert (
        *("ema_12", "ema_26", "macd", "macd_signal", "rsi_14", "adx_14"),
        *("bb_position", "z_score_20", "roc_20"),
        *("atr_14", "std_dev_20", "historical_vol_20", "iv_from_options", "iv_rank", "iv_skew"),
        *("ob_imbalance", "trade_flow_5m", "bid_ask_spread_pct"),
        *("delta", "theta", "vega", "time_value", "oi_trend"),
    ) == FEATURE_NAMES


@given(seed=st.integers(0, 2**32 - 1), tick=st.sampled_from([0.01, 0.05, 1.0]))
@settings(max_examples=15, deadline=None)
def test_talibs_numbers_from_the_first_defined_bar_on(seed: int, tick: float):
    history = walk(3, 260, seed, tick, still=0.2)
    found = candle_features(history)
    for row in range(3):
        assert_equals_talib(found[row], history, row)


def test_values_begin_where_talibs_do():
    found = candle_features(walk(2, 60, still=0))
    first = {name: int(np.isnan(feature(found[0], name)).sum()) for name in CANDLE_FEATURES}
    assert first == FIRST_DEFINED


@given(seed=st.integers(0, 2**32 - 1), tick=st.sampled_from([0.01, 0.05]))
@settings(max_examples=10, deadline=None)
def test_deviations_by_their_definition(seed: int, tick: float):
    history = walk(4, 120, seed, tick, still=0.2)
    found = candle_features(history)[:, 19:]
    bands = np.lib.stride_tricks.sliding_window_view(history.close, 20, axis=1)
    last, mean, deviation = bands[..., -1], bands.mean(axis=-1), bands.std(axis=-1)
    moved = np.ptp(bands, axis=-1) > 0
    ours = feature(found, "std_dev_20")
    assert (ours[~moved] == 0).all()
    np.testing.assert_allclose(ours[moved], deviation[moved], rtol=1e-9, atol=1e-15 * last.max())
    score = ((last - mean) / np.where(moved, deviation, np.nan))[moved]
    allowed = 1e-9 + 1e-15 * last.max() / deviation[moved]
    assert (np.abs(feature(found, "z_score_20")[moved] - score) < allowed).all()
    assert (np.abs(feature(found, "bb_position")[moved] - (score / 4 + 0.5)) < allowed).all()
    assert np.isnan(feature(found, "z_score_20")[~moved]).all()


def test_volatility_by_its_definition():
    history = walk(1, 60, still=0)
    returns = np.diff(np.log(history.close[0]))
    for bars_a_year in (252 * 375, 252 * 25, 252):
        found = feature(candle_features(history, bars_a_year)[0], "historical_vol_20")
        expected = [np.std(returns[t - 20 : t], ddof=1) * np.sqrt(bars_a_year) for t in range(20, 60)]
        np.testing.assert_allclose(found[20:], expected, rtol=1e-9)


@given(seed=st.integers(0, 2**32 - 1), missing=st.sampled_from([0.0, 0.02, 0.5, 0.95]))
@settings(max_examples=15, deadline=None)
def test_a_bar_at_a_time_gives_the_bits_of_the_whole_history(seed: int, missing: float):
    history = with_holes(walk(7, 150, seed), np.random.default_rng(seed).random((7, 150)) < missing)
    np.testing.assert_array_equal(stepped(history), candle_features(history))


@given(seed=st.integers(0, 2**32 - 1), cut=st.integers(1, 149))
@settings(max_examples=15, deadline=None)
def test_the_future_changes_nothing(seed: int, cut: int):
    history = with_holes(walk(4, 150, seed), np.random.default_rng(seed).random((4, 150)) < 0.1)
    past = BarColumns(*(column[:, :cut] for column in columns(history)))
    np.testing.assert_array_equal(candle_features(past), candle_features(history)[:, :cut])


def test_a_long_history_is_cut_into_stretches_that_cannot_be_seen():
    history = walk(70, 1_000)
    np.testing.assert_array_equal(stepped(history), candle_features(history))


def test_a_time_without_a_bar_is_as_if_it_had_not_been():
    history = walk(1, 120)
    gaps = [0, 5, 40, 41, 42, 100]
    holed = [np.insert(column, gaps, np.nan, axis=1) for column in columns(history)]
    found = candle_features(BarColumns(*holed))[0]
    holes = [g + n for n, g in enumerate(gaps)]
    np.testing.assert_array_equal(np.delete(found, holes, 0), candle_features(history)[0])
    np.testing.assert_array_equal(found[holes[-1]], found[holes[-1] - 1])


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf, 0.0, -3.0])
@pytest.mark.parametrize("column", ["high", "low", "close"])
def test_a_broken_price_is_no_bar_and_poisons_nothing(column: str, broken: float):
    history = walk(3, 90)
    holes = np.zeros((3, 90), bool)
    holes[1, 50] = True
    spoiled = {name: np.array(getattr(history, name)) for name in ("open", "high", "low", "close", "volume")}
    spoiled[column][1, 50] = broken
    expected = candle_features(with_holes(history, holes))
    np.testing.assert_array_equal(candle_features(BarColumns(**spoiled)), expected)
    np.testing.assert_array_equal(stepped(BarColumns(**spoiled)), expected)
    assert np.isfinite(feature(expected, "ema_26")[:, 60:]).all()


def test_a_price_that_never_moved_says_so_instead_of_zero():
    still = np.full((1, 80), 100.05)
    state = Indicators(1)
    found = stepped(BarColumns(still, still, still, still, still), state)[0]
    np.testing.assert_array_equal(candle_features(BarColumns(*[still] * 5))[0], found)
    unmoved = {"rsi_14", "adx_14", "bb_position", "z_score_20"}
    for name in CANDLE_FEATURES:
        value, reason = feature(found[-1], name), REASONS[feature(state.undefined()[0], name)]
        assert reason == (Undefined.NO_MOVEMENT if name in unmoved else None), name
        assert np.isnan(value) == (name in unmoved), name
    for name in ("atr_14", "std_dev_20", "historical_vol_20", "roc_20"):
        assert feature(found[-1], name) == 0, name
    assert talib.RSI(still[0], 14)[-1] == talib.ADX(still[0], still[0], still[0], 14)[-1] == 0


def test_a_long_rest_leaves_what_talib_leaves():
    """Means fade in proportion: after the last move RSI and ADX tell of it for as long as it rests."""
    moving = walk(1, 60, still=0)
    rested = BarColumns(*(np.pad(column, ((0, 0), (0, 700)), mode="edge") for column in columns(moving)))
    flat = BarColumns(*[np.where(np.arange(760) < 60, column, rested.close) for column in columns(rested)])
    found = candle_features(flat)[0]
    expected = by_talib(flat.high[0], flat.low[0], flat.close[0])
    for name in ("rsi_14", "adx_14"):
        np.testing.assert_allclose(feature(found, name), expected[name], rtol=1e-9)


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=10, deadline=None)
def test_a_value_is_missing_exactly_where_a_reason_is_given(seed: int):
    random = np.random.default_rng(seed)
    history = with_holes(walk(12, 60, seed, still=0.6), random.random((12, 60)) < random.random((12, 1)))
    state = Indicators(12)
    for t in range(60):
        state.step(BarColumns(*(column[:, t] for column in columns(history))))
        np.testing.assert_array_equal(np.isnan(state.values()), state.undefined() > 0)
        assert not np.isinf(state.values()).any()


def test_the_last_hundred_candles_oldest_first():
    history = walk(3, 130)
    holes = np.zeros((3, 130), bool)
    holes[1, [3, 60, 127, 129]] = True
    holes[2, 40:] = True
    state = Indicators(3)
    stepped(with_holes(history, holes), state)
    for name in ("open", "high", "low", "close", "volume"):
        last = state.last(name)
        assert last.shape == (3, WINDOW)
        np.testing.assert_array_equal(last[0], getattr(history, name)[0, -WINDOW:])
        np.testing.assert_array_equal(last[1], getattr(history, name)[1, ~holes[1]][-WINDOW:])
        np.testing.assert_array_equal(last[2, -40:], getattr(history, name)[2, :40])
        assert np.isnan(last[2, :-40]).all()


def test_another_instance_goes_on_from_the_arrays():
    history = walk(4, 120)
    first, second = Indicators(4), Indicators(4)
    stepped(BarColumns(*(column[:, :77] for column in columns(history))), first)
    for name, array in second.arrays().items():
        array[...] = first.arrays()[name].copy()
    rest = BarColumns(*(column[:, 77:] for column in columns(history)))
    np.testing.assert_array_equal(first.values(), second.values())
    np.testing.assert_array_equal(stepped(rest, first), stepped(rest, second))


@given(lengths=st.tuples(st.integers(0, 130), st.integers(0, 130)))
@settings(max_examples=10, deadline=None)
def test_a_row_goes_on_where_another_stood(lengths: tuple[int, int]):
    before, today = walk(2, lengths[0], seed=3, still=0), walk(2, lengths[1], seed=4, still=0)
    history, state = Indicators(2), Indicators(2)
    stepped(before, history) if lengths[0] else None
    stepped(today, state) if lengths[1] else None
    state.put(1, history, 0)
    further = walk(2, 60, seed=5)
    alone = BarColumns(
        *(np.concatenate(c, axis=1) for c in zip(columns(before), columns(further), strict=True))
    )
    swapped = BarColumns(*(column[::-1] for column in columns(further)))
    expected = candle_features(alone)[0, -60:]
    np.testing.assert_array_equal(stepped(swapped, state)[1], expected)
    np.testing.assert_array_equal(state.last("close")[1], _last(alone.close[0]))


def _last(values: np.ndarray) -> np.ndarray:
    return np.concatenate((np.full(WINDOW, np.nan), values))[-WINDOW:]
