"""A real day replayed: history and live bars through the batch, one instance, and instances that come and go.

The simulator makes ticks of recorded candles; nine sessions before them are the warm-up. Features of one,
five and fifteen minutes are the same numbers whoever computes them, and no closed minute knows what comes.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from random import Random

import numpy as np
import pytest
from numpy.typing import NDArray

from patang.features.indicator_history import candle_features
from patang.features.indicators import MINUTES_A_YEAR
from patang.features.pointer import save_seed
from patang.features.state import FeatureState
from patang.features.vector import CANDLE_FEATURES
from patang.features.warm_up import MINUTE_BAR
from patang.market.candles import ClosedMinute
from patang.market.sessions import session_on
from patang_workbench.exchange.candles import MarketData
from patang_workbench.exchange.replay import replay_market
from tests.integration.features.pipeline import DATA, SHARD, Pipeline
from tests.unit.features.test_state import bars_of

DAY = date(2016, 8, 31)
SHARES = ("INFY", "TCS", "SBIN", "RELIANCE")
FRAMES = {1: "features", 5: "features_5m", 15: "features_15m"}


@pytest.fixture(scope="module")
def market() -> MarketData:
    if not (DATA / "stocks_intraday").is_dir():
        pytest.skip(f"{DATA} is absent: set PATANG_DATA to the folder of recorded market data")
    whole = replay_market(DATA, DAY, history_days=9)
    wanted = (*whole.indices, *SHARES)
    few = {name: days for name, days in whole.candles.items() if name in wanted or name.endswith("FUT")}
    return replace(whole, candles=few)


@pytest.fixture(scope="module")
def played(market: MarketData) -> Pipeline:
    """The day, read by one instance in order."""
    pipeline = with_seed(Pipeline(market, 20, option_ticks=1), market)
    pipeline.run(pipeline.floor.opening - 10, pipeline.floor.closing + 60)
    assert len(pipeline.minutes()) == 375
    return pipeline


def with_seed(pipeline: Pipeline, market: MarketData) -> Pipeline:
    session = session_on(DAY)
    state = FeatureState(pipeline.universe, session)
    state.warm_up(
        {
            symbol: bars(market, name, [day for day in market.history if day in market.candles[name]])
            for name, symbol in symbols(pipeline).items()
        }
    )
    save_seed(pipeline.objects, state)
    return pipeline


def symbols(pipeline: Pipeline) -> dict[str, str]:
    """The name of each index and share in the recorded candles, and in features."""
    return {i.tradingsymbol: i.symbol for i in pipeline.universe.instruments if i.is_spot}


def bars(market: MarketData, symbol: str, days: list[date]) -> NDArray[np.void]:
    """The recorded candles of those days, in rupees."""
    found = [
        (bar.start, bar.open / 100, bar.high / 100, bar.low / 100, bar.close / 100, bar.volume)
        for day in days
        for bar in market.candles[symbol][day].bars(day)
    ]
    return np.array(found, MINUTE_BAR)


def replays(pipeline: Pipeline, market: MarketData) -> Pipeline:
    """Another desk with the same stream, of which nothing is read yet."""
    again = with_seed(Pipeline(market, 20, option_ticks=1), market)
    again.stream.records = pipeline.stream.records
    return again


def batches(records: list[tuple[str, bytes]], random: Random) -> Iterator[list[tuple[str, bytes]]]:
    while records:
        size = random.choice((1, 3, 9, 27))
        yield records[:size]
        records = records[size:]


def test_live_features_are_those_of_the_batch(played: Pipeline, market: MarketData) -> None:
    minutes = played.minutes()
    for name, symbol in symbols(played).items():
        known = [day for day in (*market.history, DAY) if day in market.candles[name]]
        history = bars(market, name, known)
        for length in FRAMES:
            table = candle_features(bars_of(history, length), MINUTES_A_YEAR / length)[0]
            ends = ends_of(history, length)
            for minute in minutes:
                end = (minute.minute + timedelta(minutes=1)).timestamp()
                expected = table[np.searchsorted(ends, end, side="right") - 1]
                np.testing.assert_array_equal(live(minute, symbol, length), expected)
    assert np.isfinite(live(minutes[0], "INFY", 15)).all(), "nine sessions warm up every indicator"


def ends_of(history: NDArray[np.void], length: int) -> NDArray[np.int64]:
    groups = np.unique(history["start"] // (60 * length))
    return (groups + 1) * 60 * length


def live(minute: ClosedMinute, symbol: str, length: int) -> list[float]:
    values = getattr(minute, FRAMES[length])[symbol][: len(CANDLE_FEATURES)]
    return [np.nan if value is None else value for value in values]


@pytest.mark.parametrize("seed", [1, 2])
def test_instances_that_come_and_go_leave_the_same_minutes(
    played: Pipeline, market: MarketData, seed: int
) -> None:
    random, again = Random(seed), replays(played, market)
    restarts = 0
    for batch in batches(again.stream.records, random):
        if random.random() < 0.2:
            again.service, restarts = again.instance(), restarts + 1
        again.service.process(batch, SHARD)
    assert restarts > 20
    assert written(again) == written(played)


def test_a_future_that_is_cut_off_changes_no_closed_minute(played: Pipeline, market: MarketData) -> None:
    again = replays(played, market)
    cut = Random(3).randrange(len(again.stream.records))
    again.stream.records = again.stream.records[:cut]
    again.service.process(again.stream.records, SHARD)
    until_then = written(again)
    assert 10 < len(until_then) < len(written(played))
    assert until_then == {path: written(played)[path] for path in until_then}


def written(pipeline: Pipeline) -> dict[str, bytes]:
    return {p: b for p, b in pipeline.objects.blobs.items() if p.startswith(("minutes/", "chains/"))}
