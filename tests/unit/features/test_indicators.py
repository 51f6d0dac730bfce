"""The indicators against TA-Lib, and their incremental form against their batch form."""

import numpy as np
import pytest
import talib

from patang.features.indicators import WARM_UP_BARS, BarColumns, Indicators, candle_features
from patang.features.vector import CANDLE_FEATURES, FEATURE_NAMES


def bars(symbols: int, minutes: int, seed: int = 7) -> BarColumns:
    """A random walk with wicks, in paise as the exchange prints them."""
    random = np.random.default_rng(seed)
    start = random.uniform(50, 5_000, (symbols, 1))
    close = np.round(start * np.exp(np.cumsum(random.normal(0, 8e-4, (symbols, minutes)), axis=1)), 2)
    opened = np.roll(close, 1, axis=1)
    opened[:, 0] = close[:, 0]
    high = np.round(np.maximum(opened, close) * (1 + random.random(close.shape) * 1e-3), 2)
    low = np.round(np.minimum(opened, close) * (1 - random.random(close.shape) * 1e-3), 2)
    volume = random.integers(1, 10_000, close.shape).astype(float)
    return BarColumns(opened, high, low, close, volume)


def feature(found: np.ndarray, name: str) -> np.ndarray:
    return found[..., CANDLE_FEATURES.index(name)]


def test_the_names_are_those_of_the_specification():
    assert (
        *("ema_12", "ema_26", "macd", "macd_signal", "rsi_14", "adx_14"),
        *("bb_position", "z_score_20", "roc_20"),
        *("atr_14", "std_dev_20", "historical_vol_20", "iv_from_options", "iv_rank", "iv_skew"),
        *("ob_imbalance", "trade_flow_5m", "bid_ask_spread_pct"),
        *("delta", "theta", "vega", "time_value", "oi_trend"),
    ) == FEATURE_NAMES


def test_talib_agrees_once_its_seeds_have_faded():
    history = bars(1, 600)
    found = candle_features(history)[0]
    high, low, close = history.high[0], history.low[0], history.close[0]
    macd, signal, _ = talib.MACD(close, 12, 26, 9)
    upper, _, lower = talib.BBANDS(close, 20, 2, 2)
    expected = {
        "ema_12": talib.EMA(close, 12),
        "ema_26": talib.EMA(close, 26),
        "macd": macd,
        "macd_signal": signal,
        "rsi_14": talib.RSI(close, 14),
        "adx_14": talib.ADX(high, low, close, 14),
        "bb_position": (close - lower) / (upper - lower),
        "roc_20": talib.ROC(close, 20),
        "atr_14": talib.ATR(high, low, close, 14),
        "std_dev_20": talib.STDDEV(close, 20),
    }
    for name, values in expected.items():
        np.testing.assert_allclose(
            feature(found, name)[WARM_UP_BARS:], values[WARM_UP_BARS:], rtol=5e-6, err_msg=name
        )


def test_values_begin_where_talibs_do():
    found = candle_features(bars(1, 60))[0]
    first = {name: int(np.isnan(feature(found, name)).sum()) for name in CANDLE_FEATURES}
    assert first == {
        "ema_12": 11,
        "ema_26": 25,
        "macd": 25,
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


def test_volatility_and_score_by_their_definition():
    history = bars(1, 40)
    found = candle_features(history)[0, -1]
    close = history.close[0]
    returns = np.diff(np.log(close))[-20:]
    assert feature(found, "historical_vol_20") == pytest.approx(np.std(returns, ddof=1) * np.sqrt(252 * 375))
    assert feature(found, "z_score_20") == pytest.approx((close[-1] - close[-20:].mean()) / close[-20:].std())


def test_stepping_gives_the_numbers_of_the_batch_to_the_last_bit():
    history = bars(3, 300)
    batch = candle_features(history)
    alone = Indicators(1)
    for t in range(300):
        alone.step(BarColumns(*(column[1:2, t] for column in columns(history))))
        np.testing.assert_array_equal(alone.values()[0], batch[1, t])


def test_the_future_changes_nothing():
    history = bars(2, 300)
    cut = BarColumns(*(column[:, :180] for column in columns(history)))
    np.testing.assert_array_equal(candle_features(cut), candle_features(history)[:, :180])


def test_a_minute_without_a_bar_is_as_if_it_had_not_been():
    history = bars(1, 120)
    gaps = [5, 40, 41, 42, 100]
    holed = [np.insert(column, gaps, np.nan, axis=1) for column in columns(history)]
    found = candle_features(BarColumns(*holed))[0]
    np.testing.assert_array_equal(
        np.delete(found, [g + n for n, g in enumerate(gaps)], 0), candle_features(history)[0]
    )
    np.testing.assert_array_equal(found[5], found[4])


def test_a_price_that_does_not_move():
    still = np.full((1, 80), 100.0)
    found = candle_features(BarColumns(still, still, still, still, still))[0, -1]
    assert feature(found, "rsi_14") == 50
    assert feature(found, "adx_14") == 0
    assert feature(found, "atr_14") == 0
    assert np.isnan(feature(found, "z_score_20"))
    assert np.isnan(feature(found, "bb_position"))


def columns(history: BarColumns) -> tuple[np.ndarray, ...]:
    return history.open, history.high, history.low, history.close, history.volume
