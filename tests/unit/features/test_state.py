"""The state of a shard: what a closed minute holds, and that its bytes are the whole of it."""

import math
from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from patang.errors import BadInput
from patang.features.indicator_history import candle_features
from patang.features.indicators import BarColumns
from patang.features.packing import pack_arrays, unpack_arrays
from patang.features.state import FeatureState
from patang.features.vector import CANDLE_FEATURES, FEATURE_NAMES
from patang.features.warm_up import MINUTE_BAR, minute_bars
from patang.market.candles import Candle, ClosedMinute
from patang.market.ticks import unpack
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
