"""The store of candles, to read and to write: `patang.adapters.candle_archive` says how it is laid out."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import boto3

from patang.adapters.aws.s3 import S3Objects
from patang.adapters.candle_archive import CandleArchive, Pulled, candle_folder, pulled_path
from patang.adapters.candle_tables import read_table
from patang.adapters.folder import FolderObjects
from patang.adapters.parquet import ParquetTables
from patang.errors import BadInput
from patang.market.findings import Interval
from patang.ports import Attributes, ObjectStore, TableWriter

__all__ = ["CandleStore", "store_at"]


class CandleStore(CandleArchive):
    """Candles in an object store. `tables` writes them."""

    def __init__(self, objects: ObjectStore, tables: TableWriter) -> None:
        super().__init__(objects)
        self._tables = tables

    def keep_pulled(self, symbol: str, interval: Interval, pulled: Pulled) -> None:
        """Note what was asked; the candles must be there before."""
        content = pulled.model_dump_json(indent=1).encode()
        self.objects.put(pulled_path(symbol, interval), content, content_type="application/json")

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


def store_at(place: str) -> CandleStore:
    """The store of a folder, or of a bucket called s3://BUCKET with the owner's own AWS credentials."""
    scheme, _, rest = place.partition("://")
    if not rest:
        return CandleStore(FolderObjects(Path(place)), ParquetTables())
    bucket = rest.rstrip("/")
    if scheme != "s3" or "/" in bucket:
        raise BadInput(f"{place!r} is no store: give a folder or s3://BUCKET")
    return CandleStore(S3Objects(boto3.client("s3"), bucket), ParquetTables())


def _part_path(symbol: str, interval: Interval, day: date) -> str:
    if interval == "day":
        return (
            f"{candle_folder(interval)}/symbol={symbol}/year={day.year}/candles_{symbol}_{day.year}.parquet"
        )
    return f"{candle_folder(interval)}/symbol={symbol}/date={day}/candles_{symbol}_{day}.parquet"
