"""Closed minutes as (features) keeps them, of a few instruments."""

from datetime import datetime

from patang.market.candles import Candle, ClosedMinute, Quote

__all__ = ["bar", "closed"]


def bar(symbol: str, start: datetime, price: float, volume: int = 10) -> Candle:
    return Candle(
        symbol=symbol,
        timestamp=start,
        open=price,
        high=price + 2,
        low=price - 1,
        close=price + 1,
        volume=volume,
    )


def closed(objects, minute: datetime, *candles: Candle, shard="one", five=(), exchange="NSE") -> None:
    names = {candle.symbol for candle in (*candles, *five)}
    quotes = tuple(
        Quote(
            identifier=f"{exchange}:{'NIFTY 50' if name == 'NIFTY' else name}",
            last_price=1,
            bid=0,
            ask=0,
            volume=0,
            oi=0,
            exchange_time=minute,
        )
        for name in sorted(names)
    )
    content = ClosedMinute(
        minute=minute,
        shard=shard,
        candles=candles,
        candles_5m=tuple(five),
        feature_names=(),
        features={},
        quotes=quotes,
    )
    objects.put(ClosedMinute.path(minute, shard), content.model_dump_json().encode())
