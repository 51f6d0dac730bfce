"""Quotes, candles and instruments: https://kite.trade/docs/connect/v3/market-quotes/ and .../historical/"""

from datetime import datetime
from typing import Any

from pydantic import model_validator

from patang.kite_replies.base import Amount, Day, Figure, Moment, Reply, Text

__all__ = [
    "Candle",
    "Depth",
    "DepthLevel",
    "LastPrice",
    "ListedInstrument",
    "Ohlc",
    "OhlcQuote",
    "Quote",
    "TriggerRange",
]

_CANDLE = ("date", "open", "high", "low", "close", "volume", "oi")


class Ohlc(Reply):
    """The day's prices; `close` is the day's before."""

    open: Amount = None
    high: Amount = None
    low: Amount = None
    close: Amount = None


class DepthLevel(Reply):
    """A price of the order book, and what stands at it."""

    price: Amount = None
    quantity: int = 0
    orders: int = 0


class Depth(Reply):
    """The five best prices of each side, the best first."""

    buy: tuple[DepthLevel, ...] = ()
    sell: tuple[DepthLevel, ...] = ()


class LastPrice(Reply):
    """A quote of /quote/ltp."""

    instrument_token: int
    last_price: Figure


class OhlcQuote(LastPrice):
    """A quote of /quote/ohlc."""

    ohlc: Ohlc = Ohlc()


class Quote(OhlcQuote):
    """A quote of /quote; an index has no depth and no trades."""

    timestamp: Moment = None
    last_trade_time: Moment = None
    last_quantity: int = 0
    buy_quantity: int = 0
    sell_quantity: int = 0
    volume: int = 0
    average_price: Amount = None
    oi: int = 0
    oi_day_high: int = 0
    oi_day_low: int = 0
    net_change: Amount = None
    lower_circuit_limit: Amount = None
    upper_circuit_limit: Amount = None
    depth: Depth = Depth()


class TriggerRange(Reply):
    """Between what the stop of a cover order may be."""

    instrument_token: int = 0
    lower: Amount
    upper: Amount
    percentage: Amount = None


class Candle(Reply):
    """A bar, labelled at its start. `oi` where it was asked for."""

    date: datetime
    open: Figure
    high: Figure
    low: Figure
    close: Figure
    volume: int
    oi: int | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_row(cls, value: Any) -> Any:
        # The API sends rows without names; the official client names them.
        return dict(zip(_CANDLE, value, strict=False)) if isinstance(value, list | tuple) else value


class ListedInstrument(Reply):
    """A line of the instruments dump."""

    instrument_token: int
    exchange_token: int
    tradingsymbol: str
    name: Text = ""
    last_price: Amount = None
    expiry: Day = None
    strike: Amount = None
    tick_size: Figure
    lot_size: int
    instrument_type: str
    segment: str
    exchange: str
