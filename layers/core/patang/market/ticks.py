"""Ticks on their way: one numpy record a tick, and the envelope of a stream record.

A stream record is the magic `PTK1`, the header's length (u32, little-endian), a JSON header and the packed
ticks. Kinds: `ticks`; `marker`, which says that all ticks up to its market time stand before it; `gap`, which
says that the connection was lost and ticks may be missing.
"""

import json
import struct
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from patang.errors import BadInput
from patang.market.sessions import IST

__all__ = ["TICK", "StreamRecord", "pack", "unpack"]

type RecordKind = Literal["ticks", "marker", "gap"]

# Prices in rupees, sizes in units, exchange_time in epoch seconds; volume is cumulative over the day.
TICK = np.dtype([
    ("token", "<u4"), ("exchange_time", "<i8"), ("last_price", "<f8"), ("volume", "<i8"), ("oi", "<i8"),
    ("bid", "<f8"), ("ask", "<f8"), ("bid_quantity", "<i8"), ("ask_quantity", "<i8"),
    ("buy_quantity", "<i8"), ("sell_quantity", "<i8"), ("close", "<f8"),
])  # fmt: skip

_MAGIC = b"PTK1"
_LENGTH = struct.Struct("<I")
_KINDS = ("ticks", "marker", "gap")


@dataclass(frozen=True, slots=True, eq=False)
class StreamRecord:
    """One record of the tick stream. `underlying` is its partition; `ticks` has dtype TICK."""

    kind: RecordKind
    market_time: datetime
    underlying: str
    ticks: NDArray[np.void]


def pack(record: StreamRecord) -> bytes:
    """The bytes that go onto the stream."""
    header = json.dumps(
        {
            "kind": record.kind,
            "market_time": record.market_time.isoformat(),
            "underlying": record.underlying,
            "count": len(record.ticks),
        }
    ).encode()
    return _MAGIC + _LENGTH.pack(len(header)) + header + record.ticks.astype(TICK, copy=False).tobytes()


def unpack(data: bytes) -> StreamRecord:
    """The record in `data`. Raises BadInput that says what is wrong with it."""
    if data[:4] != _MAGIC or len(data) < 8:
        raise BadInput(f"not a tick record: it begins with {data[:8]!r}")
    start = 8 + _LENGTH.unpack_from(data, 4)[0]
    try:
        header = json.loads(data[8:start])
        kind, count = header["kind"], int(header["count"])
        market_time = datetime.fromisoformat(header["market_time"]).astimezone(IST)
        underlying = str(header["underlying"])
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(f"a tick record's header does not parse: {data[8:start][:200]!r}") from error
    if kind not in _KINDS:
        raise BadInput(f"a tick record of unknown kind {kind!r}")
    if len(data) - start != count * TICK.itemsize:
        raise BadInput(f"a tick record announces {count} ticks but carries {len(data) - start} bytes of them")
    return StreamRecord(kind, market_time, underlying, np.frombuffer(data, TICK, count, start))
