"""The names of the features, in the order of every vector."""

__all__ = ["BOOK_FEATURES", "CANDLE_FEATURES", "FEATURE_NAMES", "OPTION_FEATURES", "VOLATILITY_FEATURES"]

# From one-minute bars alone, so that history gives them too.
CANDLE_FEATURES = (
    "ema_12",
    "ema_26",
    "macd",
    "macd_signal",
    "rsi_14",
    "adx_14",
    "bb_position",
    "z_score_20",
    "roc_20",
    "atr_14",
    "std_dev_20",
    "historical_vol_20",
)

VOLATILITY_FEATURES = ("iv_from_options", "iv_rank", "iv_skew")
BOOK_FEATURES = ("ob_imbalance", "trade_flow_5m", "bid_ask_spread_pct")

# Of a contract; NaN in the vectors of a closed minute, which are those of indices and equities.
OPTION_FEATURES = ("delta", "theta", "vega", "time_value", "oi_trend")

FEATURE_NAMES = CANDLE_FEATURES + VOLATILITY_FEATURES + BOOK_FEATURES + OPTION_FEATURES
