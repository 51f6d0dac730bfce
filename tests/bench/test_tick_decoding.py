"""From a frame to records that may be put, against the official client's parser: `pytest tests/bench -s`.

Ratios within one run; the times themselves say more of the machine than of the code.
"""

import gc
import random
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from statistics import median
from time import thread_time

import numpy as np
import pytest
from kiteconnect import KiteTicker

from functions.ingester.flow import TickFlow
from functions.ingester.partition import Partitions
from patang.market.frames import decode
from patang.market.instruments import Instrument, Universe
from patang.market.sessions import IST
from tests.unit.ingester.frames import OPEN, frame, full, index

_TURNS, _BURST = 10, 10
_PACKETS = 500
_NOON = datetime(2026, 8, 18, 12, tzinfo=IST)


def _share(n: int) -> Instrument:
    return Instrument(
        instrument_token=(1_000 + n) << 8 | (9 if n % 4 == 3 else 1),
        exchange="NSE",
        tradingsymbol=f"STOCK{n}",
        name=f"STOCK{n}",
        instrument_type="EQ",
        segment="NSE",
        tick_size=Decimal("0.05"),
        lot_size=1,
        feed=("full", "quote", "ltp", "full")[n % 4],
    )


UNIVERSE = Universe(day=date(2026, 8, 18), instruments=tuple(_share(n) for n in range(_PACKETS)))
TOKENS = [instrument.instrument_token for instrument in UNIVERSE.instruments]
FULL_FRAME = frame(*(full(token, n % 60) for n, token in enumerate(TOKENS)))


def _mixed_frame() -> bytes:
    """As many packets of each of full, quote, ltp and full of an index, in any order."""
    packets = [
        index(token, n % 60) if n % 4 == 3 else full(token, n % 60)[: (184, 44, 8)[n % 4]]
        for n, token in enumerate(TOKENS)
    ]
    random.Random(7).shuffle(packets)
    return frame(*packets)


class _Nowhere:
    """A stream with some shards that counts what it is given and keeps nothing."""

    def __init__(self, shards: int = 1) -> None:
        self.shards = shards
        self.records = 0

    def lane(self, key: str) -> str:
        return str(sum(key.encode()) % self.shards)

    def put(self, records: Sequence[tuple[str, bytes]]) -> None:
        self.records += len(records)

    def mark(self, data: bytes) -> None:
        self.records += self.shards


def _turns(*works: Callable[[], object]) -> list[float]:
    """Median seconds of the processor that each takes, in bursts and in turns, so that what else the machine
    does meets all alike.

    Without the garbage collector, which the official parser's many objects would call now and then.
    """
    times: list[list[float]] = [[] for _ in works]
    gc.disable()
    try:
        for _ in range(_TURNS):
            for work, taken in zip(works, times, strict=True):
                for _ in range(_BURST):
                    began = thread_time()
                    work()
                    taken.append(thread_time() - began)
    finally:
        gc.enable()
    return [median(taken) for taken in times]


@pytest.mark.parametrize(("name", "message"), [("full", FULL_FRAME), ("mixed", _mixed_frame())])
def test_a_frame_of_500_packets_to_records_that_may_be_put(name: str, message: bytes) -> None:
    official, partitions, stream = KiteTicker("key", "token"), Partitions(UNIVERSE), _Nowhere()
    flow = TickFlow(_Nowhere(), UNIVERSE, lambda: _NOON)

    def records() -> list[tuple[str, bytes]]:
        return partitions.records(decode(message).ticks, _NOON, stream.lane)

    def through_the_flow() -> int:
        flow.add(decode(message).ticks)
        return flow.flush()

    theirs, decoding, packing, flowing = _turns(
        lambda: official._parse_binary(message), lambda: decode(message), records, through_the_flow
    )
    assert len(official._parse_binary(message)) == len(decode(message).ticks) == _PACKETS
    print(
        f"\n500 {name} packets, times the official parser's rate: {theirs / decoding:.0f} decoded, "
        f"{theirs / packing:.0f} decoded and packed, {theirs / flowing:.0f} through the whole flow "
        f"(checked, collected, packed, marked); {1e6 * packing / _PACKETS:.2f} us a packet"
    )


@pytest.mark.parametrize("shards", [1, 4])
def test_records_a_second_of_500_symbols(shards: int) -> None:
    """A tick a second each, spread over the ten flushes of a second."""
    stream = _Nowhere(shards)
    flow = TickFlow(stream, UNIVERSE, lambda: _NOON)
    ticks = decode(FULL_FRAME).ticks
    each_alone = 0
    for second in range(10):
        ticks["exchange_time"] = OPEN + second
        for part in np.array_split(ticks, 10):
            flow.add(part.copy())
            flow.flush()
            each_alone += len(np.unique(part["token"]))
        each_alone += shards
    print(
        f"\n500 symbols on {shards} shards: {stream.records / 10:.0f} records a second "
        f"(markers included), {each_alone / 10:.0f} with a record an underlying"
    )
    assert stream.records < each_alone / 5
