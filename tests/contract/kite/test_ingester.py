"""The ingester against the simulated exchange: ticks, markers, gaps, order frames, a new login."""

import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from functions.ingester.connection import Connection
from functions.ingester.ingester import Ingester
from patang.market.ticks import StreamRecord, unpack
from patang.ports import OrderRequest
from tests.contract.kite.simulated_desk import request_token, tell


@pytest.fixture
def ingester(desk, simulator) -> Iterator[threading.Event]:
    """Runs beside the test until it ends."""
    stop = threading.Event()
    codes = []
    thread = threading.Thread(target=lambda: codes.append(Ingester(desk, Connection, stop).run()))
    thread.start()
    yield stop
    stop.set()
    thread.join(10)
    assert codes == [0]


def until(seen: Callable[[], bool], seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def records(desk) -> list[StreamRecord]:
    return [unpack(data) for _, data in desk.tick_stream.records]


def marks(desk, kind: str) -> list[StreamRecord]:
    return [mark for mark in map(unpack, desk.tick_stream.marks) if mark.kind == kind]


def test_every_tick_that_was_sent_reaches_the_stream_by_underlying(desk, simulator, ingester):
    until(lambda: bool(desk.tick_stream.records))
    tell(simulator, "clock", paused=False, speed=60, limit="2026-08-18T09:23:00")
    until(lambda: marks(desk, "marker") and f"{marks(desk, 'marker')[-1].market_time:%H:%M}" >= "09:22")
    until(lambda: sum(len(r.ticks) for r in records(desk)) >= simulator.exchange.hub.ticks_sent)
    for key, data in desk.tick_stream.records:
        assert unpack(data).underlying == key
        assert len(data) < 25_000
    for name in ("NIFTY", "BANKNIFTY", "INFY"):
        times = np.concatenate([r.ticks["exchange_time"] for r in records(desk) if r.underlying == name])
        assert (np.diff(times[len(times) // 2 :]) >= 0).all()


def test_a_lost_connection_is_told_and_healed(desk, simulator, ingester):
    until(lambda: bool(desk.tick_stream.records))
    tell(simulator, "clock", paused=False, speed=5)
    until(lambda: len(marks(desk, "marker")) > 2)
    gaps = len(marks(desk, "gap"))
    tell(simulator, "fault", kind="drop_connections")
    until(lambda: len(marks(desk, "gap")) > gaps)
    seen = len(desk.tick_stream.records)
    until(lambda: len(desk.tick_stream.records) > seen + 5)


def test_a_new_login_is_in_use_without_a_restart(desk, simulator, ingester):
    until(lambda: bool(desk.tick_stream.records))
    old = desk.accounts().credentials("main")
    simulator.exchange.logins.log_out(old.api_key, old.access_token)
    tell(simulator, "fault", kind="drop_connections")
    until(lambda: desk.accounts().session("main").state == "EXPIRED")
    desk.clock.advance(10)
    gaps = len(marks(desk, "gap"))
    desk.accounts().complete_login("main", request_token(desk))
    until(lambda: len(marks(desk, "gap")) > gaps)


def test_order_frames_reach_the_queue_as_the_broker_sent_them(desk, simulator, ingester):
    until(lambda: bool(desk.tick_stream.records))
    last = desk.market_data().quotes(["NSE:INFY"])["NSE:INFY"]["last_price"]
    order = OrderRequest(
        "regular", "NSE", "INFY", "BUY", 1, "LIMIT", "MIS", "DAY", "frame1", price=f"{last * 0.97:.1f}"
    )
    order_id = desk.broker("main").place(order)
    until(lambda: bool(desk.update_queue.updates))
    update = desk.update_queue.updates[0]
    assert (update["account"], update["source"]) == ("main", "frame")
    assert (update["order"]["order_id"], update["order"]["tag"]) == (order_id, "frame1")
