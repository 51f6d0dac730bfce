"""Why a value of a closed minute is missing: how it is written down, and the one way to read it.

What goes without saying is not written: that a spot has no feature of an option contract, and that one
without options has no implied volatility. Hundreds of shares would say it every minute.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from patang.features.undefined import REASONS, Undefined
from patang.features.vector import CANDLE_FEATURES, OPTION_FEATURES, VOLATILITY_FEATURES
from patang.market.candles import ClosedMinute

__all__ = ["by_name", "reason_of", "worth_saying"]

_UNSAID = {
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
    return closed.undefined.get(symbol, {}).get(_name(feature, minutes)) or _UNSAID[feature]


def worth_saying(names: Sequence[str], reasons: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Reasons (rows x features, places in REASONS) without those that go without saying: 0 in their place."""
    unsaid = np.array([REASONS.index(_UNSAID.get(name)) for name in names], np.uint8)
    return np.where(reasons == unsaid, 0, reasons)


def by_name(names: Sequence[str], reasons: NDArray[np.uint8], minutes: int) -> dict[str, str]:
    """The reasons of one row as they are written down."""
    return {_name(names[at], minutes): str(REASONS[reasons[at]]) for at in np.flatnonzero(reasons).tolist()}


def _name(feature: str, minutes: int) -> str:
    return feature if minutes == 1 else f"{feature}_{minutes}m"
