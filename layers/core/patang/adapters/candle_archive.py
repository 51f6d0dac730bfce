"""Candles that a store keeps: one Parquet file a symbol and day, and beside them what was asked.

historical_candles/symbol=S/date=D/candles_S_D.parquet               one-minute bars
historical_candles_<interval>/symbol=S/date=D/candles_S_D.parquet    bars of 3 to 60 minutes
historical_candles_day/symbol=S/year=Y/candles_S_Y.parquet           bars of a day, a file a year
<folder>/symbol=S/_pulled.json                                       what was asked of the broker, and found
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel, ConfigDict, ValidationError

from patang.adapters.candle_tables import columns_as, read_table
from patang.errors import BadInput
from patang.market.exchange_calendar import Segment
from patang.market.findings import CandleColumns, Interval
from patang.market.named_hours import segment_named
from patang.ports import ObjectStore

__all__ = ["CandleArchive", "Part", "Pulled", "candle_folder", "pulled_path"]

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


class CandleArchive:
    """The candles of an object store, to read. Any file with the right columns is taken."""

    def __init__(self, objects: ObjectStore) -> None:
        self.objects = objects

    def pulled(self, symbol: str, interval: Interval) -> Pulled | None:
        """What was asked so far. Raises BadInput if the record of it is broken."""
        path = pulled_path(symbol, interval)
        content = self.objects.get(path)
        if content is None:
            return None
        try:
            return Pulled.model_validate_json(content)
        except ValidationError as error:
            raise BadInput(f"{path} does not parse: {error}; remove it and pull again") from error

    def parts(self, interval: Interval, symbol: str | None = None) -> list[Part]:
        """The files of candles, by symbol and time; of one symbol or of all."""
        prefix = (
            f"{candle_folder(interval)}/symbol={symbol}/" if symbol else f"{candle_folder(interval)}/symbol="
        )
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

    def symbols(self) -> tuple[str, ...]:
        """Whose minutes there are, in the order of their names."""
        return tuple(dict.fromkeys(part.symbol for part in self.parts("minute")))

    def minutes(self, symbol: str, first: date, last: date) -> CandleColumns | None:
        """The minutes of an index or a share; None where none are kept, and for a contract."""
        pulled = self.pulled(symbol, "minute")
        segment = segment_named(symbol) if pulled is None else pulled.segment
        table = None if segment == "derivatives" else self.read(symbol, "minute", first, last)
        if table is None or not table.num_rows:
            return None
        return columns_as(table, symbol, "minute", segment, f"the candles of {symbol}")


def candle_folder(interval: Interval) -> str:
    """Below which the candles of an interval are."""
    return "historical_candles" if interval == "minute" else f"historical_candles_{interval}"


def pulled_path(symbol: str, interval: Interval) -> str:
    """Where it stands what was asked of the broker."""
    # Readers of partitioned Parquet pass over names that begin with an underscore.
    return f"{candle_folder(interval)}/symbol={symbol}/_pulled.json"
