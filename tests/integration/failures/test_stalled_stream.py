"""Five minutes of market time without a tick, and five in which nobody reads them."""

from datetime import timedelta

from patang.keys import cycle_key
from patang.market.cycle import Cycle
from patang.market.minutes import load_minute
from patang.records import load
from tests.integration.failures.room import Room
from tests.integration.failures.waiting import until

FIVE = [timedelta(minutes=n) for n in range(1, 6)]


def test_no_ticks_come_and_then_they_come_again(room: Room) -> None:
    """The ingester is dead: nothing is decided and the owner is called. What is held can be sold."""
    bought = room.concluded(room.order("TCS"))
    room.minute()
    until(lambda: len(room.positions()) == 1, "the fill")
    before = room.moment
    assert room.rang() == set()
    room.kill_the_ingester()
    room.minutes(5, fed=False)

    assert room.rang() == {"market-silence", "stale-data"}
    assert {"ticks-missing", "minutes-missing"} <= room.ringing()
    assert "reconciler-silent" not in room.ringing()
    assert [room.decided(before + later) for later in FIVE] == [None] * 5
    refused = room.concluded(room.order("RELIANCE"))
    assert refused.intent_id is None
    assert (refused.outcome or "").startswith(("STALE", "NO_QUOTE", "OLD"))
    room.sell_everything()
    assert room.positions() == []
    assert len(room.orders(bought.intent_id)) == 1

    room.minutes(2)
    assert room.decided(room.moment) == "SUCCEEDED"
    assert room.ringing() & {"market-silence", "ticks-missing", "minutes-missing"} == set()


def test_nobody_reads_the_stream_and_then_all_of_it_is_read(room: Room) -> None:
    """(features) fails for five minutes. No minute is lost, none decided on late; the guard goes on."""
    room.concluded(room.order("TCS"))
    room.minute()
    until(lambda: len(room.positions()) == 1, "the fill")
    room.rang()
    before = room.moment
    room.faults.tell("features", "before")
    room.minutes(5, failing="features")

    assert {"features-errors", "features-late", "market-silence"} <= room.rang()
    assert "guard-late" not in room.ringing()
    room.sell_everything()
    assert room.positions() == [], "an exit needs no feature"

    room.faults.end("features")
    room.minutes(2)
    assert room.decided(room.moment) == "SUCCEEDED"
    cycles = [load(room.stack.desk.store, Cycle, cycle_key(before + later)) for later in FIVE[:4]]
    told = [(cycle.state, cycle.reason.partition(":")[0]) for cycle in cycles if cycle is not None]
    assert told == [("FINISHED", "STALE_DATA")] * 4
    desk = room.stack.desk
    for later in FIVE:
        closed = load_minute(desk.objects, desk.store, before + later - timedelta(minutes=1))
        symbols = {candle.symbol for minute in closed for candle in minute.candles}
        assert {"NIFTY", "TCS"} <= symbols, f"the minute {before + later:%H:%M} is lost"
