"""The state of a shard: what a closed minute holds, and that its bytes are the whole of it."""

import math
from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from patang.errors import BadInput
from patang.features.indicator_history import candle_features
from patang.features.indicators import MINUTES_A_YEAR, BarColumns
from patang.features.missing import reason_of
from patang.features.packing import pack_arrays, unpack_arrays
from patang.features.state import FeatureState
from patang.features.undefined import Undefined
from patang.features.vector import CANDLE_FEATURES, FEATURE_NAMES, OPTION_FEATURES
from patang.features.warm_up import MINUTE_BAR, minute_bars
from patang.market.candles import Candle, ClosedMinute
from patang.market.instrument_hours import InstrumentHours
from patang.market.sessions import Session
from patang.market.ticks import TICK, StreamRecord, unpack
from patang.market.volatility import VolatilityRange
from tests.unit.market.market_day import (
    INDEX_TOKEN,
    SESSION,
    SHARE_TOKENS,
    at,
    index,
    option,
    stream,
    tick,
    ticks_record,
    universe,
)

INFY = SHARE_TOKENS["INFY"]


def fresh() -> FeatureState:
    return FeatureState(universe(), SESSION)


def run(state: FeatureState, minutes: int) -> list[ClosedMinute]:
    closed = []
    for n in range(minutes):
        start = SESSION.open + timedelta(minutes=n)
        for record in stream(start, start + timedelta(minutes=1), every=10):
            state.apply(unpack(record))
        closed.append(state.close(start, "shard"))
    return closed


def history(closed: Sequence[ClosedMinute], symbol: str) -> NDArray[np.void]:
    """The candles of a symbol as the morning hands them over."""
    candles = [c for minute in closed for c in minute.candles if c.symbol == symbol]
    return minute_bars({"date": c.timestamp, **c.model_dump()} for c in candles)


def feature(closed: ClosedMinute, symbol: str, name: str) -> float | None:
    return closed.features[symbol][closed.feature_names.index(name)]


def test_a_minute_holds_candles_features_and_quotes_of_what_was_seen():
    state = fresh()
    state.apply(unpack(ticks_record(at("09:15:01"), [tick(INFY, at("09:15:01"), 1000.0, 70)])))
    closed = state.close(at("09:15"), "shard")
    assert [c.symbol for c in closed.candles] == ["INFY"]
    assert closed.candles[0] == Candle(
        symbol="INFY", timestamp=at("09:15"), open=1000, high=1000, low=1000, close=1000, volume=70
    )
    assert set(closed.features) == {"INFY"}
    assert [q.identifier for q in closed.quotes] == ["NSE:INFY"]
    assert closed.feature_names == FEATURE_NAMES


def test_an_empty_minute_keeps_the_quotes_and_makes_no_candle():
    state = fresh()
    run(state, 2)
    closed = state.close(at("09:17"), "shard")
    assert closed.candles == ()
    assert len(closed.quotes) == len(universe().instruments)
    assert feature(closed, "INFY", "bid_ask_spread_pct") is not None


def test_a_quote_knows_nothing_of_the_next_minute():
    state = fresh()
    ticks = [tick(INFY, at("09:15:59"), 1000.0, 70), tick(INFY, at("09:16:01"), 1200.0, 90)]
    state.apply(unpack(ticks_record(at("09:16:01"), ticks)))
    assert state.close(at("09:15"), "shard").quotes[0].last_price == 1000.0
    assert state.close(at("09:16"), "shard").quotes[0].last_price == 1200.0


def test_candle_features_are_those_of_the_batch():
    closed = run(fresh(), 60)
    candles = [next(c for c in minute.candles if c.symbol == "TCS") for minute in closed]
    history = BarColumns(
        *(
            np.array([[float(getattr(c, name)) for c in candles]])
            for name in ("open", "high", "low", "close", "volume")
        )
    )
    batch = candle_features(history)[0]
    for minute, values in zip(closed, batch, strict=True):
        live = [math.nan if v is None else v for v in minute.features["TCS"][: len(CANDLE_FEATURES)]]
        np.testing.assert_array_equal(live, values)


