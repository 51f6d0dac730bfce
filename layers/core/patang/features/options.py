"""The features of one option contract, which join those of its underlying."""

from patang.market.option_chain import PricedOption

__all__ = ["option_features"]


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
