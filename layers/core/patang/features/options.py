"""The features of one option contract, which join those of its underlying."""

from datetime import datetime

from patang.market.candles import Quote
from patang.market.instruments import Instrument
from patang.market.option_chain import priced_chain

__all__ = ["option_features"]


def option_features(
    instrument: Instrument, quote: Quote, underlying_price: float, as_of: datetime
) -> dict[str, float]:
    """The option features and the contract's own iv_from_options; NaN where not known."""
    chain = priced_chain(
        [instrument], {instrument.identifier: quote}, instrument.underlying, underlying_price, as_of
    )
    option = chain[0]
    return {
        "iv_from_options": option.implied_volatility,
        "delta": option.delta,
        "theta": option.theta,
        "vega": option.vega,
        "time_value": option.time_value,
        "oi_trend": float("nan") if quote.oi_trend is None else quote.oi_trend,
    }
