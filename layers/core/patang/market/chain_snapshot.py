"""The option chain of an underlying at a moment, made to be kept: quotes, volatilities, greeks."""

import math
from collections.abc import Iterable, Mapping
from datetime import datetime

from patang.market.candles import Quote
from patang.market.instruments import Instrument
from patang.market.kept_chain import ChainRow, ChainSnapshot
from patang.market.option_chain import PricedOption, priced_chain, view_of
from patang.market.volatility import VolatilityRange

__all__ = ["ChainRow", "ChainSnapshot", "chain_snapshot"]


def chain_snapshot(
    underlying: str,
    instruments: Iterable[Instrument],
    quotes: Mapping[str, Quote],
    spot: float,
    as_of: datetime,
    year: VolatilityRange | None = None,
) -> ChainSnapshot:
    """The chain of the quoted options on `underlying` among `instruments`; without rows if none is quoted.

    `quotes` is by EXCHANGE:TRADINGSYMBOL, `spot` the underlying's last price, `year` its daily volatility
    before today.
    """
    chain = priced_chain(instruments, quotes, underlying, spot, as_of)
    view = view_of(chain, spot, as_of)
    return ChainSnapshot(
        underlying=underlying,
        as_of=as_of,
        spot=spot,
        iv=_known(view.at_the_money),
        iv_skew=_known(view.skew),
        iv_rank=None if year is None else _known(year.rank(view.at_the_money)),
        iv_rank_own_days=0 if year is None else year.own_days,
        iv_rank_vix_days=0 if year is None else year.vix_days,
        rows=tuple(map(_row, chain)),
    )


def _row(option: PricedOption) -> ChainRow:
    listed, quote = option.instrument, option.quote
    return ChainRow.model_validate(
        {
            "identifier": quote.identifier,
            "expiry": listed.expiry,
            "strike": float(listed.strike or "nan"),
            "type": listed.instrument_type,
            "last": quote.last_price or None,
            "bid": quote.bid or None,
            "ask": quote.ask or None,
            "spread_pct": _known(option.spread_pct),
            "volume": quote.volume,
            "oi": quote.oi,
            "oi_trend": quote.oi_trend,
            "iv": _known(option.implied_volatility),
            "delta": _known(option.delta),
            "gamma": _known(option.gamma),
            "theta": _known(option.theta),
            "vega": _known(option.vega),
            "time_value": _known(option.time_value),
            "exchange_time": quote.exchange_time,
        }
    )


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
