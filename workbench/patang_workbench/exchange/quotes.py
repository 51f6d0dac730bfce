"""Quotes and historical candles in the form of Kite's replies."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any, Final

from patang_workbench.exchange.candles import aggregate, iso
from patang_workbench.exchange.errors import InputError
from patang_workbench.exchange.floor import Floor
from patang_workbench.exchange.hours import IST, rupees
from patang_workbench.exchange.lines import Level, Line
from patang_workbench.exchange.orders import stamp

__all__ = ["candles", "full_quote", "ltp_quote", "ohlc_quote", "trigger_range"]

# Minutes of each interval, and the days one request may span.
_INTERVALS: Final = {
    "minute": (1, 60),
    "3minute": (3, 100),
    "5minute": (5, 100),
    "10minute": (10, 100),
    "15minute": (15, 200),
    "30minute": (30, 200),
    "60minute": (60, 400),
    "day": (24 * 60, 2000),
}


def ltp_quote(_: Floor, line: Line) -> dict[str, Any]:
    """A quote of /quote/ltp."""
    return {"instrument_token": line.instrument.token, "last_price": rupees(line.last)}


def ohlc_quote(floor: Floor, line: Line) -> dict[str, Any]:
    """A quote of /quote/ohlc."""
    ohlc = {
        "open": rupees(line.open),
        "high": rupees(line.high),
        "low": rupees(line.low),
        "close": rupees(line.previous_close),
    }
    return {**ltp_quote(floor, line), "ohlc": ohlc}


def full_quote(floor: Floor, line: Line) -> dict[str, Any]:
    """A quote of /quote, with depth and circuit limits for what can be traded."""
    quote = {
        **ohlc_quote(floor, line),
        "timestamp": _moment(line.stamp),
        "net_change": rupees(line.last - line.previous_close),
    }
    if line.instrument.is_index:
        return quote
    low, high = floor.band(line)
    return {
        **quote,
        "last_trade_time": _moment(line.last_trade),
        "last_quantity": line.last_quantity,
        "buy_quantity": sum(level[1] for level in line.bids),
        "sell_quantity": sum(level[1] for level in line.asks),
        "volume": line.volume,
        "average_price": rupees(line.average),
        "oi": line.oi,
        "oi_day_high": line.oi_high,
        "oi_day_low": line.oi_low,
        "lower_circuit_limit": rupees(low),
        "upper_circuit_limit": rupees(high),
        "depth": {"buy": _levels(line.bids), "sell": _levels(line.asks)},
    }


def trigger_range(floor: Floor, line: Line, side: str) -> dict[str, Any]:
    """Where the stop of a cover order may be, of an order on `side`: between the price and its circuit."""
    low, high = floor.band(line)
    ends = (low, line.last) if side == "BUY" else (line.last, high)
    return {"instrument_token": line.instrument.token, "lower": rupees(ends[0]), "upper": rupees(ends[1])}


def candles(floor: Floor, token: str, interval: str, query: Mapping[str, str]) -> list[list[object]]:
    """Rows of /instruments/historical. Raises InputError for a bad token, interval or range."""
    if interval not in _INTERVALS:
        raise InputError(f"Invalid interval {interval!r}; use one of {', '.join(_INTERVALS)}.")
    line = floor.lines.get(int(token)) if token.isdecimal() else None
    if line is None:
        raise InputError("invalid token")
    minutes, longest = _INTERVALS[interval]
    first = _instant(query, "from", time(0, 0))
    last = _instant(query, "to", time(23, 59, 59))
    if last < first:
        raise InputError("invalid from date: it is after the to date")
    if (last - first).days > longest:
        raise InputError(f"interval exceeds max limit: {longest} days")
    # Candles are counted from the open of each day: fold whole days, then cut to what was asked for.
    start = int(datetime.combine(first.date(), time(0, 0), IST).timestamp())
    with_oi = query.get("oi", "0") == "1"
    if interval == "day":
        return [iso(bar, with_oi) for bar in floor.days(line, start, int(last.timestamp()))]
    bars = aggregate(floor.minutes(line, start, int(last.timestamp())), minutes)
    return [iso(bar, with_oi) for bar in bars if bar.start >= int(first.timestamp())]


def _levels(levels: tuple[Level, ...]) -> list[dict[str, Any]]:
    return [{"price": rupees(price), "quantity": units, "orders": orders} for price, units, orders in levels]


def _moment(epoch: int) -> str | None:
    return stamp(datetime.fromtimestamp(epoch, UTC).astimezone(IST))


def _instant(query: Mapping[str, str], name: str, default: time) -> datetime:
    text = query.get(name, "")
    try:
        if len(text) == len("2016-08-16"):
            return datetime.combine(date.fromisoformat(text), default, IST)
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"invalid {name} date {text!r}: use yyyy-mm-dd hh:mm:ss") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=IST)
