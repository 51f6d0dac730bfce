"""Threads that get rid of what was collected, and frames of orders on their way."""

import threading
import time

import pytest

from functions.ingester.orders import OrderFrames
from functions.ingester.pump import Pump
from tests.fakes import FixedClock, RecordedUpdateQueue

NOW = FixedClock().now()


class Work:
    """Fails as often as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.times: list[float] = []
        self.called = threading.Event()

    def __call__(self) -> None:
        self.times.append(time.monotonic())
        self.called.set()
        if self.failures:
            self.failures -= 1
            raise ConnectionError("away")


def test_it_works_again_and_again_and_once_more_at_the_end():
    work = Work()
    pump = Pump("test", work, 0.01)
    assert work.called.wait(5)
    assert pump.end(5)
    count = len(work.times)
    assert count >= 2
    time.sleep(0.05)
    assert len(work.times) == count


def test_it_can_be_told_to_hurry():
    work = Work()
    pump = Pump("test", work, 60)
    pump.hurry()
    assert work.called.wait(5)
    assert pump.end(5)


def test_failures_are_tried_again_later_and_later(caplog):
    work = Work(failures=2)
    pump = Pump("test", work, 0.01)
    pump.hurry()
    deadline = time.monotonic() + 10
    while len(work.times) < 3 and time.monotonic() < deadline:
        pump.hurry()
        time.sleep(0.01)
    assert work.times[1] - work.times[0] >= 0.2
    assert work.times[2] - work.times[1] >= 0.4
    assert "failed, next try in 0.4 s" in caplog.text
    assert pump.end(5)
    assert not pump.is_stuck


def test_an_end_in_vain_is_said_in_time():
    pump = Pump("test", Work(failures=1_000), 0.01)
    began = time.monotonic()
    assert not pump.end(0.5)
    assert time.monotonic() - began < 2


def test_an_end_does_not_wait_for_work_that_hangs():
    hangs = threading.Event()
    pump = Pump("test", lambda: bool(hangs.wait(10)), 0.01)
    time.sleep(0.1)
    assert not pump.end(0.2)
    hangs.set()


@pytest.fixture
def queue():
    return RecordedUpdateQueue()


def test_an_order_frame_goes_out_once_and_in_order(queue):
    frames = OrderFrames(queue)
    for n in range(3):
        frames.add("main", {"order_id": str(n)}, NOW)
    frames.send()
    frames.send()
    assert [update["order"]["order_id"] for update in queue.updates] == ["0", "1", "2"]
    assert queue.updates[0] | {"order": None} == {
        "account": "main",
        "source": "frame",
        "order": None,
        "received_at": NOW.isoformat(),
    }
    assert frames.taken == 3


def test_a_frame_that_could_not_be_sent_waits_and_so_do_those_after_it(queue):
    frames, send = OrderFrames(queue), queue.send

    def away(_):
        # One more comes while we are at it.
        frames.add("main", {"order_id": "late"}, NOW)
        raise ConnectionError("away")

    frames.add("main", {"order_id": "first"}, NOW)
    queue.send = away
    with pytest.raises(ConnectionError):
        frames.send()
    queue.send = send
    frames.send()
    assert [update["order"]["order_id"] for update in queue.updates] == ["first", "late"]
