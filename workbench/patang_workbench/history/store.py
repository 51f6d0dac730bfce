"""Candles as a store keeps them: one Parquet file a symbol and day, and beside them what was asked.

historical_candles/symbol=S/date=D/candles_S_D.parquet               one-minute bars
historical_candles_<interval>/symbol=S/date=D/candles_S_D.parquet    bars of 3 to 60 minutes
historical_candles_day/symbol=S/year=Y/candles_S_Y.parquet           bars of a day, a file a year
<folder>/symbol=S/_pulled.json                                       what was asked of the broker, and found
"""

import io
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

import boto3
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, ValidationError

from patang.adapters.aws.s3 import S3Objects
from patang.adapters.folder import FolderObjects
from patang.adapters.parquet import ParquetTables
from patang.errors import BadInput
from patang.market.exchange_calendar import Segment
from patang.market.findings import Interval
from patang.ports import Attributes, ObjectStore, TableWriter
from patang_workbench.history.candle_files import read_table

__all__ = ["CandleStore", "Part", "Pulled", "parquet_bytes", "store_at"]

_PART = re.compile(r"/symbol=(?P<symbol>[^/]+)/(?:date|year)=(?P<span>[0-9-]+)/[^/]+\.parquet$")


class Pulled(BaseModel):
    """What was asked of the broker for one symbol and interval.

    `days` are the sessions that are complete, each with the number of its bars; zero: the broker has none.
    `unfinished` are those asked for while they ran, which are asked for again.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    identifier: str
    segment: Segment
    days: dict[date, int] = {}
    unfinished: dict[date, int] = {}

    def with_days(self, complete: Mapping[date, int], unfinished: Mapping[date, int]) -> "Pulled":
        """With more days known; one that is complete now is unfinished no longer."""
        days = dict(sorted({**self.days, **complete}.items()))
        open_days = {d: n for d, n in {**self.unfinished, **unfinished}.items() if d not in complete}
        return self.model_copy(update={"days": days, "unfinished": open_days})


@dataclass(frozen=True, slots=True)
class Part:
    """One file of candles: a day's, or a year's of daily bars."""

    path: str
    symbol: str
    span: str

    def overlaps(self, first: date, last: date) -> bool:
        """Whether it may hold bars of `first` to `last`."""
        return self.span >= first.isoformat()[: len(self.span)] and self.span <= last.isoformat()


class CandleStore:
    """Candles in an object store. `tables` writes them; reading takes any file with the right columns."""

    def __init__(self, objects: ObjectStore, tables: TableWriter) -> None:
        self.objects = objects
        self._tables = tables

    def pulled(self, symbol: str, interval: Interval) -> Pulled | None:
        """What was asked so far. Raises BadInput if the record of it is broken."""
        path = _record(symbol, interval)
        content = self.objects.get(path)
        if content is None:
            return None
        try:
            return Pulled.model_validate_json(content)
        except ValidationError as error:
            raise BadInput(f"{path} does not parse: {error}; remove it and pull again") from error

    def keep_pulled(self, symbol: str, interval: Interval, pulled: Pulled) -> None:
        """Note what was asked; the candles must be there before."""
        content = pulled.model_dump_json(indent=1).encode()
        self.objects.put(_record(symbol, interval), content, content_type="application/json")

    def put(self, symbol: str, interval: Interval, rows: Sequence[Attributes]) -> None:
        """Write a symbol's bars in the place of all that these days held."""
        parts: dict[str, list[Attributes]] = defaultdict(list)
        for row in rows:
            parts[_part_path(symbol, interval, row["timestamp"].date())].append(row)
        for path, some in parts.items():
            if interval == "day":
                days = {row["timestamp"].date() for row in some}
                some = [*self._others(path, days), *some]
            self.objects.put(path, self._tables.candles(sorted(some, key=lambda row: row["timestamp"])))

    def _others(self, path: str, days: set[date]) -> list[Attributes]:
        content = self.objects.get(path)
        if content is None:
            return []
        held: list[Attributes] = read_table(content, ".parquet", path).to_pylist()
        return [row for row in held if row["timestamp"].date() not in days]

    def parts(self, interval: Interval, symbol: str | None = None) -> list[Part]:
        """The files of candles, by symbol and time; of one symbol or of all."""
        prefix = f"{_folder(interval)}/symbol={symbol}/" if symbol else f"{_folder(interval)}/symbol="
        found = []
        for path in self.objects.list(prefix):
            match = _PART.search(path)
            if match:
                found.append(Part(path, match["symbol"], match["span"]))
        return sorted(found, key=lambda part: (part.symbol, part.span))

    def tables(self, parts: Iterable[Part]) -> Iterator[tuple[Part, bytes, pa.Table]]:
        """Each file's bytes and table. Raises BadInput for one that cannot be read."""
        for part in parts:
            content = self.objects.get(part.path)
            if content is not None:
                yield part, content, read_table(content, ".parquet", part.path)

    def read(self, symbol: str, interval: Interval, first: date, last: date) -> pa.Table | None:
        """A symbol's bars of these days, both included, by time; None where none are kept."""
        parts = [part for part in self.parts(interval, symbol) if part.overlaps(first, last)]
        tables = [table for _, _, table in self.tables(parts)]
        if not tables:
            return None
        table = pa.concat_tables(tables, promote_options="default").sort_by("timestamp")
        days = pc.cast(pc.local_timestamp(table["timestamp"]), pa.date32())
        return table.filter(pc.and_(pc.greater_equal(days, first), pc.less_equal(days, last)))


def store_at(place: str) -> CandleStore:
    """The store of a folder, or of a bucket called s3://BUCKET with the owner's own AWS credentials."""
    scheme, _, rest = place.partition("://")
    if not rest:
        return CandleStore(FolderObjects(Path(place)), ParquetTables())
    bucket = rest.rstrip("/")
    if scheme != "s3" or "/" in bucket:
        raise BadInput(f"{place!r} is no store: give a folder or s3://BUCKET")
    return CandleStore(S3Objects(boto3.client("s3"), bucket), ParquetTables())


def parquet_bytes(table: pa.Table) -> bytes:
    """A table as zstd-compressed Parquet."""
    out = io.BytesIO()
    pq.write_table(table, out, compression="zstd")
    return out.getvalue()


def _folder(interval: Interval) -> str:
    return "historical_candles" if interval == "minute" else f"historical_candles_{interval}"


def _record(symbol: str, interval: Interval) -> str:
    # Readers of partitioned Parquet pass over names that begin with an underscore.
    return f"{_folder(interval)}/symbol={symbol}/_pulled.json"


def _part_path(symbol: str, interval: Interval, day: date) -> str:
    if interval == "day":
        return f"{_folder(interval)}/symbol={symbol}/year={day.year}/candles_{symbol}_{day.year}.parquet"
    return f"{_folder(interval)}/symbol={symbol}/date={day}/candles_{symbol}_{day}.parquet"
