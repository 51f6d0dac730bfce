"""A simulated session from the ticker's frames to closed minutes: decoded, flowed, applied, closed.

The candles that come out must be the candles that the simulator was given, whatever dies on the way.
"""

from datetime import date, datetime, timedelta

import pytest

from patang.keys import cycle_key
from patang.market.candles import Candle, ClosedMinute
from patang.market.cycle import Cycle
from patang.market.sessions import IST
from patang.records import load
from patang_workbench.exchange.candles import MarketData
from patang_workbench.exchange.replay import replay_market
from patang_workbench.exchange.synthetic import synthetic_market
from tests.integration.features.pipeline import DATA, Pipeline


def given(market: MarketData, until: int) -> dict[tuple[str, datetime], tuple[float, ...]]:
    """The simulator's source: candles by symbol and start, in rupees."""
    names = {"NIFTY 50": "NIFTY", "NIFTY BANK": "BANKNIFTY"}
    return {
        (names.get(symbol, symbol), datetime.fromtimestamp(bar.start, IST)): (
            bar.open / 100,
            bar.high / 100,
            bar.low / 100,
            bar.close / 100,
            bar.volume,
        )
        for symbol, days in market.candles.items()
        for bar in days[market.session].bars(market.session)
        if bar.start < until
    }


def made(minutes: list[ClosedMinute], symbols: set[str]) -> dict[tuple[str, datetime], tuple[float, ...]]:
    return {
        (candle.symbol, candle.timestamp): values(candle)
        for minute in minutes
        for candle in minute.candles
        if candle.symbol in symbols
    }


def values(candle: Candle) -> tuple[float, ...]:
    return (candle.open, candle.high, candle.low, candle.close, candle.volume)


@pytest.fixture(scope="module")
def synthetic() -> MarketData:
    return synthetic_market(7, date(2026, 8, 18), history_days=1)


@pytest.mark.parametrize("flush_seconds", [1, 6])
def test_a_synthetic_morning_comes_out_as_it_went_in(synthetic, flush_seconds):
    pipeline = Pipeline(synthetic, flush_seconds)
    opening = pipeline.floor.opening
    pipeline.run(opening - 10, opening + 20 * 60 + 10)
    minutes = pipeline.minutes()
    assert len(minutes) == 20
    symbols = set(pipeline.universe.candle_symbols())
    assert made(minutes, symbols) == given(synthetic, opening + 20 * 60)
    assert len(pipeline.workflows.started) == 20
    chain = [q for q in minutes[-1].quotes if q.identifier.startswith("NFO:")]
    assert len(chain) == sum(i.is_option and i.name == "NIFTY" for i in pipeline.universe.instruments)
    at = minutes[-1].feature_names.index("iv_from_options")
    assert 0.05 < minutes[-1].features["NIFTY"][at] < 0.6


def test_instances_die_in_every_minute_and_nothing_is_lost(synthetic):
    pipeline = Pipeline(synthetic, 6)
    opening = pipeline.floor.opening
    pipeline.run(opening - 10, opening)
    for second in range(opening, opening + 8 * 60, 30):
        pipeline.run(second, second + 30)
        pipeline.service = pipeline.instance()
    pipeline.run(opening + 8 * 60, opening + 8 * 60 + 10)
    symbols = set(pipeline.universe.candle_symbols())
    assert made(pipeline.minutes(), symbols) == given(synthetic, opening + 8 * 60)
    assert len(pipeline.workflows.started) == 8


def test_after_a_lost_connection_volume_is_whole_and_old_minutes_are_not_decided_on(synthetic):
    pipeline = Pipeline(synthetic, 6)
    opening = pipeline.floor.opening
    pipeline.run(opening - 10, opening + 150)
    pipeline.run(opening + 150, opening + 400, feed=False)
    pipeline.flow.mark_gap(pipeline.flow.market_time)
    pipeline.run(opening + 400, opening + 490)
    minutes = pipeline.minutes()
    assert [m.minute for m in minutes] == [
        datetime.fromtimestamp(opening, IST) + timedelta(minutes=n) for n in range(8)
    ]
    source = given(synthetic, opening + 8 * 60)
    for symbol in pipeline.universe.candle_symbols():
        volume = sum(c.volume for m in minutes for c in m.candles if c.symbol == symbol)
        assert volume == sum(bar[-1] for (name, _), bar in source.items() if name == symbol)
    states = [load(pipeline.store, Cycle, cycle_key(m.minute + timedelta(minutes=1))).state for m in minutes]
    assert states == ["STARTED"] * 2 + ["SKIPPED"] * 3 + ["STARTED"] * 3


@pytest.mark.thorough
def test_a_recorded_session_comes_out_as_it_went_in():
    if not (DATA / "stocks_intraday").is_dir():
        pytest.skip(f"{DATA} is absent: set PATANG_DATA to the folder of recorded market data")
    market = replay_market(DATA, date(2016, 8, 16), history_days=1)
    pipeline = Pipeline(market, 30, option_ticks=1)
    opening, closing = pipeline.floor.opening, pipeline.floor.closing
    pipeline.run(opening - 10, closing + 60)
    minutes = pipeline.minutes()
    assert len(minutes) == 375
    symbols = set(pipeline.universe.candle_symbols())
    assert len(symbols) > 50
    assert made(minutes, symbols) == given(market, closing)
    assert len(pipeline.workflows.started) == 374
    assert pipeline.metrics.counts["cycle_skipped"] == 1
    fifteen = [c for m in minutes for c in m.candles_15m if c.symbol == "NIFTY"]
    assert [c.timestamp for c in fifteen] == [
        datetime.fromtimestamp(opening, IST) + timedelta(minutes=15 * n) for n in range(25)
    ]
