"""Where `patang instruments` takes a dump from: a file, a store, or the broker."""

import io
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from patang.errors import BadInput
from patang.market.instrument_dumps import dump_days, dump_path, load_dump, read_dump
from patang.market.instrument_table import InstrumentTable
from patang.market.isins import IsinList, load_isins, read_isins
from patang.ports import ObjectStore

__all__ = ["Dump", "dump_of_file", "dump_of_store", "isins_of_file"]

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_PARQUET = b"PAR1"


@dataclass(frozen=True, slots=True)
class Dump:
    """A dump, where it is from, and the day it is of, if that is known."""

    table: InstrumentTable
    source: str
    day: date | None


def dump_of_file(path: Path) -> Dump:
    """From CSV, compressed CSV or Parquet; the day is what its name says. Raises BadInput."""
    content = _bytes_of(path)
    table = _parquet(content, path) if content[:4] == _PARQUET else read_dump(content, str(path))
    said = _DAY.search(path.name)
    return Dump(table, str(path), date.fromisoformat(said[0]) if said else None)


def dump_of_store(objects: ObjectStore, place: str, day: date | None) -> Dump:
    """A day's dump of a store, the newest without a day, with the ISINs known now. Raises BadInput."""
    days = dump_days(objects)
    if not days:
        raise BadInput(f"{place} keeps no instruments: patang instruments pull --store {place}")
    wanted = day or days[-1]
    table = load_dump(objects, wanted)
    if table is None:
        raise BadInput(f"{place} keeps no instruments of {wanted}: the newest are of {days[-1]}")
    return Dump(table.with_isins(load_isins(objects)), f"{place.rstrip('/')}/{dump_path(wanted)}", wanted)


def isins_of_file(path: Path) -> IsinList:
    """NSE's list of securities from a file. Raises BadInput."""
    try:
        return read_isins(_bytes_of(path).decode("utf-8-sig", "replace"))
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from error


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error}") from error


def _parquet(content: bytes, path: Path) -> InstrumentTable:
    try:
        return InstrumentTable.from_rows(pq.read_table(io.BytesIO(content)).to_pylist())
    except (pa.ArrowException, BadInput) as error:
        raise BadInput(f"{path} does not parse: {error}") from error
