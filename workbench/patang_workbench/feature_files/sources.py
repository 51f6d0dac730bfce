"""Where candles are, a symbol's files at a time: a file of one or many symbols, or a folder of such."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from patang.adapters.candle_tables import columns_as
from patang.errors import BadInput

__all__ = ["CandleFile", "Rows", "Survey", "read_rows", "survey"]

# A store's folder of the symbol, and what follows the symbol in the name of a file: candles_TCS_2024-01-01.
_FOLDER = re.compile(r"^symbol=(.+)$")
_STEM = re.compile(r"^(?:candles_)?(.+?)(?:_\d.*)?$")
# Of a whole store only these are read; beside them lie trades, chains, ticks and the days' bars.
_ONE_MINUTE_CANDLES = "historical_candles"
_QUARANTINE = "quarantine"
_BATCH = 131_072


@dataclass(frozen=True, slots=True)
class CandleFile:
    """A Parquet file; `symbol` is None where a column tells it."""

    path: Path
    symbol: str | None


@dataclass(frozen=True, slots=True)
class Survey:
    """What there is: rows and files of each symbol, in the symbols' order. `no_zone`: files whose times have
    no zone. `intervals`: what a column of that name holds."""

    rows: dict[str, int]
    files: dict[str, tuple[CandleFile, ...]]
    no_zone: tuple[Path, ...]
    intervals: frozenset[str]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Candles of one symbol as they lie in one file: starts in epoch seconds, prices in rupees, and the rows
    (from 0) that they are in it."""

    file: CandleFile
    at: NDArray[np.int64]
    start: NDArray[np.int64]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    close: NDArray[np.float64]


def survey(candles: Path, out: Path) -> Survey:
    """Look through a file or a folder, but for `out`. Raises BadInput where there are no candles."""
    rows: dict[str, int] = defaultdict(int)
    files: dict[str, dict[CandleFile, None]] = defaultdict(dict)
    no_zone: list[Path] = []
    intervals: set[str] = set()
    for path in _paths(candles, out):
        try:
            with pq.ParquetFile(path) as parquet:
                schema: pa.Schema = parquet.schema_arrow
                if any(pa.types.is_timestamp(f.type) and f.type.tz is None for f in schema):
                    no_zone.append(path)
                if "interval" in schema.names:
                    intervals |= _counts(parquet, "interval").keys()
                if "symbol" in schema.names:
                    found, file = _counts(parquet, "symbol"), CandleFile(path, None)
                else:
                    symbol = _named(path)
                    found, file = {symbol: parquet.metadata.num_rows}, CandleFile(path, symbol)
        except (pa.ArrowInvalid, OSError) as error:
            raise BadInput(f"{path} is no Parquet file that can be read: {error}") from error
        for symbol, count in found.items():
            rows[symbol] += count
            files[symbol][file] = None
    if not sum(rows.values()):
        raise BadInput(f"{candles} holds no candles in Parquet files")
    symbols = sorted(rows)
    return Survey(
        {symbol: rows[symbol] for symbol in symbols},
        {symbol: tuple(files[symbol]) for symbol in symbols},
        tuple(no_zone),
        frozenset(intervals),
    )


def read_rows(file: CandleFile, symbols: Collection[str], interval: str | None) -> Iterator[tuple[str, Rows]]:
    """What a file holds of some symbols, and of one interval where a column tells them apart; a stretch of
    the file at a time. Raises BadInput for a column that is missing or makes no sense."""
    with pq.ParquetFile(file.path) as parquet:
        read = [name for name in parquet.schema_arrow.names if name not in {"volume", "oi"}]
        first = 0
        for batch in parquet.iter_batches(_BATCH, columns=read):
            at = np.arange(first, first + batch.num_rows)
            first += batch.num_rows
            table = pa.Table.from_batches([batch])
            if interval is not None and "interval" in table.column_names:
                wanted = pc.equal(table["interval"].cast(pa.string()), interval).to_numpy()
                table, at = table.filter(pa.array(wanted)), at[wanted]
            for symbol, rows in _by_symbol(table, file.symbol):
                if symbol in symbols and len(rows):
                    yield symbol, _rows(table.take(pa.array(rows)), symbol, file, at[rows])


def _paths(candles: Path, out: Path) -> list[Path]:
    if candles.is_file():
        return [candles]
    if not candles.is_dir():
        raise BadInput(f"{candles} is neither a file nor a folder")
    if (candles / _ONE_MINUTE_CANDLES).is_dir():
        candles /= _ONE_MINUTE_CANDLES
    return [
        path
        for path in sorted(candles.rglob("*.parquet"))
        if path.name[0] not in "._"
        and _QUARANTINE not in path.relative_to(candles).parts
        and path.resolve() != out.resolve()
    ]


def _named(path: Path) -> str:
    for folder in reversed(path.parts):
        if match := _FOLDER.match(folder):
            return unquote(match[1])
    match = _STEM.match(path.stem)
    return match[1] if match else path.stem


def _counts(parquet: pq.ParquetFile, column: str) -> dict[str, int]:
    """How many rows have each value of a column of texts."""
    found: dict[str, int] = defaultdict(int)
    for batch in parquet.iter_batches(_BATCH, columns=[column]):
        for entry in pc.value_counts(batch.column(0).cast(pa.string())).to_pylist():
            if entry["values"] is None:
                raise BadInput(f"{entry['counts']} rows have no {column}")
            found[entry["values"]] += entry["counts"]
    return found


def _by_symbol(table: pa.Table, symbol: str | None) -> Iterator[tuple[str, NDArray[np.intp]]]:
    if symbol is not None:
        yield symbol, np.arange(table.num_rows)
        return
    encoded = table["symbol"].combine_chunks().cast(pa.string()).dictionary_encode()
    codes = encoded.indices.to_numpy()
    order = np.argsort(codes, kind="stable")
    names = encoded.dictionary.to_pylist()
    ends = np.searchsorted(codes[order], np.arange(len(names)), side="right")
    yield from zip(names, np.split(order, ends[:-1]), strict=True)


def _rows(table: pa.Table, symbol: str, file: CandleFile, at: NDArray[np.int64]) -> Rows:
    # The length of the bars is found later, from all of them; volume and hours are not asked for here.
    found = columns_as(table, symbol, "minute", "cash", str(file.path))
    return Rows(file, at, found.start, found.high, found.low, found.close)
