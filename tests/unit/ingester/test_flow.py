"""The order of ticks, gaps and markers on the stream, and what is kept when the stream refuses."""

from datetime import datetime, timedelta

import pytest

from functions.ingester.flow import TickFlow
from functions.ingester.pack import decode
from patang.errors import TryAgain
from patang.market.sessions import IST
from patang.market.ticks import unpack
from tests.unit.ingester.frames import CALL, INFY, NIFTY, OPEN, UNIVERSE, frame, full, index

DAY_OF_TICKS = 86_400


class Stream:
    """A TickStream that keeps everything in order, and refuses while told to."""

    def __init__(self) -> None:
        self.log = []
        self.is_down = False

    def put(self, records):
        if self.is_down:
            raise TryAgain("down")
        for key, data in records:
            assert unpack(data).underlying == key
        self.log.extend(unpack(data) for _, data in records)

    def mark(self, data):
        if self.is_down:
            raise TryAgain("down")
        self.log.append(unpack(data))

    def kinds(self):
        return [record.kind for record in self.log]


@pytest.fixture
def stream():
    return Stream()


@pytest.fixture
def flow(stream):
    return TickFlow(stream, UNIVERSE, lambda: datetime(2026, 8, 18, 9, 15, tzinfo=IST))


def moment(second: int) -> datetime:
    return datetime.fromtimestamp(OPEN + second, IST)


def ticks(*packets: bytes):
    return decode(frame(*packets)).ticks


def test_ticks_go_by_underlying_and_before_their_marker(flow, stream):
    flow.add(ticks(full(INFY.instrument_token, 1), full(CALL.instrument_token, 2)))
    flow.add(ticks(index(NIFTY.instrument_token, 2)))
    assert flow.flush() == 3
    assert stream.kinds() == ["ticks", "ticks", "marker"]
    by_name = {record.underlying: list(record.ticks["token"]) for record in stream.log[:2]}
    assert by_name == {
        "INFY": [INFY.instrument_token],
        "NIFTY": [CALL.instrument_token, NIFTY.instrument_token],
    }
    assert stream.log[2].market_time == moment(2)


def test_a_marker_is_put_once_a_second_of_market_time(flow, stream):
    for second in (1, 1, 2):
        flow.add(ticks(full(INFY.instrument_token, second)))
        flow.flush()
    flow.flush()
    assert [r.market_time for r in stream.log if r.kind == "marker"] == [moment(1), moment(2)]


def test_a_late_tick_goes_out_and_moves_no_time_back(flow, stream):
    flow.add(ticks(full(INFY.instrument_token, 5)))
    flow.add(ticks(full(CALL.instrument_token, 3)))
    flow.flush()
    assert flow.market_time == moment(5)
    assert sum(len(record.ticks) for record in stream.log) == 2


@pytest.mark.parametrize("second", [-DAY_OF_TICKS, 3 * DAY_OF_TICKS])
def test_ticks_of_another_day_neither_pass_nor_move_time(flow, stream, second):
    flow.add(ticks(full(INFY.instrument_token, second)))
    flow.flush()
    assert (flow.market_time, flow.left_out, stream.log) == (None, 1, [])


def test_the_days_ticks_pass_though_the_universe_is_yesterdays(stream):
    tomorrow = datetime(2026, 8, 19, 9, 15, tzinfo=IST)
    flow = TickFlow(stream, UNIVERSE, lambda: tomorrow)
    flow.add(ticks(full(INFY.instrument_token, DAY_OF_TICKS)))
    assert flow.flush() == 1


def test_unknown_instruments_are_left_out(flow, stream):
    flow.add(ticks(full(1234561, 1)))
    flow.flush()
    assert (flow.left_out, stream.log) == (1, [])


def test_a_gap_stands_before_the_ticks_that_follow_it(flow, stream):
    flow.add(ticks(full(INFY.instrument_token, 1)))
    flow.flush()
    flow.mark_gap()
    flow.add(ticks(full(INFY.instrument_token, 9)))
    flow.flush()
    assert stream.kinds() == ["ticks", "marker", "gap", "ticks", "marker"]


def test_what_the_stream_refused_is_put_later_in_the_same_order(flow, stream):
    stream.is_down = True
    flow.mark_gap()
    flow.add(ticks(full(INFY.instrument_token, 1)))
    with pytest.raises(TryAgain):
        flow.flush()
    flow.add(ticks(full(INFY.instrument_token, 2)))
    assert flow.waiting == 2
    stream.is_down = False
    assert flow.flush() == 2
    assert stream.kinds() == ["gap", "ticks", "marker"]
    assert list(stream.log[1].ticks["exchange_time"]) == [OPEN + 1, OPEN + 2]


def test_a_long_record_is_cut(flow, stream):
    flow.add(ticks(*(full(INFY.instrument_token, 1) for _ in range(600))))
    flow.flush()
    assert [len(record.ticks) for record in stream.log] == [256, 256, 88, 0]


def test_another_universe_drops_what_it_does_not_know(flow, stream):
    flow.add(ticks(full(INFY.instrument_token, 1), full(CALL.instrument_token, 1)))
    flow.watch(UNIVERSE.evolve(instruments=(INFY,)))
    assert flow.flush() == 1
    flow.add(ticks(full(CALL.instrument_token, 2)))
    assert flow.flush() == 0


def test_two_days_in_one_process(flow, stream):
    flow.add(ticks(full(INFY.instrument_token, 1)))
    flow.flush()
    flow.watch(UNIVERSE.evolve(day=UNIVERSE.day + timedelta(days=1)))
    flow.add(ticks(full(INFY.instrument_token, DAY_OF_TICKS)))
    flow.flush()
    assert stream.kinds() == ["ticks", "marker"] * 2
