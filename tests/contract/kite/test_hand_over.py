"""Two ingesters at once, as when one version is deployed over another: one of them puts, never both."""

import copy
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

import pytest

from functions.ingester.connection import Connection
from functions.ingester.ingester import Ingester
from functions.ingester.lease import LEASE_SECONDS, TurnRecord
from patang.keys import ingester_lease_key
from patang.market.ticks import unpack
from patang.records import change, create, load, replace
from tests.contract.kite.simulated_desk import SECOND_APP, SimulatedDesk, request_token, tell


def until(seen: Callable[[], bool], seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


class WhoPuts:
    """The stream as one of them sees it, which notes by whom each record and marker came."""

    def __init__(self, desk: SimulatedDesk, name: str, putters: list[str]) -> None:
        self._stream = desk.tick_stream
        self._name = name
        self._putters = putters

    def lane(self, key: str) -> str:
        return self._stream.lane(key)

    def put(self, records: Sequence[tuple[str, bytes]]) -> None:
        self._putters.append(self._name)
        self._stream.put(records)

    def mark(self, data: bytes) -> None:
        self._putters.append(self._name)
        self._stream.mark(data)


class Ingesters:
    """Several of one desk, each in a thread of its own.

    `links`: the accounts of the connections each has opened; `putters`: by whom each put came; `codes`: how
    each has ended.
    """

    def __init__(self, desk: SimulatedDesk) -> None:
        self._desk = desk
        self.links: dict[str, list[str]] = {}
        self.putters: list[str] = []
        self.codes: dict[str, int] = {}
        self._running: dict[str, tuple[threading.Event, threading.Thread]] = {}

    def start(self, name: str) -> None:
        links = self.links.setdefault(name, [])

        def connect(root, account, credentials, inbox):
            links.append(account)
            return Connection(root, account, credentials, inbox)

        desk, stop = copy.copy(self._desk), threading.Event()
        desk.tick_stream = WhoPuts(self._desk, name, self.putters)
        ingester = Ingester(desk, connect, stop, name=name)
        thread = threading.Thread(target=lambda: self.codes.update({name: ingester.run()}))
        self._running[name] = stop, thread
        thread.start()

    def end(self, name: str) -> None:
        stop, thread = self._running.pop(name)
        stop.set()
        thread.join(20)
        assert not thread.is_alive()

    def wait_for(self, name: str) -> None:
        _, thread = self._running.pop(name)
        thread.join(20)
        assert not thread.is_alive()

    def end_all(self) -> None:
        for name in list(self._running):
            self.end(name)

    def puts_of(self, name: str) -> int:
        return self.putters.count(name)


@pytest.fixture
def ingesters(desk, simulator) -> Iterator[Ingesters]:
    made = Ingesters(desk)
    tell(simulator, "clock", paused=False, speed=5)
    yield made
    made.end_all()


def holder(desk: SimulatedDesk) -> TurnRecord | None:
    return load(desk.store, TurnRecord, ingester_lease_key())


def test_who_stands_by_opens_no_connection_not_even_for_orders(desk, ingesters):
    key, secret = SECOND_APP.api_key, SECOND_APP.api_secret
    desk.accounts().register.add("second", "Second", key, secret, "CD5678", "owner", allow=True)
    desk.accounts().complete_login("second", request_token(desk, "second"))
    ingesters.start("old")
    until(lambda: sorted(ingesters.links["old"]) == ["main", "second"])
    until(lambda: ingesters.puts_of("old") > 0)
    ingesters.start("new")
    time.sleep(2.5)
    assert ingesters.links["new"] == []
    assert ingesters.puts_of("new") == 0
    ingesters.end("old")
    until(lambda: sorted(ingesters.links["new"]) == ["main", "second"])


def test_one_goes_on_where_the_other_has_ended_and_no_tick_is_put_twice(desk, ingesters):
    ingesters.start("old")
    until(lambda: ingesters.puts_of("old") > 3)
    ingesters.start("new")
    before = time.monotonic()
    ingesters.end("old")
    until(lambda: ingesters.puts_of("new") > 3)
    taken = time.monotonic() - before
    ingesters.end_all()

    assert ingesters.codes == {"old": 0, "new": 0}
    assert [name for name, _ in groupby(ingesters.putters)] == ["old", "new"]
    assert taken < 10, "seconds, not the half minute that a lease of one who died lasts"
    gaps = [mark for mark in map(unpack, desk.tick_stream.marks) if mark.kind == "gap"]
    assert len(gaps) == 2, "each of them says that ticks may be missing before its first"
    assert holder(desk).until is None


def test_what_one_has_that_lost_its_lease_is_not_put(desk, ingesters):
    """Its process stood still for longer than the lease lasts, and another has gone on."""
    ingesters.start("old")
    until(lambda: ingesters.puts_of("old") > 3)
    change(desk.store, lambda: (None, [replace(holder(desk).evolve(holder="new"))]))
    ingesters.wait_for("old")
    seen = len(ingesters.putters)
    time.sleep(0.5)

    assert ingesters.codes == {"old": 1}
    assert len(ingesters.putters) == seen
    assert holder(desk).holder == "new", "it gave nothing up that is another's"


def test_one_that_died_is_waited_for_as_long_as_its_lease_lasts(desk, ingesters):
    until_when = desk.clock.now()
    desk.store.write(create(TurnRecord(holder="dead", until=until_when)))
    ingesters.start("new")
    time.sleep(1.5)
    assert ingesters.links["new"] == []
    desk.clock.advance(LEASE_SECONDS)
    until(lambda: ingesters.puts_of("new") > 0)
