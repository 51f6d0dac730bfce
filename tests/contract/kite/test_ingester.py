"""The ingester against the simulated exchange: ticks, markers, gaps, order frames, a new login."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from kiteconnect import KiteConnect

from functions.ingester.connection import Connection
from functions.ingester.ingester import Connect, Ingester
from patang.errors import TryAgain
from patang.market.instruments import Instrument, Universe
from patang.market.sessions import IST
from patang.market.ticks import StreamRecord, unpack
from patang.market.universe import load_universe, save_universe
from patang.portfolio.position import Position
from patang.records import create
from patang.settings import Settings
from tests.contract.kite.simulated_desk import DAY, SECOND_APP, request_token, resting_order, tell


@contextmanager
def running(desk, connect: Connect = Connection) -> Iterator[None]:
    """An ingester beside the test."""
    stop, codes = threading.Event(), []
    thread = threading.Thread(target=lambda: codes.append(Ingester(desk, connect, stop).run()))
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


def position_in(instrument: Instrument) -> Position:
    return Position(
        account="main",
        position_id="p1",
        mode="simulator",
        strategy="long_options",
        exchange=instrument.exchange,
        symbol=instrument.tradingsymbol,
        underlying=instrument.underlying,
        instrument_token=instrument.instrument_token,
        lot_size=instrument.lot_size,
        tick_size=instrument.tick_size,
        product="NRML",
        quantity=instrument.lot_size,
        entry_price=Decimal(100),
        entry_time=datetime(2026, 8, 18, 9, 20, tzinfo=IST),
        entry_intent_id="i1",
        entry_charges=Decimal(0),
        entry_slippage=Decimal(0),
        stop_loss_price=Decimal(60),
        target_price=Decimal(150),
    )


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


class NobodyThere:
    """A connection that never opens."""

    def __init__(self, account: str) -> None:
        self.account = account
        self.heard_at = time.monotonic()

    def close(self) -> None:
        return


def test_a_connection_that_stays_away_is_a_gap_while_the_others_close_minutes(desk, simulator, monkeypatch):
    monkeypatch.setattr("functions.ingester.feeds._INSTRUMENTS_A_CONNECTION", 20)
    monkeypatch.setattr("functions.ingester.ingester.MOST_INSTRUMENTS", 60)
    links: list[Connection] = []

    def connect(root, account, credentials, inbox):
        if len(links) == 3:
            return NobodyThere(account)
        links.append(Connection(root, account, credentials, inbox))
        return links[-1]

    with running(desk, connect):
        until(lambda: len(links) == 3 and len(marks(desk, "marker")) > 0)
        tell(simulator, "clock", paused=False, speed=60)
        until(lambda: len(marks(desk, "marker")) > 2)
        before = len(marks(desk, "gap"))
        links[-1].close()
        until(lambda: len(marks(desk, "gap")) >= before + 4)
    gaps = marks(desk, "gap")[before + 1 :]
    assert len({gap.since for gap in gaps}) == 1
    assert gaps[-1].market_time - gaps[0].market_time >= timedelta(seconds=60)


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
    key, secret = SECOND_APP.api_key, SECOND_APP.api_secret
    desk.accounts().register.add("second", "Second", key, secret, "CD5678", "owner", allow=True)
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


def asked_for(simulator) -> dict[int, str]:
    """What the exchange sends now, and in which modes."""
    return {
        token: mode for connection in list(simulator.exchange.hub.connections)
        for token, mode in list(connection.modes.items())
    }  # fmt: skip


def test_each_instrument_is_sent_in_its_own_mode_also_after_a_reconnect(desk, simulator):
    universe = universe_of(desk)
    feeds = ("full", "quote", "ltp")
    instruments = [
        instrument.model_copy(update={"feed": "full" if instrument.is_spot else feeds[n % 3]})
        for n, instrument in enumerate(universe.instruments)
    ]
    save_universe(desk.store, desk.objects, universe.evolve(instruments=tuple(instruments)))
    wanted = {instrument.instrument_token: instrument.feed for instrument in instruments}
    assert set(wanted.values()) == set(feeds)

    def as_wanted() -> bool:
        asked = asked_for(simulator)
        return len(asked) > 20 and asked.items() <= wanted.items()

    with running(desk):
        until(as_wanted)
        before = asked_for(simulator)
        connections = set(simulator.exchange.hub.connections)
        tell(simulator, "fault", kind="drop_connections")
        until(lambda: as_wanted() and connections.isdisjoint(simulator.exchange.hub.connections))
        # The subscription goes out in parts, so what stood before may have been the first of them.
        until(lambda: as_wanted() and asked_for(simulator).items() >= before.items())
        tell(simulator, "clock", paused=False, speed=30)
        quoted = {token for token, mode in before.items() if mode != "full"}
        until(lambda: any(quoted.intersection(r.ticks["token"].tolist()) for r in records(desk)))
    for record in records(desk):
        assert (record.ticks["exchange_time"] > 0).all()


def test_strikes_follow_the_spot_and_a_held_contract_stays(desk, simulator):
    settings = desk.settings()
    narrow = settings.universe.model_copy(update={"strikes_each_side": 1})
    desk.use(settings.model_copy(update={"universe": narrow}))
    options = [i for i in universe_of(desk).instruments if i.is_option and i.underlying == "NIFTY"]
    farthest = min(options, key=lambda option: option.strike)
    desk.store.write(create(position_in(farthest)))
    (nifty,) = [i for i in universe_of(desk).instruments if i.symbol == "NIFTY"]
    line = simulator.exchange.floor.by_key["NSE:NIFTY 50"]

    def at_the_money() -> set[int]:
        nearest = min({o.strike for o in options}, key=lambda strike: abs(float(strike) - line.last / 100))
        return {o.instrument_token for o in options if o.strike == nearest}

    def follows() -> bool:
        return asked_for(simulator).keys() >= at_the_money()

    with running(desk):
        until(lambda: follows() and nifty.instrument_token in asked_for(simulator))
        first = set(asked_for(simulator))
        assert len(first) < len(universe_of(desk).instruments)
        tell(simulator, "clock", paused=False, speed=240, limit="2026-08-18T10:50:00")
        until(lambda: set(asked_for(simulator)) != first, seconds=25)
        tell(simulator, "clock", paused=True)
        until(follows)
        assert farthest.instrument_token in asked_for(simulator)
