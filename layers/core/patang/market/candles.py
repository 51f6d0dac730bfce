"""Candles: what a bar is, and what a closed minute holds."""

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict

__all__ = ["Candle", "ClosedMinute", "Quote", "minutes_of"]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Candle(_Value):
    """One bar: prices in rupees, volume in units, `timestamp` is its start."""

    symbol: str
    timestamp: datetime
    open: float
    high: float
    low: float
    close: float
    volume: int
    oi: int | None = None


class Quote(_Value):
    """Last known state of an instrument at a minute's close. Zero bid or ask: none was seen.

    `oi_trend`: change of the open interest over the last fifteen minutes, in percent; None if not known.
    """

    identifier: str
    last_price: float
    bid: float
    ask: float
    volume: int
    oi: int
    exchange_time: datetime
    oi_trend: float | None = None


class ClosedMinute(_Value):
    """What one shard knew when it closed a minute; kept as one object of the store.

    `features[symbol]` is the vector named by `feature_names`; `features_5m` and `features_15m` hold the
    candle features of the last closed bar of five and fifteen minutes. NaN is written as null; read why with
    patang.features.missing.reason_of, since `undefined[symbol]` (reason by feature, with _5m or _15m behind
    those of longer bars) leaves out what goes without saying. `gap`: the stream was interrupted within the
    minute, so that its highs and lows may have been missed.
    `candles` hold the closed one-minute bars of everything watched, options too. Of indices and equities,
    `candles_5m` and `candles_15m` hold the bars that ended with this minute, `candles_day` the session.
    """

    minute: datetime
    shard: str
    candles: tuple[Candle, ...]
    candles_5m: tuple[Candle, ...] = ()
    candles_15m: tuple[Candle, ...] = ()
    candles_day: tuple[Candle, ...] = ()
    feature_names: tuple[str, ...]
    features: dict[str, tuple[float | None, ...]]
    features_5m: dict[str, tuple[float | None, ...]] = {}
    features_15m: dict[str, tuple[float | None, ...]] = {}
    undefined: dict[str, dict[str, str]] = {}
    gap: bool = False
    quotes: tuple[Quote, ...]

    @staticmethod
    def path(minute: datetime, shard: str) -> str:
        """Where the object lives in the store."""
        return f"minutes/{minute:%Y-%m-%d}/{minute:%H%M}/{shard}.json"


def minutes_of(day: date) -> str:
    """Below which the closed minutes of a day lie."""
    return f"minutes/{day.isoformat()}/"
