"""The order of ticks, gaps and markers on the stream, and what is kept when the stream refuses."""

import struct
from datetime import datetime, timedelta

import numpy as np
import pytest

from functions.ingester.flow import TickFlow
from patang.errors import TryAgain
from patang.market.frames import decode
from patang.market.sessions import IST
from patang.market.ticks import unpack
from tests.unit.ingester.frames import CALL, INFY, NIFTY, OPEN, UNIVERSE, frame, full, index

DAY_OF_TICKS = 86_400


class Stream:
    """A TickStream that keeps everything in order, and refuses while told to, or after some puts."""

    def __init__(self, lane=lambda key: key) -> None:
        self.log = []
        self.keys = []
        self.is_down = False
        self.puts_left = None
        self.lane = lane

    def put(self, records):
        if self.puts_left is not None:
            self.is_down = self.puts_left == 0
            self.puts_left -= 1
        if self.is_down:
            raise TryAgain("down")
        for key, data in records:
            assert unpack(data).underlying in (key, "*")
        self.keys += [key for key, _ in records]
        self.log.extend(unpack(data) for _, data in records)

    def mark(self, data):
        if self.is_down:
            raise TryAgain("down")
        self.log.append(unpack(data))

    def kinds(self):
        return [record.kind for record in self.log]

    def ticks(self):
        return np.concatenate([record.ticks for record in self.log if record.kind == "ticks"])


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
    flow.mark_gap(flow.market_time)
    flow.add(ticks(full(INFY.instrument_token, 9)))
    flow.flush()
    assert stream.kinds() == ["ticks", "marker", "gap", "ticks", "marker"]
    assert (stream.log[2].since, stream.log[2].market_time) == (moment(1), moment(9))


def test_two_gaps_before_a_put_are_one_from_the_earlier(flow, stream):
    flow.add(ticks(full(INFY.instrument_token, 1)))
    flow.flush()
    flow.mark_gap(moment(5))
    flow.mark_gap(moment(3))
    flow.flush()
    assert [r.since for r in stream.log if r.kind == "gap"] == [moment(3)]
    flow.mark_gap(moment(5))
    flow.mark_gap(None)
    flow.flush()
    assert [r.since for r in stream.log if r.kind == "gap"] == [moment(3), None]


def test_a_gap_before_the_days_first_tick_is_told_with_it(flow, stream):
    flow.mark_gap(None)
    assert flow.flush() == 0
    flow.add(ticks(full(INFY.instrument_token, 1)))
    flow.flush()
    assert stream.kinds() == ["gap", "ticks", "marker"]


def test_what_the_stream_refused_is_put_later_in_the_same_order(flow, stream):
    stream.is_down = True
    flow.mark_gap(None)
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


def test_on_a_new_day_no_tick_is_given_the_time_of_the_day_before(quoted, stream):
    quoted.add(ticks(full(INFY.instrument_token, 1)))
    quoted.flush()
    quoted.watch(QUOTED.evolve(day=QUOTED.day + timedelta(days=1)))
    assert quoted.market_time is None
    quoted.add(ticks(ltp(5_000)))
    quoted.add(ticks(ltp(5_005)))
    assert quoted.flush() == 0
    quoted.add(ticks(full(INFY.instrument_token, DAY_OF_TICKS), ltp(5_005)))
    quoted.add(ticks(ltp(5_010)))
    assert quoted.flush() == 2
    assert quoted.market_time == moment(DAY_OF_TICKS)


def test_underlyings_of_a_lane_share_records_and_others_do_not():
    stream = Stream(lane=lambda key: "a" if key == "INFY" else "b")
    flow = TickFlow(stream, UNIVERSE, lambda: datetime(2026, 8, 18, 9, 15, tzinfo=IST))
    mixed = [full(INFY.instrument_token, 1), full(CALL.instrument_token, 1), index(NIFTY.instrument_token, 1)]
    flow.add(ticks(*mixed * 10))
    flow.flush()
    assert stream.kinds() == ["ticks", "ticks", "marker"]
    assert stream.keys == ["INFY", "NIFTY"]
    shared = Stream(lane=lambda key: "all")
    flow = TickFlow(shared, UNIVERSE, lambda: datetime(2026, 8, 18, 9, 15, tzinfo=IST))
    flow.add(ticks(*mixed * 10))
    flow.flush()
    assert [(r.kind, r.underlying, len(r.ticks)) for r in shared.log] == [
        ("ticks", "*", 30),
        ("marker", "*", 0),
    ]
    assert list(shared.log[0].ticks["token"]) == [t["token"] for t in ticks(*mixed * 10)]


