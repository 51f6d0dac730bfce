"""The features of one option contract, which join those of its underlying."""

import math
from collections.abc import Mapping

from patang.features.undefined import Undefined
from patang.market.option_chain import PricedOption

__all__ = ["option_features", "option_reasons"]

_WHY = {"oi_trend": Undefined.NO_OPEN_INTEREST, "iv_rank": Undefined.NO_HISTORY}


def option_features(option: PricedOption) -> dict[str, float]:
    """The option features and the contract's own iv_from_options; NaN where not known.

    From the priced chain, because what a contract trades on is known from the calls and puts of its expiry.
    """
    trend = option.quote.oi_trend
    return {
        "iv_from_options": option.implied_volatility,
        "delta": option.delta,
        "theta": option.theta,
        "vega": option.vega,
        "time_value": option.time_value,
        "oi_trend": float("nan") if trend is None else trend,
    }


def option_reasons(features: Mapping[str, float]) -> dict[str, str]:
    """Why features of a contract, and the volatility of its underlying beside them, are NaN."""
    missing = (name for name, value in features.items() if math.isnan(value))
    return {name: _WHY.get(name, Undefined.NO_CHAIN).value for name in missing}
