"""Candles of Parquet and CSV files as columns, however the file calls them."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from patang.adapters.candle_tables import columns_as, read_table
from patang.errors import BadInput
from patang.market.findings import INTERVAL_MINUTES, CandleColumns
from patang.market.named_hours import segment_named

__all__ = ["columns_of", "read_file"]

# Together they say whose bars they are; option chains often have no one name.
_NAMES = ("symbol", "underlying", "expiry", "strike", "opt")
# What follows the symbol in a file's name: NIFTY_1m_2022, candles_NIFTY_2024-01-01.
_STEM = re.compile(r"^(?:candles_)?(.+?)(?:_\d+(?:m|min|minute|d|day)?(?:_.*|-.*)?)?$")


def read_file(path: Path) -> Iterator[CandleColumns]:
    """Every symbol and interval of a file. Raises BadInput where it holds no candles."""
    if not path.is_file():
        raise BadInput(f"{path} is no file")
    name = _STEM.match(path.stem)
    symbol = path.stem if name is None else name[1]
    yield from columns_of(read_table(path.read_bytes(), path.suffix, str(path)), symbol, str(path))


def columns_of(table: pa.Table, symbol: str, name: str) -> Iterator[CandleColumns]:
    """A table's candles, one a symbol and interval; `symbol` where it has no such column.

    Raises BadInput as `columns_as` does.
    """
    for group, interval, rows in _groups(table, symbol):
        some = table if len(rows) == table.num_rows else table.take(pa.array(rows))
        found = columns_as(some, group, None, segment_named(group), name)
        yield found if interval not in INTERVAL_MINUTES else replace(found, interval=interval)


def _groups(table: pa.Table, symbol: str) -> Iterator[tuple[str, str, NDArray[np.intp]]]:
    """(symbol, interval as the file calls it or "", rows in the file's order)."""
    keys = [column for column in (*_NAMES, "interval") if column in table.column_names]
    code = np.zeros(table.num_rows, np.int64)
    texts: list[list[str]] = []
    for key in keys:
        encoded = table[key].combine_chunks().cast(pa.string()).dictionary_encode("encode")
        texts.append([text or "" for text in encoded.dictionary.to_pylist()])
        code = code * len(texts[-1]) + encoded.indices.to_numpy()
    order = np.argsort(code, kind="stable")
    values, begins = np.unique(code[order], return_index=True)
    for value, rows in zip(values.tolist(), np.split(order, begins[1:]), strict=True):
        parts: dict[str, str] = {}
        for key, those in reversed(list(zip(keys, texts, strict=True))):
            value, place = divmod(value, len(those))
            parts[key] = those[place]
        name = " ".join(parts[key] for key in _NAMES if parts.get(key))
        yield name or symbol, parts.get("interval", ""), rows
