"""The desk from the ticker's frames to closed minutes, around a simulated exchange floor."""

import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from functions.ingester.flow import TickFlow
from patang.features.closing import MinuteCloser
from patang.features.service import FeatureService
from patang.market.candles import ClosedMinute
from patang.market.frames import decode
from patang.market.instrument_table import InstrumentTable
from patang.market.instruments import Instrument, Universe
from patang.market.sessions import IST
from patang.market.universe import save_universe
from patang.settings import Settings
from patang_workbench.exchange.candles import MarketData
from patang_workbench.exchange.floor import Floor
from patang_workbench.exchange.instruments import csv_dump
from patang_workbench.exchange.stream import frame
from patang_workbench.exchange.tape import Density
from tests.fakes import (
    FixedClock,
    MemoryObjects,
    MemoryStore,
    RecordedDeadLetters,
    RecordedMetrics,
    RecordedWorkflows,
)

__all__ = ["DATA", "SHARD", "Pipeline", "Stream"]

SHARD = "shardId-000000000000"
DATA = Path(os.environ.get("PATANG_DATA") or Path(__file__).parents[4] / "shared" / "data")


class Stream:
    """A tick stream of one shard, both its ends."""

    def __init__(self) -> None:
        self.records: list[tuple[str, bytes]] = []
        self.delivered = 0

    def lane(self, key: str) -> str:
        return SHARD

    def put(self, records: Sequence[tuple[str, bytes]]) -> None:
        for _, data in records:
            self.mark(data)

    def mark(self, data: bytes) -> None:
        self.records.append((str(10**30 + len(self.records)), data))

    def take(self) -> list[tuple[str, bytes]]:
        batch, self.delivered = self.records[self.delivered :], len(self.records)
        return batch

    def shards(self) -> list[str]:
        return [SHARD]

    def read(self, shard: str, after: str | None, until: str) -> Iterator[tuple[str, bytes]]:
        yield from (r for r in self.records if (after is None or r[0] > after) and r[0] < until)


class Pipeline:
    """The desk from the ticker on. `flush_seconds` of market time go into each put, as at that speed."""

    def __init__(self, market: MarketData, flush_seconds: int, option_ticks: int = 4) -> None:
        self.market = market
        self.floor = Floor(market, 7, Density(near_option=option_ticks, far_option=1))
        self.flush_seconds = flush_seconds
        self.store, self.objects, self.stream = MemoryStore(), MemoryObjects(), Stream()
        self.workflows, self.metrics = RecordedWorkflows(), RecordedMetrics()
        self.universe = Universe(day=market.session, instruments=tuple(watched(self.floor)))
        self.tokens = self.universe.by_token()
        save_universe(self.store, self.objects, self.universe)
        clock = FixedClock(datetime.combine(market.session, datetime.min.time(), IST))
        self.flow = TickFlow(self.stream, self.universe, clock.now)
        self.service = self.instance()

    def instance(self) -> FeatureService:
        closer = MinuteCloser(self.store, self.objects, self.stream, self.workflows, self.metrics)
        return FeatureService(
            self.store,
            self.objects,
            self.stream,
            closer,
            RecordedDeadLetters(),
            Settings,
            self.metrics,
            FixedClock(),
        )

    def run(self, first: int, last: int, *, feed: bool = True) -> None:
        """Play seconds of the epoch; without `feed` the connection is down."""
        for epoch in range(first, last):
            lines = [line for line in self.floor.advance(epoch) if line.instrument.token in self.tokens]
            if lines and feed:
                self.flow.add(decode(frame(line.packet() for line in lines)).ticks)
            if epoch % self.flush_seconds == 0 or epoch == last - 1:
                self.flow.flush()
                self.service.process(self.stream.take(), SHARD)

    def minutes(self) -> list[ClosedMinute]:
        paths = self.objects.list("minutes/")
        return [ClosedMinute.model_validate_json(self.objects.blobs[path]) for path in paths]


def watched(floor: Floor) -> list[Instrument]:
    """Everything but the options of the second expiry."""
    listed = list(InstrumentTable.from_csv(csv_dump(floor.instruments)))
    nearest = min(row.expiry for row in listed if row.instrument_type in ("CE", "PE"))
    return [
        row.instrument()
        for row in listed
        if row.instrument_type not in ("CE", "PE", "FUT") or row.expiry == nearest
    ]
