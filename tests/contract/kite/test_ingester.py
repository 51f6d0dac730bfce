"""The ingester against the simulated exchange: ticks, markers, gaps, order frames, a new login."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict

import numpy as np
import pytest
from kiteconnect import KiteConnect

from functions.ingester.connection import Connection
from functions.ingester.ingester import Ingester
from patang.errors import TryAgain
from patang.market.instruments import Universe
from patang.market.ticks import StreamRecord, unpack
from patang.market.universe import load_universe, save_universe
from patang.settings import Settings
from tests.contract.kite.simulated_desk import DAY, SECOND_APP, request_token, resting_order, tell


@contextmanager
def running(desk) -> Iterator[None]:
    """An ingester beside the test."""
    stop, codes = threading.Event(), []
    thread = threading.Thread(target=lambda: codes.append(Ingester(desk, Connection, stop).run()))
    thread.start()
    yield
    stop.set()
    thread.join(10)
    assert codes == [0]


@pytest.fixture
def ingester(desk) -> Iterator[None]:
    with running(desk):
        yield


def until(seen: Callable[[], bool], seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def records(desk) -> list[StreamRecord]:
    return [unpack(data) for _, data in desk.tick_stream.records]


def universe_of(desk) -> Universe:
    universe = load_universe(desk.store, desk.objects, DAY)
    assert universe is not None
    return universe


def marks(desk, kind: str) -> list[StreamRecord]:
    return [mark for mark in map(unpack, desk.tick_stream.marks) if mark.kind == kind]


def test_every_tick_that_was_sent_reaches_the_stream_by_underlying(desk, simulator, ingester):
    until(lambda: bool(desk.tick_stream.records))
    tell(simulator, "clock", paused=False, speed=60, limit="2026-08-18T09:23:00")
    until(lambda: marks(desk, "marker") and f"{marks(desk, 'marker')[-1].market_time:%H:%M}" >= "09:22")
    until(lambda: sum(len(r.ticks) for r in records(desk)) >= simulator.exchange.hub.ticks_sent)
    underlying = {i.instrument_token: i.underlying for i in universe_of(desk).instruments}
    for key, data in desk.tick_stream.records:
        record = unpack(data)
        lanes = {desk.tick_stream.lane(underlying[token]) for token in record.ticks["token"].tolist()}
        assert lanes == {desk.tick_stream.lane(key)}
        assert len(data) < 25_000
    ticks = np.concatenate([record.ticks for record in records(desk)])
    for token in set(ticks["token"].tolist()):
        times = ticks["exchange_time"][ticks["token"] == token]
        assert (np.diff(times) >= 0).all(), underlying[token]
    assert {"NIFTY", "BANKNIFTY", "INFY"} <= {underlying[token] for token in ticks["token"].tolist()}


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
    order_id = desk.broker("main").place(resting_order(simulator))
    until(lambda: bool(desk.update_queue.updates))
    update = desk.update_queue.updates[0]
    assert (update["account"], update["source"]) == ("main", "frame")
    assert (update["order"]["order_id"], update["order"]["tag"]) == (order_id, "tag0001")


def test_another_accounts_orders_come_on_its_own_connection(desk, simulator):
    desk.accounts().add("second", "Second", SECOND_APP.api_key, SECOND_APP.api_secret, "CD5678", "owner")
    desk.accounts().complete_login("second", request_token(desk, "second"))
    with running(desk):
        until(lambda: len(simulator.exchange.hub.connections) == 2)
        desk.broker("second").place(resting_order(simulator))
        until(lambda: bool(desk.update_queue.updates))
    assert {update["account"] for update in desk.update_queue.updates} == {"second"}


def test_on_paper_the_real_accounts_orders_are_left_alone(desk, simulator):
    credentials, order = desk.accounts().credentials("main"), resting_order(simulator)
    elsewhere = KiteConnect(credentials.api_key, credentials.access_token, root=simulator.kite_root)
    desk.use(Settings(mode="paper", kite=desk.settings().kite))
    with running(desk):
        until(lambda: bool(desk.tick_stream.records))
        elsewhere.place_order(**{name: value for name, value in asdict(order).items() if value is not None})
        tell(simulator, "clock", paused=False)
        until(lambda: len(marks(desk, "marker")) > 2)
    assert desk.update_queue.updates == []


def test_a_start_in_mid_session_is_told_as_a_gap(desk, simulator):
    tell(simulator, "clock", paused=False, speed=5)
    for starts in (1, 2):
        desk.tick_stream.records.clear()
        with running(desk):
            until(lambda: len(desk.tick_stream.records) > 3)
        assert len(marks(desk, "gap")) == starts


def test_a_changed_universe_changes_the_subscription(desk, simulator, ingester):
    until(lambda: bool(desk.tick_stream.records))
    universe = universe_of(desk)
    fewer = universe.evolve(instruments=universe.instruments[:3])
    save_universe(desk.store, desk.objects, fewer)
    tokens = {instrument.instrument_token for instrument in fewer.instruments}
    until(lambda: [set(c.modes) for c in simulator.exchange.hub.connections] == [tokens])


def test_a_full_stream_loses_nothing(desk, simulator, ingester, monkeypatch):
    until(lambda: bool(desk.tick_stream.records))
    put = desk.tick_stream.put

    def refuse(records):
        raise TryAgain("the stream is full")

    monkeypatch.setattr(desk.tick_stream, "put", refuse)
    tell(simulator, "clock", paused=False, speed=60, limit="2026-08-18T09:21:00")
    time.sleep(1.5)
    monkeypatch.setattr(desk.tick_stream, "put", put)
    until(lambda: sum(len(r.ticks) for r in records(desk)) >= simulator.exchange.hub.ticks_sent)
