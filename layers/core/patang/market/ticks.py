"""Ticks on their way: one numpy record a tick, packed behind the envelope of a stream record."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from patang.errors import BadInput
from patang.market.envelope import RecordKind, envelope, open_envelope

__all__ = ["TICK", "RecordKind", "StreamRecord", "pack", "unpack"]

# Prices in rupees, sizes in units, exchange_time in epoch seconds; volume is cumulative over the day.
TICK = np.dtype([
    ("token", "<u4"), ("exchange_time", "<i8"), ("last_price", "<f8"), ("volume", "<i8"), ("oi", "<i8"),
    ("bid", "<f8"), ("ask", "<f8"), ("bid_quantity", "<i8"), ("ask_quantity", "<i8"),
    ("buy_quantity", "<i8"), ("sell_quantity", "<i8"), ("close", "<f8"),
])  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class StreamRecord:
    """One record of the tick stream; `ticks` has dtype TICK.

    `underlying` is that of all its ticks, or EVERYBODY where they have several, which share a shard then.
    `since`, of a gap: from when on ticks may be missing, None where that is not known.
    """

    kind: RecordKind
    market_time: datetime
    underlying: str
    ticks: NDArray[np.void]
    since: datetime | None = None


def pack(record: StreamRecord) -> bytes:
    """The bytes that go onto the stream."""
    count = len(record.ticks)
    head = envelope(record.kind, record.market_time, record.underlying, count, since=record.since)
    return head + record.ticks.astype(TICK, copy=False).tobytes()


def unpack(data: bytes) -> StreamRecord:
    """The record in `data`. Raises BadInput that says what is wrong with it."""
    head, start = open_envelope(data)
    if len(data) - start != head.count * TICK.itemsize:
        raise BadInput(
            f"a tick record announces {head.count} ticks but carries {len(data) - start} bytes of them"
        )
    ticks = np.frombuffer(data, TICK, head.count, start)
    return StreamRecord(head.kind, head.market_time, head.underlying, ticks, head.since)
