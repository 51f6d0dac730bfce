"""What the models are fed: numbers without a scale of their own, seen in the direction of the trade.

Prices are measured in the symbol's ATR and a falling market is mirrored, so that one model serves a share of
90 rupees and an index of 25,000, a call and a put. The functions take single numbers or arrays.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from patang.market.sessions import IST

__all__ = [
    "EQUITY_INPUTS",
    "INPUTS",
    "OPTION_INPUTS",
    "StrategyName",
    "option_inputs",
    "session_fraction",
    "session_fractions",
    "underlying_inputs",
]

type Floats = NDArray[np.float64]
type StrategyName = Literal["long_options", "equity"]

EQUITY_INPUTS = (
    "macd_atr",
    "macd_histogram_atr",
    "price_over_ema_atr",
    "rsi",
    "adx",
    "bb_position",
    "z_score",
    "roc_atr",
    "atr_pct",
    "std_dev_atr",
    "session_fraction",
)
OPTION_INPUTS = (*EQUITY_INPUTS, "abs_delta", "days_to_expiry", "atr_premium_pct", "theta_premium_pct_hour")

# The schema of each strategy's model.
INPUTS: Mapping[StrategyName, tuple[str, ...]] = {"equity": EQUITY_INPUTS, "long_options": OPTION_INPUTS}

_OPEN = timedelta(hours=9, minutes=15)
_SESSION = timedelta(hours=6, minutes=15)
_IST_AHEAD, _DAY = 5 * 3600 + 1800, 86_400


# Asked for every candidate of a minute.
@lru_cache(8)
def session_fraction(as_of: datetime) -> float:
    """How much of a full session has passed: 0 at 09:15, 1 at 15:30 IST."""
    local = as_of.astimezone(IST)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return (local - midnight - _OPEN) / _SESSION


def session_fractions(ends: NDArray[np.int64]) -> Floats:
    """`session_fraction` of many moments, epoch seconds, to the last bit."""
    since_open = (ends + _IST_AHEAD) % _DAY - int(_OPEN.total_seconds())
    fractions: Floats = since_open / int(_SESSION.total_seconds())
    return fractions


def underlying_inputs[N: (float, Floats)](
    features: Mapping[str, N], price: N, direction: int, fraction: N
) -> dict[str, N]:
    """EQUITY_INPUTS by name, from the vector of the symbol whose `price` is the last in rupees.

    `direction`: 1 for a trade that wants it to rise, -1 to fall.
    """
    atr = features["atr_14"]
    return {
        "macd_atr": direction * features["macd"] / atr,
        "macd_histogram_atr": direction * (features["macd"] - features["macd_signal"]) / atr,
        "price_over_ema_atr": direction * (price - features["ema_26"]) / atr,
        "rsi": 50 + direction * (features["rsi_14"] - 50),
        "adx": features["adx_14"],
        "bb_position": 0.5 + direction * (features["bb_position"] - 0.5),
        "z_score": direction * features["z_score_20"],
        "roc_atr": direction * features["roc_20"] * price / (100 * atr),
        "atr_pct": 100 * atr / price,
        "std_dev_atr": features["std_dev_20"] / atr,
        "session_fraction": fraction,
    }


def option_inputs[N: (float, Floats)](
    abs_delta: N, theta: N, premium: N, atr: N, days_to_expiry: N
) -> dict[str, N]:
    """What OPTION_INPUTS has beside the underlying's; theta in rupees a day, ATR the underlying's."""
    return {
        "abs_delta": abs_delta,
        "days_to_expiry": days_to_expiry,
        "atr_premium_pct": 100 * abs_delta * atr / premium,
        "theta_premium_pct_hour": 100 * theta / (24 * premium),
    }
