"""What each feature means and how it is measured, for those who read its number."""

from typing import NamedTuple

__all__ = ["MEANINGS", "Meaning"]


class Meaning(NamedTuple):
    """`unit` is empty where the number has none; docs/concepts/features.md has the formulas."""

    name: str
    unit: str
    tells: str


MEANINGS = {
    "ema_12": Meaning("EMA 12", "rupees", "mean of the closes, the last twelve bars weighing most"),
    "ema_26": Meaning("EMA 26", "rupees", "the same, slower; a trend up has EMA 12 above it"),
    "macd": Meaning("MACD", "rupees", "EMA 12 less EMA 26: above zero the trend is up"),
    "macd_signal": Meaning("MACD signal", "rupees", "mean of MACD; MACD above it gains pace"),
    "rsi_14": Meaning("RSI 14", "0 to 100", "share of rises: above 70 overbought, under 30 oversold"),
    "adx_14": Meaning("ADX 14", "0 to 100", "how strong the trend is, whichever way: above 25 strong"),
    "bb_position": Meaning("Bollinger position", "0 to 1", "0 at the lower band, 1 at the upper; or outside"),
    "z_score_20": Meaning("z-score 20", "deviations", "how far the close is from the mean of twenty"),
    "roc_20": Meaning("Rate of change 20", "%", "the close against that of twenty bars before"),
    "atr_14": Meaning("ATR 14", "rupees", "how far a bar usually goes, gaps included"),
    "std_dev_20": Meaning("Deviation 20", "rupees", "how far twenty closes scatter about their mean"),
    "historical_vol_20": Meaning("Historical volatility", "fraction a year", "how far returns scatter"),
    "iv_from_options": Meaning("Implied volatility", "fraction a year", "what options at the money expect"),
    "iv_rank": Meaning("IV rank", "0 to 1", "where it stands in its year: 0 lowest, 1 highest"),
    "iv_skew": Meaning("IV skew", "fraction a year", "25-delta put less call: above zero falls cost more"),
    "ob_imbalance": Meaning("Book imbalance", "-1 to 1", "above zero more is wanted than offered"),
    "trade_flow_5m": Meaning("Trade flow", "-1 to 1", "above zero buyers came to the ask, of five minutes"),
    "bid_ask_spread_pct": Meaning("Spread", "%", "ask less bid against their middle: what it costs to cross"),
    "delta": Meaning("Delta", "rupees a rupee", "what the price moves when the underlying moves a rupee"),
    "theta": Meaning("Theta", "rupees a day", "what a day that passes takes from the price"),
    "vega": Meaning("Vega", "rupees a point", "what a point of volatility adds to the price"),
    "time_value": Meaning("Time value", "rupees", "price less what exercise now would bring"),
    "oi_trend": Meaning("OI trend", "%", "open interest against that of fifteen minutes before"),
}  # fmt: skip