def test_warming_up_equals_having_seen_the_candles():
    warm = run(fresh(), 40)
    candles = history(warm, "INFY")
    earlier = candles.copy()
    earlier["start"] -= 24 * 60 * 60
    one, two = fresh(), fresh()
    one.warm_up({"INFY": earlier})
    two.warm_up({"INFY": np.concatenate((earlier, candles[:1]))})
    later = unpack(ticks_record(at("09:15:01"), [tick(INFY, at("09:15:01"), 1001.0, 70)]))
    closed = []
    for state in (one, two):
        state.apply(later)
        closed.append(state.close(at("09:15"), "shard"))
    assert closed[0] == closed[1], "a candle from after the open must not be taken for history"
    assert feature(closed[0], "INFY", "adx_14") is not None
    assert feature(closed[0], "INFY", "trade_flow_5m") is None


def test_an_unwatched_symbol_cannot_be_warmed_up():
    with pytest.raises(BadInput, match=r"'WIPRO'.*NIFTY, INFY, TCS"):
        fresh().warm_up({"WIPRO": np.zeros(0, MINUTE_BAR)})


def bars_of(history: NDArray[np.void], minutes: int) -> BarColumns:
    """One symbol's bars of some minutes, made by hand from those of one."""
    groups = history["start"] // (60 * minutes)
    begins = np.flatnonzero(np.append(True, groups[1:] != groups[:-1]))
    ends = np.append(begins[1:], len(history)) - 1
    return BarColumns(
        history["open"][begins][None],
        np.maximum.reduceat(history["high"], begins)[None],
        np.minimum.reduceat(history["low"], begins)[None],
        history["close"][ends][None],
        np.add.reduceat(history["volume"], begins).astype(float)[None],
    )


def past_sessions(sessions: int, seed: int = 3) -> NDArray[np.void]:
    """One-minute bars of the sessions before, some minutes without a trade."""
    random = np.random.default_rng(seed)
    opens = [int(SESSION.open.timestamp()) - 86_400 * back for back in range(sessions, 0, -1)]
    bars = np.zeros(375 * sessions, MINUTE_BAR)
    bars["start"] = np.concatenate([opening + 60 * np.arange(375) for opening in opens])
    bars["close"] = np.round(1000 + np.cumsum(random.normal(0, 0.6, len(bars))), 2)
    bars["open"] = np.append(1000.0, bars["close"][:-1])
    bars["high"] = np.round(np.maximum(bars["open"], bars["close"]) + random.uniform(0, 1, len(bars)), 2)
    bars["low"] = np.round(np.minimum(bars["open"], bars["close"]) - random.uniform(0, 1, len(bars)), 2)
    bars["volume"] = random.integers(1, 1000, len(bars))
    return bars[random.uniform(0, 1, len(bars)) > 0.3]


@pytest.mark.parametrize("minutes", [1, 5, 15])
def test_the_morning_warms_up_every_timeframe(minutes):
    past = past_sessions(9)
    state = fresh()
    state.warm_up({"INFY": past, "TCS": past[100:]})
    closed = run(state, 1)[0]
    live = {1: closed.features, 5: closed.features_5m, 15: closed.features_15m}[minutes]["INFY"]
    if minutes == 1:
        past = np.concatenate((past, history([closed], "INFY")))
    expected = candle_features(bars_of(past, minutes), MINUTES_A_YEAR / minutes)[0, -1]
    np.testing.assert_array_equal([math.nan if v is None else v for v in live[: len(expected)]], expected)
    assert None not in live[: len(expected)]


def test_longer_features_change_when_their_bar_ends():
    state = fresh()
    state.warm_up({"INFY": past_sessions(9)})
    closed = run(state, 16)
    changes = {
        name: [
            minute.minute
            for before, minute in pairwise(closed)
            if getattr(minute, name)["INFY"] != getattr(before, name)["INFY"]
        ]
        for name in ("features_5m", "features_15m")
    }
    assert changes["features_5m"] == [at("09:19"), at("09:24"), at("09:29")]
    assert changes["features_15m"] == [at("09:29")]


def test_the_last_candles_and_ticks_are_read_by_name():
    state = fresh()
    past = past_sessions(2)
    state.warm_up({"INFY": past})
    closed = run(state, 6)
    last = state.candles("INFY")
    assert len(last) == 100
    assert last[-6:] == tuple(c for minute in closed for c in minute.candles if c.symbol == "INFY")
    assert last[0].timestamp.timestamp() == past["start"][-94]
    assert state.candles("INFY", 5)[-1] == next(c for c in closed[4].candles_5m if c.symbol == "INFY")
    assert state.candles("TCS", 15) == ()
    ticks = state.recent_ticks("INFY")
    assert len(ticks) == 6 * 6
    assert ticks["price"][-1] == closed[-1].candles[1].close
    assert ticks["traded"][1:].sum() == sum(c.volume for c in last[-6:])