def test_lanes_are_asked_for_again_after_a_refusal(flow, stream):
    flow.add(ticks(full(INFY.instrument_token, 1), full(CALL.instrument_token, 1)))
    stream.is_down = True
    with pytest.raises(TryAgain):
        flow.flush()
    stream.is_down = False
    stream.lane = lambda key: "one"
    flow.flush()
    assert stream.kinds() == ["ticks", "marker"]


def test_what_was_acknowledged_is_not_put_again_after_a_later_refusal(flow, stream):
    count = 3 * 8_192
    many = np.repeat(ticks(full(INFY.instrument_token, 1)), count)
    many["volume"] = np.arange(count)
    flow.add(many)
    stream.puts_left = 1
    with pytest.raises(TryAgain):
        flow.flush()
    assert stream.kinds()[-1] == "ticks"
    assert flow.waiting == count - 8_192
    stream.puts_left, stream.is_down = None, False
    assert flow.flush() == count - 8_192
    assert list(stream.ticks()["volume"]) == list(range(count))
    assert stream.kinds().count("marker") == 1


def test_old_ticks_that_waited_go_out_with_the_market_time_of_their_day(flow, stream):
    flow.add(np.repeat(ticks(full(INFY.instrument_token, 1)), 8_192))
    flow.add(ticks(full(INFY.instrument_token, 300)))
    flow.flush()
    assert {r.market_time for r in stream.log[:-2]} == {moment(1)}
    assert [r.market_time for r in stream.log[-2:]] == [moment(300), moment(300)]


def test_beyond_the_bound_ticks_are_shed_counted_and_told_before_what_follows(stream):
    room = 100 * 92
    flow = TickFlow(stream, UNIVERSE, lambda: datetime(2026, 8, 18, 9, 15, tzinfo=IST), bound=room)
    stream.is_down = True
    for second in range(500):
        flow.add(ticks(full(INFY.instrument_token, second, 150_000 + second % 7)))
        assert flow.waiting * 92 <= room
        if second % 50 == 0:
            with pytest.raises(TryAgain):
                flow.flush()
    stream.is_down = False
    flow.flush()
    assert flow.shed == 500 - len(stream.ticks()) > 0
    assert stream.kinds()[0] == "gap"
    assert (stream.log[0].since, stream.log[0].market_time) == (moment(0), moment(499))
    assert stream.ticks()["exchange_time"][-1] == OPEN + 499


QUOTED = UNIVERSE.evolve(instruments=(INFY, CALL.model_copy(update={"feed": "ltp"})))


def ltp(price: int) -> bytes:
    return struct.pack(">2I", CALL.instrument_token, price)


@pytest.fixture
def quoted(stream):
    return TickFlow(stream, QUOTED, lambda: datetime(2026, 8, 18, 9, 15, tzinfo=IST))


def test_a_tick_without_a_time_gets_the_markets_if_it_brings_news(quoted, stream):
    quoted.add(ticks(full(INFY.instrument_token, 3), ltp(5_000)))
    quoted.add(ticks(ltp(5_000)))
    quoted.add(ticks(ltp(5_005), full(INFY.instrument_token, 4)))
    quoted.add(ticks(ltp(5_005)))
    quoted.flush()
    options = stream.ticks()[stream.ticks()["token"] == CALL.instrument_token]
    assert list(options[["exchange_time", "last_price"]].tolist()) == [(OPEN + 4, 50.05)]
    assert quoted.left_out == 3


def test_nothing_without_a_time_counts_before_there_is_a_market_time(quoted, stream):
    quoted.add(ticks(ltp(5_000)))
    quoted.add(ticks(ltp(5_005)))
    quoted.flush()
    assert (quoted.left_out, quoted.market_time, stream.log) == (2, None, [])


def test_the_shorter_packet_that_a_full_subscription_begins_with_is_left_out(flow, stream):
    flow.add(ticks(full(INFY.instrument_token, 1)))
    for last in (150_000, 150_100, 150_200):
        flow.add(ticks(full(INFY.instrument_token, 1, last)[:44]))
    flow.flush()
    assert len(stream.ticks()) == 1


def test_spots_are_known_from_any_tick_of_an_index_or_share(flow):
    flow.add(ticks(index(NIFTY.instrument_token, -DAY_OF_TICKS, 2_500_000), full(CALL.instrument_token, 1)))
    assert flow.spots() == {NIFTY.instrument_token: 25_000.0}
    flow.add(ticks(index(NIFTY.instrument_token, 1, 2_500_500), full(INFY.instrument_token, 1)))
    flow.watch(UNIVERSE.evolve(instruments=(NIFTY, CALL)))
    assert flow.spots() == {NIFTY.instrument_token: 25_005.0}
