"""Recorded seconds of real days as ticks, and the candles that others made of the same days."""

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from patang.market.bars import MINUTE, BarBuilder
from patang.market.sessions import Session, session_on
from patang.market.ticks import TICK

__all__ = ["DATA", "FIELDS", "by_day", "columns", "minute_bars", "session_of"]

DATA = Path(os.environ.get("PATANG_DATA") or Path(__file__).parents[4] / "shared" / "data")
FIELDS = ("open", "high", "low", "close")
type Columns = dict[str, NDArray[np.generic]]


def columns(path: str, *names: str) -> Columns:
    """Columns of a recorded file; `ts` as epoch seconds, prices rounded to the printed paisa."""
    pq = pytest.importorskip("pyarrow.parquet")
    if not (DATA / path).exists():
        pytest.skip(f"{DATA / path} is absent: set PATANG_DATA to the folder of recorded market data")
    table = pq.read_table(DATA / path, columns=list(names))
    found: Columns = {}
    for name in names:
        column = table[name].to_numpy()
        if name == "ts":
            column = column.astype("datetime64[s]").astype(np.int64)
        elif column.dtype == np.float32:
            column = np.round(column.astype(np.float64), 2)
        found[name] = column
    return found


def by_day(table: Columns) -> Iterator[tuple[date, Columns]]:
    """The rows of each day in IST, in order of time."""
    order = np.argsort(table["ts"], kind="stable")
    table = {name: column[order] for name, column in table.items()}
    days = (table["ts"] + 19_800) // 86_400
    for day in np.unique(days).tolist():
        rows = slice(*np.searchsorted(days, [day, day + 1]))
        yield date(1970, 1, 1).fromordinal(719_163 + day), {n: c[rows] for n, c in table.items()}


def session_of(day: date) -> Session:
    session = session_on(day)
    assert session is not None
    return session


def minute_bars(day: date, seconds: NDArray[np.int64], price: Columns, volume: Columns) -> NDArray[np.void]:
    """The day's bars that those ticks make: one a minute of the session, 0 ticks where there is none."""
    opening, closing = (
        np.array([int(moment.timestamp())]) for moment in (session_of(day).open, session_of(day).close)
    )
    ticks = np.zeros(len(seconds), TICK)
    ticks["exchange_time"], ticks["last_price"], ticks["volume"] = seconds, price, volume
    builder = BarBuilder(opening, closing, closing)
    bars = []
    for minute in range(opening[0], closing[0], MINUTE):
        some = ticks[slice(*np.searchsorted(seconds, [minute, minute + MINUTE]))]
        builder.add(np.zeros(len(some), np.intp), some)
        bars.append(builder.close(minute).bars[0])
    return np.array(bars)
