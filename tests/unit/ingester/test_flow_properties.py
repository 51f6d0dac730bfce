"""Whatever comes in whatever order, and however often the stream refuses: what readers may rely on."""

from datetime import datetime

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from functions.ingester.flow import TickFlow
from functions.ingester.partition import Partitions
from patang.errors import TryAgain
from patang.market.frames import decode
from patang.market.sessions import IST
from patang.market.ticks import StreamRecord, unpack
from tests.unit.ingester.frames import CALL, INFY, NIFTY, UNIVERSE, frame, full, index

NOW = datetime(2026, 8, 18, 9, 15, tzinfo=IST)
UNDERLYING = {i.instrument_token: i.underlying for i in UNIVERSE.instruments}

# A tick of INFY, of the call, or of the index; or a flush whose first so many calls of the stream are taken
# before the next is refused (None: all are).
ticks = st.tuples(st.sampled_from([INFY, CALL, NIFTY]), st.integers(0, 120), st.integers(1, 300))
flushes = st.none() | st.integers(0, 4)
days = st.lists(st.one_of(st.lists(ticks, min_size=1, max_size=8), flushes), max_size=40)


class Stream:
    """Takes `left` calls, then refuses; a call that is refused may have been half accepted."""

    def __init__(self, lanes: dict[str, str]) -> None:
        self.log: list[StreamRecord] = []
        self.lanes = lanes
        self.left: int | None = None

    def lane(self, key: str) -> str:
        return self.lanes[key]

    def put(self, records: list[tuple[str, bytes]]) -> None:
        taken = records if self._takes() else records[: len(records) // 2]
        self.log += [unpack(data) for _, data in taken]
        if taken is not records:
            raise TryAgain("half of it")

    def mark(self, data: bytes) -> None:
        if not self._takes():
            raise TryAgain("no")
        self.log.append(unpack(data))

    def _takes(self) -> bool:
        if self.left is None:
            return True
        self.left -= 1
        return self.left >= 0


def message(some: list[tuple]) -> bytes:
    return frame(
        *(
            index(NIFTY.instrument_token, second, 2_500_000 + volume)
            if instrument is NIFTY
            else full(instrument.instrument_token, second, 150_000 + volume)
            for instrument, second, volume in some
        )
    )


def as_set(some: np.ndarray) -> set[bytes]:
    return {tick.tobytes() for tick in some}


@given(days, st.sampled_from([{"INFY": "a", "NIFTY": "b"}, {"INFY": "a", "NIFTY": "a"}]))
def test_everything_gets_there_and_no_marker_comes_too_early(day, lanes) -> None:
    stream = Stream(lanes)
    flow = TickFlow(stream, UNIVERSE, lambda: NOW)
    received: list[np.ndarray] = []
    for step in [*day, None]:
        if isinstance(step, list):
            received.append(decode(message(step)).ticks)
            flow.add(received[-1].copy())
            continue
        stream.left, seen = step, len(stream.log)
        try:
            flow.flush()
        except TryAgain:
            assert step is not None
        if any(record.kind == "marker" for record in stream.log[seen:]):
            assert stream.log[-1].kind == "marker"
            there = as_set(np.concatenate([record.ticks for record in stream.log]))
            assert there == as_set(np.concatenate(received))
    assert flow.waiting == flow.shed == 0
    markers = [record.market_time.timestamp() for record in stream.log if record.kind == "marker"]
    assert markers == sorted(set(markers))
    if received:
        assert markers[-1] == np.concatenate(received)["exchange_time"].max()


many = st.lists(ticks, max_size=700)


@given(
    many, st.dictionaries(st.sampled_from(["INFY", "NIFTY"]), st.sampled_from("ab"), min_size=2, max_size=2)
)
def test_records_hold_everything_once_and_only_what_shares_a_lane(some, lanes) -> None:
    sent = decode(message(some)).ticks
    records = Partitions(UNIVERSE).records(sent, NOW, lanes.__getitem__)
    found = [unpack(data).ticks for _, data in records]
    for key, data in records:
        assert len(data) < 25_000
        tokens = unpack(data).ticks["token"].tolist()
        assert {lanes[UNDERLYING[token]] for token in tokens} == {lanes[key]}
    for underlying in lanes:
        mine = [token for token, name in UNDERLYING.items() if name == underlying]
        before, after = (
            [tick.tobytes() for part in parts for tick in part if tick["token"] in mine]
            for parts in ([sent], found)
        )
        assert before == after
    assert len(records) <= len(set(lanes.values())) + len(sent) // 256
