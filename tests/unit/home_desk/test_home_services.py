"""What works for a home desk: a message that fails comes again, one that cannot be read does not, events are
linked."""

import logging
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from functions.ingester.lease import TurnRecord
from patang.errors import BadInput, TryAgain
from patang.keys import ingester_lease_key
from patang.records import create, load
from patang_workbench.home_desk.desk import HomeDesk
from patang_workbench.home_desk.environment import HomeEnvironment
from patang_workbench.home_desk.services import HomeServices
from patang_workbench.home_desk.setting_up import set_up

VARIABLES = {"KITE_API_KEY": "key", "KITE_API_SECRET": "secret", "KITE_USER_ID": "AB1234"}


class Lane:
    """Raises what it was given, one after the other; then it takes what comes."""

    def __init__(self, *faults: Exception) -> None:
        self.faults = list(faults)
        self.taken: list[dict[str, Any]] = []

    def process(self, body: dict[str, Any]) -> str:
        if self.faults:
            raise self.faults.pop(0)
        self.taken.append(body)
        return "ACKED"


class DeskOfLane(HomeDesk):
    """A home desk with that lane."""

    lane: Lane

    def order_lane(self) -> Any:
        return self.lane


def no_connection(*_: object) -> Any:
    raise AssertionError("nobody has logged in: nothing is connected")


@pytest.fixture
def desk(tmp_path: Path) -> DeskOfLane:
    given = HomeEnvironment.read(VARIABLES | {"PATANG_HOME": str(tmp_path)})
    found = DeskOfLane(given, lambda: "http://127.0.0.1:8721")
    found.lane = Lane()
    set_up(found, given)
    return found


@pytest.fixture
def working(desk: DeskOfLane) -> Iterator[HomeServices]:
    services = HomeServices(desk, no_connection)
    services.start()
    yield services
    services.end()


def until(holds: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("fault", [TryAgain("busy"), RuntimeError("nobody has meant this")])
def test_what_fails_comes_again_and_its_group_waits_for_it(
    desk: DeskOfLane, working: HomeServices, fault: Exception
) -> None:
    desk.lane.faults.append(fault)
    for number in (1, 2):
        desk.intent_queue.enqueue("main#exit", f"i{number}", {"account": "main", "intent_id": f"i{number}"})
    until(lambda: len(desk.lane.taken) == 2)
    assert [body["intent_id"] for body in desk.lane.taken] == ["i1", "i2"]
    until(lambda: desk.lane_messages.waiting() == 0)


def test_what_cannot_be_read_holds_nobody_up(
    desk: DeskOfLane, working: HomeServices, caplog: pytest.LogCaptureFixture
) -> None:
    desk.lane.faults.append(BadInput("no intent"))
    with caplog.at_level(logging.ERROR, logger="patang.home"):
        for number in (1, 2):
            desk.intent_queue.enqueue(
                "main#exit", f"i{number}", {"account": "main", "intent_id": f"i{number}"}
            )
        until(lambda: len(desk.lane.taken) == 1)
    assert desk.lane.taken[0]["intent_id"] == "i2"
    assert "no intent" in caplog.text


def test_what_fails_three_times_is_a_dead_letter(desk: DeskOfLane, working: HomeServices) -> None:
    desk.lane.faults += [TryAgain("away")] * 3
    desk.intent_queue.enqueue("main#exit", "i1", {"account": "main", "intent_id": "i1"})
    until(lambda: desk.dead_messages.waiting() == 1)
    assert desk.lane.taken == []
    assert desk.lane_messages.waiting() == 0


def test_its_ingester_goes_on_at_once_where_one_died(desk: DeskOfLane) -> None:
    """Another's lease it would have to wait for until it has run out."""

    def lease() -> TurnRecord:
        found = load(desk.store, TurnRecord, ingester_lease_key())
        assert found is not None
        return found

    until_when = desk.clock.now() + timedelta(minutes=5)
    desk.store.write(create(TurnRecord(holder="home", until=until_when)))
    services = HomeServices(desk, no_connection)
    services.start()
    try:
        until(lambda: lease().until != until_when)
        assert lease().holder == "home"
    finally:
        services.end()
    assert lease().until is None


def test_every_event_is_linked(desk: DeskOfLane, working: HomeServices) -> None:
    day = desk.clock.now().date()
    until(lambda: not desk.store.written(10))
    log = desk.audit_log()
    assert log.verify("main", day).entries > 0
    assert log.verify("main", day).ok
    assert log.unlinked("main", day) == []
