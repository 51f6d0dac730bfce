"""Candles for pictures: found in the closed minutes, whoever's name and however many shards."""

from datetime import datetime, timedelta

import pytest

from patang.desk_view.candles import KeptCandles, kept_still
from patang.errors import BadInput
from patang.market.candles import ClosedMinute
from patang.market.sessions import IST
from tests.fakes import MemoryObjects
from tests.unit.desk_view.closed_minutes import bar, closed

OPEN = datetime(2026, 8, 18, 9, 15, tzinfo=IST)
DAY = OPEN.date()


@pytest.fixture
def objects():
    return MemoryObjects()


def starts(found) -> list[str]:
    return [f"{candle.start:%H:%M}" for candle in found.candles]


def test_bars_of_a_minute_in_the_order_of_time(objects):
    for number in range(4):
        minute = OPEN + timedelta(minutes=number)
        closed(objects, minute, bar("RELIANCE", minute, 1000 + number), bar("TCS", minute, 1))
    found = KeptCandles(objects).read("NSE", "RELIANCE", DAY, "minute")
    assert starts(found) == ["09:15", "09:16", "09:17", "09:18"]
    assert (found.candles[1].open, found.candles[1].high, found.candles[1].low) == (1001.0, 1003.0, 1000.0)
    assert (found.candles[1].close, found.candles[1].volume, found.candles[1].oi) == (1002.0, 10, None)
    assert found.next is None


def test_another_exchange_of_the_same_symbol_and_another_day_have_none(objects):
    closed(objects, OPEN, bar("RELIANCE", OPEN, 1000))
    kept = KeptCandles(objects)
    assert kept.read("BSE", "RELIANCE", DAY, "minute").candles == ()
    assert kept.read("NSE", "RELIANCE", DAY - timedelta(days=1), "minute").candles == ()
    assert kept.read("NSE", "RELIANC", DAY, "minute").candles == ()
    assert starts(kept.read("NSE", "RELIANCE", DAY, "minute")) == ["09:15"]


@pytest.mark.parametrize("name", ["NIFTY", "NIFTY 50"])
def test_an_index_goes_by_either_name(objects, name):
    closed(objects, OPEN, bar("NIFTY", OPEN, 24500))
    found = KeptCandles(objects).read("NSE", name, DAY, "minute")
    assert (found.symbol, starts(found)) == ("NIFTY", ["09:15"])


def test_of_two_shards_that_closed_a_minute_the_fuller_bar_is_shown(objects):
    closed(objects, OPEN, bar("TCS", OPEN, 10, volume=7), shard="a")
    closed(objects, OPEN, bar("TCS", OPEN, 20, volume=9), shard="b")
    closed(objects, OPEN, bar("INFY", OPEN, 30), shard="c")
    [found] = KeptCandles(objects).read("NSE", "TCS", DAY, "minute").candles
    assert (found.open, found.volume) == (20.0, 9)


def test_long_bars_are_read_where_they_end_and_nowhere_else(objects):
    for number in range(12):
        minute = OPEN + timedelta(minutes=number)
        ended = minute - timedelta(minutes=4)
        five = (bar("TCS", ended, 100 + number),) if number in (4, 9) else ()
        # The session ends at 09:27 that day, and with it a bar of two minutes.
        five = (bar("TCS", minute - timedelta(minutes=1), 111),) if number == 11 else five
        closed(objects, minute, bar("TCS", minute, 1), five=five)
    for number in (0, 1, 2, 3, 5, 6):
        objects.put(ClosedMinute.path(OPEN + timedelta(minutes=number), "one"), b'not looked at: "NSE:TCS"')
    found = KeptCandles(objects).read("NSE", "TCS", DAY, "5minute")
    assert starts(found) == ["09:15", "09:20", "09:25"]


def test_a_part_of_the_day_is_asked_for_and_goes_on_where_it_stopped(objects):
    for number in range(7):
        minute = OPEN + timedelta(minutes=number)
        closed(objects, minute, bar("TCS", minute, 1))
    kept = KeptCandles(objects)
    first = kept.read("NSE", "TCS", DAY, "minute", start="09:16", limit=3)
    assert (starts(first), first.next) == (["09:16", "09:17", "09:18"], "09:19")
    rest = kept.read("NSE", "TCS", DAY, "minute", start=first.next, end="09:20", limit=3)
    assert (starts(rest), rest.next) == (["09:19", "09:20"], None)


def test_shards_count_towards_what_is_read_but_a_minute_is_never_torn(objects):
    for number in range(2):
        minute = OPEN + timedelta(minutes=number)
        for shard in ("a", "b"):
            closed(objects, minute, bar("TCS", minute, 1), shard=shard)
    first = KeptCandles(objects).read("NSE", "TCS", DAY, "minute", limit=1)
    assert (starts(first), first.next) == (["09:15"], "09:16")


def test_what_was_read_once_is_not_read_again(objects):
    for number in range(3):
        minute = OPEN + timedelta(minutes=number)
        closed(objects, minute, bar("TCS", minute, 1))
    kept = KeptCandles(objects)
    before = kept.read("NSE", "TCS", DAY, "minute")
    read = []
    get = objects.get
    objects.get = lambda path: read.append(path) or get(path)
    minute = OPEN + timedelta(minutes=3)
    closed(objects, minute, bar("TCS", minute, 1))
    after = kept.read("NSE", "TCS", DAY, "minute")
    assert read == [ClosedMinute.path(minute, "one")]
    assert after.candles[:3] == before.candles
    assert len(after.candles) == 4


def test_a_broken_minute_is_named(objects):
    objects.put(ClosedMinute.path(OPEN, "one"), b'{"candles": "NSE:TCS", "quotes": ["NSE:TCS"]}')
    with pytest.raises(BadInput, match=r"minutes/2026-08-18/0915/one\.json does not parse"):
        KeptCandles(objects).read("NSE", "TCS", DAY, "minute")


def test_minutes_are_there_for_ninety_days():
    assert kept_still(DAY, DAY + timedelta(days=90))
    assert not kept_still(DAY, DAY + timedelta(days=91))
