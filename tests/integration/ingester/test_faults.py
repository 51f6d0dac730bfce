"""The real ingester through a bad day: lines cut, frames spoiled, a stream that stalls and half refuses.

Everything that reached the process is accounted for: on the stream, or counted as shed; and readers can tell
where something is missing.
"""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from functions.ingester.connection import Connection
from functions.ingester.ingester import Ingester
from patang.adapters.aws.kinesis import KinesisStream
from patang.errors import BadInput
from patang.market.frames import decode
from patang.market.sessions import IST
from patang.market.ticks import StreamRecord, unpack
from patang.market.universe import load_universe
from patang_workbench.exchange.engine import Settings
from patang_workbench.exchange.server import Simulator
from patang_workbench.exchange.synthetic import synthetic_market
from tests.contract.kite.simulated_desk import (
    APP,
    DAY,
    SimulatedDesk,
    give_universe,
    request_token,
    resting_order,
    tell,
)
from tests.integration.ingester.stand_ins import Network, SpoiledKinesis, Tap, shard_of

SHARDS = 3
BACKLOG_BYTES = 350_000
STALLED_SECONDS = 600
_OPEN = int(datetime(2026, 8, 18, tzinfo=IST).timestamp())


def until(seen: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


class Day:
    """A desk whose ingester runs, and everything that happened to it."""

    def __init__(self, simulator: Simulator, network: Network) -> None:
        self.simulator = simulator
        self.network = network
        self.kinesis = SpoiledKinesis(SHARDS)
        self.heard: list[tuple[object, bytes]] = []
        self.orders: list[str] = []
        self.codes: list[int] = []
        self.desk = SimulatedDesk(simulator)
        self.desk.tick_stream = KinesisStream(self.kinesis, "ticks")
        settings = self.desk.settings()
        kite = settings.kite.model_copy(update={"ticker_root": network.root})
        # Few options, which are quiet: most ticks are then more than a candle needs.
        universe = settings.universe.model_copy(update={"strikes_each_side": 1})
        self.desk.use(settings.model_copy(update={"kite": kite, "universe": universe}))
        self.desk.accounts().complete_login("main", request_token(self.desk))
        give_universe(self.desk)
        self.stop = threading.Event()
        self.ingester = Ingester(
            self.desk,
            lambda root, account, credentials, inbox: Connection(
                root, account, credentials, Tap(inbox, self.heard)
            ),
            self.stop,
            backlog_bytes=BACKLOG_BYTES,
        )
        self.thread = threading.Thread(target=lambda: self.codes.append(self.ingester.run()))

    @property
    def frames(self) -> list[bytes]:
        return [frame for _, frame in list(self.heard)]

    def market_second(self) -> int:
        return max(int(sound(frame)["exchange_time"].max(initial=0)) for frame in self.frames[-20:])

    def records(self, shard: int) -> list[StreamRecord]:
        return [unpack(data) for data in list(self.kinesis.kept[shard])]

    def gaps(self, shard: int) -> list[StreamRecord]:
        return [record for record in self.records(shard) if record.kind == "gap"]

    def order(self) -> None:
        """An order whose frame has to come through."""
        request = resting_order(self.simulator, tag=f"tag{len(self.orders)}")
        self.orders.append(self.desk.broker("main").place(request))

    def arrived(self) -> set[str]:
        return {update["order"]["order_id"] for update in self.desk.update_queue.updates}

    def for_frames(self, more: int) -> None:
        seen = len(self.frames)
        until(lambda: len(self.frames) >= seen + more)


def sound(frame: bytes) -> NDArray[np.void]:
    """The ticks of a frame that has to get through: whole, and of the day."""
    try:
        ticks = decode(frame).ticks
    except BadInput:
        return np.empty(0, decode(b"").ticks.dtype)
    return ticks[ticks["exchange_time"] >= _OPEN]


def candles(ticks: NDArray[np.void]) -> dict[tuple[int, int], tuple[float, ...]]:
    """Open, high, low, close and cumulative volume by (token, minute): what the desk makes of ticks."""
    ticks = ticks[ticks["last_price"] > 0]
    ticks = ticks[np.lexsort((ticks["volume"], ticks["exchange_time"]))]
    keys = ticks["token"].astype(np.int64) << 31 | ticks["exchange_time"] // 60
    found = {}
    for key in np.unique(keys):
        some = ticks[keys == key]
        prices = some["last_price"]
        found[int(key) >> 31, int(key) & (2**31 - 1)] = (
            prices[0], prices.max(), prices.min(), prices[-1], float(some["volume"][-1]),
        )  # fmt: skip
    return found


@pytest.fixture(scope="module")
def day() -> Iterator[Day]:
    """The day once; every test looks at another side of it."""
    market = synthetic_market(seed=11, session=DAY, history_days=2)
    settings = Settings(market=market, apps=(APP,), start="09:20:00", heartbeat=0.2)
    with Simulator(settings) as simulator, Network(simulator.ticker_root) as network:
        day = Day(simulator, network)
        day.thread.start()
        try:
            _run(day)
        finally:
            day.stop.set()
            day.thread.join(40)
        yield day


def _run(day: Day) -> None:
    until(lambda: len(day.frames) > 2)
    tell(day.simulator, "clock", paused=False, speed=30)
    day.order()
    day.for_frames(40)
    _cut(day)
    _spoil(day)
    _stall(day)
    day.for_frames(20)
    day.order()
    until(lambda: day.arrived() >= set(day.orders))


def _cut(day: Day) -> None:
    opened = day.network.opened
    day.network.cut()
    until(lambda: day.network.opened > opened)
    day.for_frames(20)
    day.order()


def _spoil(day: Day) -> None:
    for spoil in (
        lambda frame: frame[:-7],
        lambda frame: bytes([frame[0], frame[1] + 1]) + frame[2:],
        lambda frame: frame[:2] + bytes([frame[2], frame[3] ^ 0x10]) + frame[4:],
        lambda frame: frame + b"\x00\x08noise",
        lambda frame: frame[: len(frame) // 2],
    ):
        day.network.spoil.append(spoil)
        until(lambda: not day.network.spoil)
        day.for_frames(3)


def _stall(day: Day) -> None:
    began = day.market_second()
    day.kinesis.is_stalled = True
    limit = datetime.fromtimestamp(began + STALLED_SECONDS, IST)
    tell(day.simulator, "clock", paused=False, speed=120, limit=f"{limit:%Y-%m-%dT%H:%M:%S}")
    until(lambda: day.market_second() >= began + STALLED_SECONDS - 5)
    day.order()
    until(lambda: day.arrived() >= set(day.orders))
    day.kinesis.is_stalled = False
    end = limit + timedelta(minutes=2)
    tell(day.simulator, "clock", paused=False, speed=30, limit=f"{end:%Y-%m-%dT%H:%M:%S}")


@pytest.fixture(scope="module")
def received(day: Day) -> NDArray[np.void]:
    return np.concatenate([sound(frame) for frame in day.frames])


@pytest.fixture(scope="module")
def on_stream(day: Day) -> NDArray[np.void]:
    return np.concatenate(
        [r.ticks for shard in range(SHARDS) for r in day.records(shard) if r.kind == "ticks"]
    )


def test_it_ended_in_good_order(day: Day) -> None:
    assert day.codes == [0]
    assert day.kinesis.refused > 50


def test_every_tick_that_came_was_put_or_is_counted_as_shed(day: Day, received: NDArray[np.void]) -> None:
    counts = day.desk.metrics.counts
    assert counts["ticks_shed"] > 1_000
    assert counts["ticks"] + counts["ticks_shed"] == len(received)


def test_nothing_stands_on_the_stream_that_did_not_come(
    received: NDArray[np.void], on_stream: NDArray[np.void]
) -> None:
    assert {tick.tobytes() for tick in on_stream} <= {tick.tobytes() for tick in received}
    # The stream took a call and did not say so: those ticks went out again.
    assert len(on_stream) > len({tick.tobytes() for tick in on_stream})


def test_candles_are_those_of_everything_that_came_though_ticks_were_shed_and_repeated(
    received: NDArray[np.void], on_stream: NDArray[np.void]
) -> None:
    assert candles(on_stream) == candles(received)


def test_an_instrument_is_always_on_the_shard_of_its_underlying(day: Day) -> None:
    universe = load_universe(day.desk.store, day.desk.objects, DAY)
    shard = {i.instrument_token: shard_of(i.underlying, SHARDS) for i in universe.instruments}
    for number in range(SHARDS):
        for record in day.records(number):
            assert {shard[token] for token in record.ticks["token"].tolist()} <= {number}


def interruptions(day: Day) -> Iterator[tuple[int, int, int]]:
    """Where ticks were lost on the way: the place among the frames heard, and since when and until when in
    market time, as the process saw it."""
    second, before = 0, None
    for place, (source, frame) in enumerate(day.heard):
        until_now = int(sound(frame)["exchange_time"].max(initial=second))
        if before is not None and source is not before:
            yield place, second, until_now
        elif frame in day.network.spoiled:
            yield place, second, second
        second, before = until_now, source


@pytest.mark.parametrize("shard", range(SHARDS))
def test_readers_of_every_shard_are_told_of_each_interruption_before_what_follows_it(
    day: Day, shard: int
) -> None:
    happened = list(interruptions(day))
    assert len(happened) == 6
    for place, since, until_then in happened:
        earlier = {tick.tobytes() for frame in day.frames[:place] for tick in sound(frame)}
        later = {tick.tobytes() for frame in day.frames[place:] for tick in sound(frame)} - earlier
        told = False
        for record in day.records(shard):
            if record.kind == "gap" and record.since is not None:
                is_wide_enough = until_then <= record.market_time.timestamp()
                told |= record.since.timestamp() <= since and is_wide_enough
            assert told or later.isdisjoint(tick.tobytes() for tick in record.ticks), (since, until_then)
        assert told


def test_every_tick_that_was_shed_lies_in_a_gap(
    day: Day, received: NDArray[np.void], on_stream: NDArray[np.void]
) -> None:
    there = {tick.tobytes() for tick in on_stream}
    shed = received[[tick.tobytes() not in there for tick in received]]
    assert len(shed) > 1_000
    for shard in range(SHARDS):
        covered = np.zeros(len(shed), np.bool_)
        for gap in day.gaps(shard):
            if gap.since is not None:
                times = shed["exchange_time"]
                covered |= (times >= gap.since.timestamp()) & (times <= gap.market_time.timestamp())
        assert covered.all()


@pytest.mark.parametrize("shard", range(SHARDS))
def test_a_marker_never_comes_before_what_it_says_has_come(
    day: Day, shard: int, received: NDArray[np.void]
) -> None:
    """By the first marker that is late enough, everything of a minute is there that will ever be."""
    seen: list[NDArray[np.void]] = []
    marked = 0
    for record in day.records(shard):
        if record.kind == "marker":
            marked = max(marked, int(record.market_time.timestamp()))
        elif record.kind == "ticks":
            late = record.ticks[record.ticks["exchange_time"] < marked - 2]
            before = {tick.tobytes() for some in seen for tick in some}
            snapshots = {int(tick["token"]) for tick in late if tick.tobytes() not in before}
            seen.append(record.ticks)
            assert all(_is_first(day, token, late) for token in snapshots)


def _is_first(day: Day, token: int, late: NDArray[np.void]) -> bool:
    """Whether these are what a subscription began with: the instrument's last state, however old."""
    times = late["exchange_time"][late["token"] == token]
    return len(times) == 1


def test_every_order_frame_arrived_also_while_the_stream_was_stalled(day: Day) -> None:
    assert len(day.orders) == 4
    assert day.arrived() >= set(day.orders)


def test_the_spoiled_frames_are_counted_and_the_others_are_not(day: Day) -> None:
    assert day.desk.metrics.counts["bad_frames"] == len(day.network.spoiled) == 5
    assert day.desk.metrics.counts["reconnects"] == 1
