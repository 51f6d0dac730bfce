"""Tables of candles, however their columns are called, as arrays."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from patang.errors import BadInput
from patang.market.exchange_calendar import Segment
from patang.market.findings import INTERVAL_MINUTES, CandleColumns, Interval, days_of

__all__ = ["columns_as", "read_table"]

_TIMES = ("timestamp", "ts", "datetime", "date", "time")
_PRICES = ("open", "high", "low", "close")
_NAMES_OF: dict[int, Interval] = {minutes: name for name, minutes in INTERVAL_MINUTES.items()}


def read_table(content: bytes, suffix: str, name: str) -> pa.Table:
    """The bytes of a Parquet or CSV file as a table. Raises BadInput that names the file."""
    try:
        if suffix == ".csv":
            return pyarrow.csv.read_csv(io.BytesIO(content))
        return pq.read_table(io.BytesIO(content))
    except (pa.ArrowInvalid, OSError) as error:
        raise BadInput(f"{name} is no table of candles that can be read: {error}") from error


def columns_as(
    table: pa.Table, symbol: str, interval: Interval | None, segment: Segment, name: str
) -> CandleColumns:
    """A table as the candles of one symbol; `interval` None: as far apart as most bars are.

    A time without a zone is read as IST. Raises BadInput, with the file's `name`, where a column is missing.
    """
    start = _starts(table, name)
    missing = [price for price in _PRICES if price not in table.column_names]
    if missing:
        raise BadInput(f"{name} has no column {', '.join(missing)}: it has {', '.join(table.column_names)}")
    volume = _floats(table, "volume") if "volume" in table.column_names else np.zeros(len(start))
    open_, high, low, close = (_floats(table, price) for price in _PRICES)
    length = interval or _interval_of(start, name)
    return CandleColumns(symbol, length, segment, start, open_, high, low, close, volume)


def _starts(table: pa.Table, name: str) -> NDArray[np.int64]:
    found = [column for column in _TIMES if column in table.column_names]
    if not found:
        raise BadInput(f"{name} has no column of times: call it {' or '.join(_TIMES)}")
    column = table[found[0]].combine_chunks()
    if pa.types.is_string(column.type):
        column = pc.cast(column, pa.timestamp("s"), safe=False)
    if pa.types.is_date(column.type):
        column = pc.cast(column, pa.timestamp("s"))
    if not pa.types.is_timestamp(column.type):
        raise BadInput(f"{name} has times of type {column.type} in {found[0]}: they must be timestamps")
    if column.null_count:
        raise BadInput(f"{name} has {column.null_count} rows without a time in {found[0]}")
    if column.type.tz is None:
        column = pc.assume_timezone(column, "Asia/Kolkata")
    seconds = pc.cast(column, pa.timestamp("s", column.type.tz), safe=False).cast(pa.int64())
    starts: NDArray[np.int64] = seconds.to_numpy()
    return starts


def _floats(table: pa.Table, column: str) -> NDArray[np.float64]:
    values: NDArray[np.float64] = (
        table[column].combine_chunks().cast(pa.float64()).to_numpy(zero_copy_only=False)
    )
    return values


def _interval_of(start: NDArray[np.int64], name: str) -> Interval:
    """The interval most bars of a day are apart; a day where no day has two bars."""
    ordered = np.unique(start)
    apart = np.diff(ordered)[np.diff(days_of(ordered)) == 0]
    if not len(apart):
        return "day"
    steps, counts = np.unique(apart, return_counts=True)
    seconds = int(steps[np.argmax(counts)])
    found = _NAMES_OF.get(seconds // 60)
    if found is None or seconds % 60:
        raise BadInput(f"the bars of {name} are {seconds} s apart: none of {', '.join(INTERVAL_MINUTES)}")
    return found
