"""The home desk's queues: order within a group, what comes again, what is given up; the lane behind them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from patang_workbench.home_desk.database import Database
from patang_workbench.home_desk.queues import DEAD, HomeDeadLetters, HomeIntentQueue, HomeQueue
from patang_workbench.home_desk.state_store import HomeStore
from tests.fakes import FixedClock
from tests.unit.execution.lane_cases import calls_counted, new_intent, stored
from tests.unit.execution.trading_desk import Killed, TradingDesk

type Open = Callable[..., HomeQueue]


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def opened(tmp_path: Path, clock: FixedClock) -> Open:
    def open_queue(name: str = "orders", *, ordered: bool = True, most: int = 3) -> HomeQueue:
        # A process of its own each time, as far as the file is concerned.
        database = Database(tmp_path / "desk.sqlite")
        return HomeQueue(database, name, clock, ordered=ordered, hidden_seconds=60, most=most)

    return open_queue


def test_in_a_group_the_next_waits_until_the_first_is_dealt_with(opened: Open, clock: FixedClock) -> None:
    queue = opened()
    for group, n in (("main#exit", 1), ("main#exit", 2), ("main#entry", 3)):
        queue.send([{"n": n}], group)
    first, other = queue.receive(), opened().receive()
    assert first is not None
    assert other is not None
    assert (first.body["n"], other.body["n"]) == (1, 3)
    assert queue.receive() is None
    queue.delete(first)
    second = queue.receive()
    assert second is not None
    assert second.body["n"] == 2


def test_without_order_everybody_gets_another_message(opened: Open) -> None:
    queue = opened("updates", ordered=False)
    queue.send([{"n": 1}, {"n": 2}])
    got = [queue.receive(), opened("updates", ordered=False).receive(), queue.receive()]
    assert [None if each is None else each.body["n"] for each in got] == [1, 2, None]


def test_what_a_dead_process_had_comes_again_and_then_is_given_up(opened: Open, clock: FixedClock) -> None:
    queue = opened(most=2)
    queue.send([{"n": 1}], "g")
    assert queue.receive() is not None
    clock.advance(59)
    assert queue.receive() is None
    clock.advance(2)
    again = opened(most=2).receive()
    assert again is not None
    assert again.receives == 2
    assert not queue.give_back(again, 0)
    assert queue.waiting() == 0
    assert opened(DEAD, ordered=False).waiting() == 1


def test_a_delayed_message_is_not_received_before_its_time(opened: Open, clock: FixedClock) -> None:
    queue = opened("polls", ordered=False)
    queue.send([{"account": "main"}], delay=5)
    assert queue.receive() is None
    clock.advance(5)
    assert queue.receive() is not None


def test_dead_letters_keep_their_bytes(opened: Open) -> None:
    letters = opened(DEAD, ordered=False)
    HomeDeadLetters(letters).send("ticks", b"\xff\x00", "no tick record")
    kept = letters.receive()
    assert kept is not None
    assert kept.body == {"source": "ticks", "reason": "no tick record", "size": 2, "data": "/wA="}


@pytest.mark.parametrize(("step", "state"), [("before", "REJECTED"), ("after", "ACKED")])
def test_a_process_that_dies_at_the_broker_leaves_an_order_that_is_sent_once(
    tmp_path: Path, opened: Open, clock: FixedClock, step: str, state: str
) -> None:
    """The lane on the home desk's store and queue, killed before or after the order has reached the broker:
    it looks for the order by its tag, and sends no second one."""
    desk = TradingDesk(store=HomeStore(Database(tmp_path / "desk.sqlite"), "desk"))
    intent = new_intent(desk, "ORDER")
    HomeIntentQueue(opened()).enqueue(
        "main#entry", intent.intent_id, {"account": "main", "intent_id": intent.intent_id}
    )
    sent = calls_counted(desk)
    place = desk.exchange.place

    def killed(*args, **named):
        if step == "after":
            place(*args, **named)
        raise Killed

    desk.exchange.place = killed
    first = opened().receive()
    assert first is not None
    with pytest.raises(Killed):
        desk.lane().process(dict(first.body))
    desk.exchange.place = place
    clock.advance(61)
    desk.pass_time(61)
    again = opened().receive()
    assert again is not None
    assert (again.body, again.receives) == (first.body, 2)
    desk.lane().process(dict(again.body))
    assert sent.count("place") == (1 if step == "after" else 0)
    assert stored(desk, intent).state == state