def test_every_null_has_a_reason():
    state = fresh()
    state.warm_up({"INFY": past_sessions(1)})
    for closed in run(state, 7):
        for symbol, values in closed.features.items():
            for name, value in zip(closed.feature_names, values, strict=True):
                reason = reason_of(closed, symbol, name)
                assert (reason is None) == (value is not None), (symbol, name)
                assert reason is None or reason in set(Undefined)
        for minutes, table in ((5, closed.features_5m), (15, closed.features_15m)):
            for symbol, values in table.items():
                for name, value in zip(CANDLE_FEATURES, values, strict=True):
                    assert (reason_of(closed, symbol, name, minutes) is None) == (value is not None)
    assert reason_of(closed, "INFY", "adx_14") is None
    assert reason_of(closed, "INFY", "adx_14", 15) == Undefined.WARMING_UP
    assert reason_of(closed, "INFY", "iv_rank") == Undefined.NO_CHAIN
    assert reason_of(closed, "NIFTY", "iv_rank") == Undefined.NO_HISTORY
    assert reason_of(closed, "TCS", "delta") == Undefined.NOT_AN_OPTION
    assert reason_of(closed, "WIPRO", "ema_12") == Undefined.NO_QUOTE
    said = {name for reasons in closed.undefined.values() for name in reasons}
    assert said.isdisjoint(OPTION_FEATURES), "what goes without saying is not written every minute"


def test_a_gap_is_told_and_no_flow_is_made_up_over_it():
    state = fresh()
    run(state, 6)
    gap = StreamRecord("gap", at("09:22:40"), "*", np.zeros(0, TICK), since=at("09:21:30"))
    state.apply(gap)
    found = []
    for minute in range(21, 29):
        for record in stream(at(f"09:{minute}:45"), at(f"09:{minute}:59")):
            state.apply(unpack(record))
        found.append(state.close(at(f"09:{minute}"), "s"))
    assert [minute.gap for minute in found] == [True, True] + [False] * 6
    reasons = [reason_of(minute, "INFY", "trade_flow_5m") for minute in found]
    assert reasons == [Undefined.GAP] * 6 + [None] * 2


def test_a_gap_of_unknown_length_began_where_the_stream_stood():
    state = fresh()
    run(state, 1)
    state.apply(StreamRecord("gap", at("09:17:10"), "*", np.zeros(0, TICK)))
    again = FeatureState.from_bytes(state.to_bytes())
    assert [again.close(at(f"09:{minute}"), "s").gap for minute in (16, 17, 18)] == [True, True, False]


def test_the_minute_in_which_the_stream_was_first_seen_is_not_whole():
    state = fresh()
    for record in stream(at("11:00:20"), at("11:02:00")):
        state.apply(unpack(record))
    assert state.next_minute == at("11:00")
    assert [state.close(at(clock), "s").gap for clock in ("11:00", "11:01")] == [True, False]


def test_each_instrument_keeps_its_own_hours():
    state = fresh()
    closing = state.hours.closing.copy()
    infy = [i.symbol for i in universe().instruments].index("INFY")
    closing[infy] = int(at("09:22").timestamp())
    hours = InstrumentHours(state.hours.opening, closing, closing)
    state = FeatureState(universe(), SESSION, hours)
    closed = run(state, 10)
    assert [len([c for c in m.candles if c.symbol == "INFY"]) for m in closed] == [1] * 7 + [0] * 3
    ends = [(m.minute, c.timestamp) for m in closed for c in m.candles_5m if c.symbol == "INFY"]
    assert ends == [(at("09:19"), at("09:15")), (at("09:21"), at("09:20"))], (
        "the last one ends with its trading"
    )
    assert [len(m.candles_15m) for m in closed] == [0] * 6 + [1] + [0] * 3


def test_the_auction_is_in_the_days_bar_alone():
    state = fresh()
    closing = np.full(len(universe().instruments), int(at("09:16").timestamp()))
    state = FeatureState(universe(), SESSION, InstrumentHours(state.hours.opening, closing, closing + 600))
    run(state, 1)
    state.apply(unpack(ticks_record(at("09:20:05"), [tick(INFY, at("09:20:05"), 1100.0, 9_000)])))
    minutes = [state.close(at(f"09:{minute}"), "s") for minute in range(16, 21)]
    assert all(minute.candles == () for minute in minutes)
    day = next(c for c in minutes[-1].candles_day if c.symbol == "INFY")
    assert (day.high, day.close, day.volume) == (1100.0, 1100.0, 9_000)


