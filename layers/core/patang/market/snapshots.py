"""Rows of bars and ticks as the models that cross boundaries."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from patang.market.candles import Candle, Quote
from patang.market.instruments import Instrument
from patang.market.sessions import IST

__all__ = ["candles_of", "quotes_of"]

_BAR_FIELDS = ["ticks", "open", "high", "low", "close", "volume", "oi"]
_QUOTE_FIELDS = ["last_price", "bid", "ask", "volume", "oi", "exchange_time"]


def candles_of(
    instruments: Sequence[Instrument], bars: NDArray[np.void], start: datetime
) -> tuple[Candle, ...]:
    """Candles of those instruments that have a bar (dtype BAR, one a row), stamped with its `start`."""
    rows = zip(instruments, bars[_BAR_FIELDS].tolist(), strict=True)
    return tuple(_candle(instrument, start, *bar[1:]) for instrument, bar in rows if bar[0])


def quotes_of(
    instruments: Sequence[Instrument],
    ticks: NDArray[np.void],
    oi_before: NDArray[np.int64],
    oi_now: NDArray[np.int64],
) -> tuple[Quote, ...]:
    """Quotes of those instruments that have a tick; open interest of -1 is not known."""
    rows = zip(instruments, ticks[_QUOTE_FIELDS].tolist(), oi_before.tolist(), oi_now.tolist(), strict=True)
    return tuple(
        _quote(instrument, *tick, trend=100 * (now / before - 1) if before > 0 and now >= 0 else None)
        for instrument, tick, before, now in rows
        if tick[-1]
    )


def _candle(
    instrument: Instrument,
    start: datetime,
    opened: float,
    high: float,
    low: float,
    closed: float,
    volume: int,
    oi: int,
) -> Candle:
    return Candle(
        symbol=instrument.symbol,
        timestamp=start,
        open=opened,
        high=high,
        low=low,
        close=closed,
        volume=volume,
        oi=None if instrument.expiry is None else oi,
    )


def _quote(
    instrument: Instrument,
    last: float,
    bid: float,
    ask: float,
    volume: int,
    oi: int,
    seconds: int,
    *,
    trend: float | None,
) -> Quote:
    return Quote(
        identifier=instrument.identifier,
        last_price=last,
        bid=bid,
        ask=ask,
        volume=volume,
        oi=oi,
        exchange_time=datetime.fromtimestamp(seconds, IST),
        oi_trend=trend,
    )
