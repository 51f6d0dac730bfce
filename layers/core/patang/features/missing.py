"""The one way to read why a value of a closed minute is missing.

What goes without saying is not written down: that a spot has no feature of an option contract, and that one
without options has no implied volatility. Hundreds of shares would say it every minute.
"""

from patang.features.undefined import Undefined
from patang.features.vector import CANDLE_FEATURES, OPTION_FEATURES, VOLATILITY_FEATURES
from patang.market.candles import ClosedMinute

__all__ = ["UNSAID", "reason_name", "reason_of"]

UNSAID = {
    **dict.fromkeys(OPTION_FEATURES, Undefined.NOT_AN_OPTION),
    **dict.fromkeys(VOLATILITY_FEATURES, Undefined.NO_CHAIN),
}


def reason_of(closed: ClosedMinute, symbol: str, feature: str, minutes: int = 1) -> str | None:
    """Why a feature of a symbol is null, in the bars of 1, 5 or 15 minutes; None if it has a value.

    A symbol without features has not been quoted today.
    """
    names = closed.feature_names if minutes == 1 else CANDLE_FEATURES
    table = {1: closed.features, 5: closed.features_5m, 15: closed.features_15m}[minutes]
    if symbol not in table:
        return Undefined.NO_QUOTE
    if table[symbol][names.index(feature)] is not None:
        return None
    return closed.undefined.get(symbol, {}).get(reason_name(feature, minutes)) or UNSAID[feature]


def reason_name(feature: str, minutes: int) -> str:
    """What the reason of a feature is written under."""
    return feature if minutes == 1 else f"{feature}_{minutes}m"