def test_new_hours_hold_from_the_next_tick_on():
    state = fresh()
    run(state, 2)
    state.apply(unpack(stream(at("09:17:01"), at("09:17:30"))[0]))
    earlier = Session(SESSION.day, SESSION.open, at("09:20"))
    closing = np.full(len(universe().instruments), int(at("09:20").timestamp()))
    state.keep_hours(earlier, InstrumentHours(state.hours.opening, closing, closing))
    again = FeatureState.from_bytes(state.to_bytes())
    assert again.session == earlier
    assert len(again.close(at("09:17"), "s").candles) == len(universe().instruments)
    again.apply(unpack(stream(at("09:20:01"), at("09:20:30"))[0]))
    assert [again.close(at(f"09:{m}"), "s").candles for m in (18, 19, 20)] == [(), (), ()]


@pytest.mark.parametrize("opening", ["09:00", "10:30"])
def test_another_opening_holds_while_no_minute_is_closed(opening):
    state = fresh()
    session = Session(SESSION.day, at(opening), SESSION.close)
    opens = np.full(len(universe().instruments), int(at(opening).timestamp()))
    hours = InstrumentHours(opens, state.hours.closing, state.hours.auction_closing)
    state.keep_hours(session, hours)
    assert state.next_minute == at(opening)
    state.close(at(opening), "s")
    state.keep_hours(SESSION, fresh().hours)
    assert state.next_minute == at(opening) + timedelta(minutes=1), "what is closed stays closed"


def test_a_symbol_without_history_goes_on_where_yesterday_ended():
    yesterday, today, both = fresh(), fresh(), fresh()
    of_infy, of_tcs = past_sessions(4), past_sessions(3, seed=5)
    yesterday.warm_up({"INFY": of_infy, "TCS": of_infy})
    today.warm_up({"TCS": of_tcs})
    both.warm_up({"INFY": of_infy, "TCS": of_tcs})
    assert today.inherit(FeatureState.from_bytes(yesterday.to_bytes())) == 1, "TCS has a history of its own"
    for inherited, expected in zip(run(today, 16), run(both, 16), strict=True):
        assert inherited == expected
    assert today.candles("INFY", 15) == both.candles("INFY", 15)


def test_longer_bars_come_with_the_minute_they_end_with():
    closed = run(fresh(), 16)
    ends = {minute.minute: minute for minute in closed}
    assert [m for m, c in ends.items() if c.candles_5m] == [at("09:19"), at("09:24"), at("09:29")]
    assert [m for m, c in ends.items() if c.candles_15m] == [at("09:29")]
    fifteen = next(c for c in ends[at("09:29")].candles_15m if c.symbol == "INFY")
    minutes = [c for minute in closed[:15] for c in minute.candles if c.symbol == "INFY"]
    assert fifteen.timestamp == at("09:15")
    assert (fifteen.open, fifteen.close) == (minutes[0].open, minutes[-1].close)
    assert fifteen.high == max(c.high for c in minutes)
    assert fifteen.low == min(c.low for c in minutes)
    assert fifteen.volume == sum(c.volume for c in minutes)
    day = next(c for c in closed[-1].candles_day if c.symbol == "INFY")
    assert (day.timestamp, day.volume) == (
        at("09:15"),
        sum(c.volume for c in minutes) + closed[-1].candles[1].volume,
    )


def test_microstructure_comes_from_the_ticks():
    closed = run(fresh(), 6)
    assert feature(closed[-1], "INFY", "ob_imbalance") == pytest.approx(0.5)
    assert feature(closed[-1], "INFY", "bid_ask_spread_pct") == pytest.approx(0.01, rel=0.05)
    assert feature(closed[3], "INFY", "trade_flow_5m") is None
    assert -1 <= feature(closed[4], "INFY", "trade_flow_5m") <= 1


def test_the_index_learns_its_volatility_from_its_options():
    closed = run(fresh(), 2)
    volatility = feature(closed[0], "NIFTY", "iv_from_options")
    assert 0.05 < volatility < 0.5
    assert feature(closed[0], "NIFTY", "iv_rank") is None
    state = fresh()
    year = VolatilityRange(low=volatility / 2, high=volatility * 1.5, own_days=30, vix_days=0)
    state.know_volatility({"NIFTY": year})
    again = run(FeatureState.from_bytes(state.to_bytes()), 2)
    assert feature(again[0], "NIFTY", "iv_rank") == pytest.approx(0.5)
    assert feature(closed[0], "NIFTY", "iv_skew") is not None
    assert feature(closed[0], "INFY", "iv_from_options") is None


