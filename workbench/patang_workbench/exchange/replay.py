"""A market of real one-minute candles, read from Parquet files.

India VIX has daily candles only, in `daily/indices_daily_2015_2025_yfinance.parquet`; its minutes, and its
days where the file is absent, are made up.

Layout of the folder: `index_1m/NIFTY_1m.parquet` and `index_1m/BANKNIFTY_1m.parquet` with ts, open, high,
low, close; `stocks_intraday/*1m*.parquet` with symbol, ts, open, high, low, close, volume. Bars are labelled
at their start; float32 prices are rounded to the printed paisa.
"""

from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from patang.market.sessions import is_open
from patang_workbench.exchange.candles import Bar, DayCandles, MarketData
from patang_workbench.exchange.hours import IST, hours_of
from patang_workbench.exchange.vix import VIX, vix_candles, vix_days

__all__ = ["ReplayError", "replay_market"]

_INDEX_FILES = {"NIFTY 50": "NIFTY_1m.parquet", "NIFTY BANK": "BANKNIFTY_1m.parquet"}
_DAILY = "daily/indices_daily_2015_2025_yfinance.parquet"
_STOCKS = "stocks_intraday/stocks50_1m_2016-08_09.parquet"
_SEED = 7
"""Draws what was not recorded."""
_LOOK_BACK = timedelta(days=3)
"""Calendar days read for each day of history, so that week-ends and holidays leave enough."""


class ReplayError(ValueError):
    """The chosen date or folder cannot be replayed; the message says what exists."""


def replay_market(folder: Path, session: date, history_days: int = 10) -> MarketData:
    """Real candles of `session` and up to `history_days` earlier days from the files below `folder`.

    The indices' days are the trading days; shares have history only as far as their file reaches.
    Raises ReplayError when a file or the date is absent.
    """
    try:
        hours_of(session)
    except ValueError as problem:
        raise ReplayError(str(problem)) from None
    start = session - history_days * _LOOK_BACK - timedelta(days=7)
    candles: dict[str, dict[date, DayCandles]] = {}
    for symbol, name in _INDEX_FILES.items():
        table = _read(folder / "index_1m" / name, start, session)
        candles[symbol] = _by_day(table)
        _require(symbol, candles[symbol], session, folder / "index_1m" / name)
    path = folder / _STOCKS
    shares = _read(path, start, session)
    symbols = sorted(pc.unique(shares["symbol"]).to_pylist())
    for symbol in symbols:
        candles[symbol] = _by_day(shares.filter(pc.equal(shares["symbol"], symbol)))
    if not any(session in candles[symbol] for symbol in symbols):
        raise ReplayError(f"no share has candles of {session} in {path}; {_range_of(path)}")
    earlier = sorted(day for day in candles["NIFTY 50"] if day < session)
    history = tuple(earlier[-history_days:]) if history_days else ()
    kept = {symbol: days for symbol, days in candles.items() if session in days}
    volatility = {**vix_days(_SEED, session), **_vix_recorded(folder / _DAILY, session)}
    kept[VIX] = {
        day: found
        for day, found in vix_candles(candles["NIFTY 50"], volatility, _SEED).items()
        if day in (*history, session)
    }
    indices = (*_INDEX_FILES, VIX)
    return MarketData(f"replay of {session}", session, history, indices, kept, {VIX: volatility})


def _vix_recorded(path: Path, session: date) -> dict[date, Bar]:
    """Daily candles of India VIX before `session`; none without the file."""
    if not path.is_file():
        return {}
    rows = pq.read_table(path, filters=[("symbol", "=", "INDIAVIX"), ("date", "<", session)]).to_pylist()
    return {row["date"]: _day_bar(row) for row in rows}


def _day_bar(row: dict[str, Any]) -> Bar:
    opened, high, low, close = (round(float(row[name]) * 100) for name in ("open", "high", "low", "close"))
    start = int(datetime.combine(row["date"], time(), IST).timestamp())
    return Bar(start, opened, high, low, close, 0)


def _read(path: Path, start: date, end: date) -> pa.Table:
    if not path.is_file():
        raise ReplayError(f"{path} does not exist: name the folder of the candles with --data or PATANG_DATA")
    first = datetime.combine(start, time(), IST)
    last = datetime.combine(end + timedelta(days=1), time(), IST)
    return pq.read_table(path, filters=[("ts", ">=", first), ("ts", "<", last)])


def _require(symbol: str, days: dict[date, DayCandles], session: date, path: Path) -> None:
    if session not in days:
        near = ", ".join(str(day) for day in sorted(days)[-3:]) or "none"
        raise ReplayError(
            f"{path} has no candles of {symbol} on {session}; days before it: {near}; {_range_of(path)}"
        )


def _range_of(path: Path) -> str:
    stamps = pc.min_max(pq.read_table(path, columns=["ts"])["ts"]).as_py()
    return f"the file covers {stamps['min'].date()} to {stamps['max'].date()}"


def _by_day(table: pa.Table) -> dict[date, DayCandles]:
    """Split one symbol's rows by trading day; rows outside the day's session are left out."""
    table = table.sort_by("ts")
    seconds = table["ts"].cast(pa.timestamp("s", tz="Asia/Kolkata"), safe=False).cast(pa.int64()).to_numpy()
    days = (seconds + 19800) // 86400
    prices = {
        name: np.rint(table[name].to_numpy().astype(np.float64) * 100).astype(np.int64)
        for name in ("open", "high", "low", "close")
    }
    volume = (
        table["volume"].to_numpy().astype(np.int64)
        if "volume" in table.column_names
        else np.zeros(len(days), dtype=np.int64)
    )
    found: dict[date, DayCandles] = {}
    for number in np.unique(days).tolist():
        day = date(1970, 1, 1) + timedelta(days=number)
        if not is_open(day):
            continue
        hours = hours_of(day)
        minute = (seconds - int(hours.open.timestamp())) // 60
        rows = (days == number) & (minute >= 0) & (minute < hours.minutes)
        if not rows.any():
            continue
        found[day] = DayCandles(
            minute[rows],
            prices["open"][rows],
            prices["high"][rows],
            prices["low"][rows],
            prices["close"][rows],
            volume[rows],
        )
    return found
