"""The envelope of a stream record, which can be written and read without numpy.

A stream record is the magic `PTK1`, the header's length (u32, little-endian), a JSON header and the packed
ticks. Kinds: `ticks`; `marker`, which says that all ticks up to its market time stand before it; `gap`, which
says that ticks may be missing: from its `since` (where that is not known, as after a new start, from what
stands before it on the stream) until its market time.
"""

import json
import struct
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from patang.errors import BadInput
from patang.market.sessions import IST

__all__ = ["EVERYBODY", "Head", "RecordKind", "envelope", "open_envelope"]

type RecordKind = Literal["ticks", "marker", "gap"]

# What markers and gaps, which are on every shard, and ticks of several underlyings name as theirs.
EVERYBODY = "*"

_MAGIC = b"PTK1"
_LENGTH = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class Head:
    """The header of a stream record: `count` ticks follow it."""

    kind: RecordKind
    market_time: datetime
    underlying: str
    count: int
    since: datetime | None = None


def envelope(
    kind: RecordKind,
    market_time: datetime,
    underlying: str = EVERYBODY,
    count: int = 0,
    *,
    since: datetime | None = None,
) -> bytes:
    """What stands before `count` packed ticks; of a marker or a gap, the whole record."""
    # Written by hand: a second's records are many, and json.dumps is most of what packing one costs.
    ends = "" if since is None else f', "since": "{since.isoformat()}"'
    header = (
        f'{{"kind": "{kind}", "market_time": "{market_time.isoformat()}", '
        f'"underlying": {json.dumps(underlying)}, "count": {count}{ends}}}'
    ).encode()
    return _MAGIC + _LENGTH.pack(len(header)) + header


def open_envelope(data: bytes) -> tuple[Head, int]:
    """The header and where the ticks begin. Raises BadInput that says what is wrong."""
    if data[:4] != _MAGIC or len(data) < 8:
        raise BadInput(f"not a tick record: it begins with {data[:8]!r}")
    start = 8 + _LENGTH.unpack_from(data, 4)[0]
    try:
        header = json.loads(data[8:start])
        kind, count = header["kind"], int(header["count"])
        market_time = datetime.fromisoformat(header["market_time"])
        underlying = str(header["underlying"])
        since = datetime.fromisoformat(header["since"]).astimezone(IST) if "since" in header else None
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(f"a tick record's header does not parse: {data[8:start][:200]!r}") from error
    if kind not in ("ticks", "marker", "gap"):
        raise BadInput(f"a tick record of unknown kind {kind!r}")
    if market_time.tzinfo is None:
        raise BadInput(f"a tick record's market time has no offset: {header['market_time']!r}")
    return Head(kind, market_time.astimezone(IST), underlying, count, since), start