def test_open_interest_has_a_trend_after_a_quarter_of_an_hour():
    closed = run(fresh(), 17)
    identifier = "NFO:NIFTY16AUG8600CE"
    quotes = [next(q for q in minute.quotes if q.identifier == identifier) for minute in closed]
    assert quotes[14].oi_trend is None
    assert quotes[15].oi_trend == pytest.approx(100 * (quotes[15].oi / quotes[0].oi - 1))


def test_the_bytes_are_the_whole_of_the_state():
    state = fresh()
    run(state, 7)
    state.apply(unpack(stream(at("09:22:01"), at("09:22:30"))[0]))
    again = FeatureState.from_bytes(state.to_bytes())
    assert again.to_bytes() == state.to_bytes()
    for minute in ("09:22", "09:23"):
        for one in (state, again):
            one.apply(unpack(stream(at(f"{minute}:40"), at(f"{minute}:44"))[0]))
        assert again.close(at(minute), "s") == state.close(at(minute), "s")


def test_the_known_range_of_volatility_outlives_the_day():
    before, after = fresh(), fresh()
    before.know_volatility({"NIFTY": VolatilityRange(low=0.1, high=0.3, own_days=30, vix_days=0)})
    after.inherit(before)
    closed = run(after, 1)[0]
    assert feature(closed, "NIFTY", "iv_rank") is not None


def test_unknown_instruments_are_told_once_and_cost_nothing_else():
    state = fresh()
    record = unpack(
        ticks_record(
            at("09:15:01"), [tick(77, at("09:15:01"), 5.0), tick(INDEX_TOKEN, at("09:15:01"), 8600.0)]
        )
    )
    state.apply(record)
    assert state.take_unknown_instruments() == {77}
    state.apply(record)
    assert state.take_unknown_instruments() == set()
    assert [c.symbol for c in state.close(at("09:15"), "s").candles] == ["NIFTY"]


def test_an_underlying_that_is_not_watched_has_no_volatility():
    lonely = universe().evolve(instruments=(index("NIFTY BANK", 260105), option(8600, "CE", 12)))
    state = FeatureState(lonely, SESSION)
    state.apply(unpack(ticks_record(at("09:15:01"), [tick(12, at("09:15:01"), 60.0)])))
    assert state.close(at("09:15"), "s").features == {}


@pytest.mark.parametrize(
    "data",
    [b"", b"PFS1", b"NOPE12345678", b"PFS1\x02\x00\x00\x00{}", pack_arrays({"version": 99}, {})],
)
def test_foreign_bytes_are_refused(data):
    with pytest.raises(BadInput):
        FeatureState.from_bytes(data)


@pytest.mark.parametrize("name", ["frame_5_starts", "opening", "bars_latest", "recent_rings"])
def test_a_state_without_an_array_is_refused(name):
    header, arrays = unpack_arrays(fresh().to_bytes())
    del arrays[name]
    with pytest.raises(BadInput, match=name):
        FeatureState.from_bytes(pack_arrays(header, arrays))


def test_a_state_with_an_array_of_another_shape_is_refused():
    header, arrays = unpack_arrays(fresh().to_bytes())
    arrays["recent_rings"] = arrays["recent_rings"][:1]
    with pytest.raises(BadInput, match="recent_rings"):
        FeatureState.from_bytes(pack_arrays(header, arrays))


def test_what_is_not_watched_has_no_candles_and_no_ticks():
    with pytest.raises(BadInput, match=r"'WIPRO'.*INFY"):
        fresh().candles("WIPRO")
    with pytest.raises(BadInput, match=r"'NIFTY16AUG8600CE'.*INFY"):
        fresh().recent_ticks("NIFTY16AUG8600CE")


def test_cut_bytes_are_refused():
    data = fresh().to_bytes()
    with pytest.raises(BadInput):
        FeatureState.from_bytes(data[: len(data) // 2])


def test_packed_arrays_come_back_with_their_types():
    arrays = {"a": np.arange(6, dtype="<i8").reshape(2, 3), "b": np.zeros(0), "c": tick(1, at("09:15"), 2.0)}
    header, found = unpack_arrays(pack_arrays({"x": [1, None]}, arrays))
    assert header == {"x": [1, None]}
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype
        assert found[name].flags.writeable
