"""What a store keeps of a symbol: its candles, or its days in a line each."""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from patang.adapters.candle_tables import columns_as
from patang.errors import BadInput, StopTrading
from patang.market.bar_hours import day_hours, expected_starts
from patang.market.findings import CandleColumns, Interval, day_of, days_of, moment_of
from patang.market.named_hours import segment_named
from patang.market.sessions import IST
from patang_workbench.history.store import CandleStore

__all__ = ["Day", "candle_rows", "day_summaries"]


@dataclass(frozen=True, slots=True)
class Day:
    """A day's bars: how many, first and last start (HH:MM), and how many the session lacks.

    `missing` is None where the exchange calendar does not know the day. `bars` 0: the broker has none.
    """

    date: date
    bars: int
    first: str | None
    last: str | None
    missing: int | None

    def json(self) -> dict[str, Any]:
        return asdict(self) | {"date": self.date.isoformat()}


def candle_rows(
    store: CandleStore, symbol: str, interval: Interval, first: date, last: date
) -> list[dict[str, Any]]:
    """The bars of these days, oldest first, times as ISO text in IST. Raises BadInput if there is none."""
    found = []
    for row in _table(store, symbol, interval, first, last).to_pylist():
        kept = {name: row.get(name) for name in ("open", "high", "low", "close", "volume", "oi")}
        found.append({"timestamp": row["timestamp"].astimezone(IST).isoformat(), **kept})
    return found


def day_summaries(store: CandleStore, symbol: str, interval: Interval) -> list[Day]:
    """Every day that the store knows of a symbol."""
    pulled = store.pulled(symbol, interval)
    segment = segment_named(symbol) if pulled is None else pulled.segment
    table = _table(store, symbol, interval, date.min, date.max)
    candles = columns_as(table, symbol, interval, segment, symbol)
    numbers = days_of(candles.start)
    days = {number: _summary(candles, numbers == number) for number in np.unique(numbers).tolist()}
    found = {day.date: day for day in days.values()}
    for day in () if pulled is None else (day for day, bars in pulled.days.items() if not bars):
        found.setdefault(day, Day(day, 0, None, None, None))
    return [found[day] for day in sorted(found)]


def _table(store: CandleStore, symbol: str, interval: Interval, first: date, last: date) -> pa.Table:
    table = store.read(symbol, interval, first, last)
    if table is not None and table.num_rows:
        return table
    if store.parts(interval, symbol):
        raise BadInput(f"the store has no candles of {symbol} then: patang data show {symbol} lists its days")
    raise BadInput(
        f"the store has no candles of {symbol} ({interval}): patang data pull {symbol} fetches them"
    )


def _summary(candles: CandleColumns, rows: np.ndarray[Any, np.dtype[np.bool_]]) -> Day:
    starts = candles.start[rows]
    day = day_of(int(days_of(starts[:1])[0]))
    try:
        hours = day_hours(day, candles.segment)
        expected = starts[:0] if hours is None else expected_starts(day, hours, candles.step)
        missing = int(np.count_nonzero(~np.isin(expected, starts)))
    except StopTrading:
        missing = None
    first, last = (f"{moment_of(int(starts[place])):%H:%M}" for place in (0, -1))
    return Day(day, len(starts), first, last, missing)
