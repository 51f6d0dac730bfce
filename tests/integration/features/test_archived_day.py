"""What (features) leaves behind, as (archive) keeps it: nothing is lost between the objects and the files."""

import io
import json
from typing import Any

import pyarrow.parquet as pq
import pytest

from patang.adapters.parquet import ParquetTables
from patang.market.candles import Candle, ClosedMinute
from patang.market.chain_snapshot import ChainSnapshot
from patang.market.day_files import DayFiles
from patang.market.volatility import daily_volatility, load_history
from tests.unit.features.test_service import SHARD, Desk
from tests.unit.market.market_day import DAY, at, stream


@pytest.fixture(scope="module")
def desk() -> Desk:
    """After a quarter of an hour."""
    desk = Desk()
    desk.instance().process(desk.stream.put(stream(at("09:15"), at("09:30:10"))), SHARD)
    return desk


@pytest.fixture(scope="module")
def files(desk: Desk) -> DayFiles:
    files = DayFiles(desk.objects, ParquetTables(), DAY)
    files.candles()
    files.chains()
    assert files.problems == []
    return files


def rows(desk: Desk, path: str) -> list[dict[str, Any]]:
    return pq.read_table(io.BytesIO(desk.objects.blobs[path])).to_pylist()


def minutes(desk: Desk) -> list[ClosedMinute]:
    return [ClosedMinute.model_validate_json(blob) for _, blob in sorted(desk.minutes().items())]


def values(candle: Candle) -> dict[str, Any]:
    return candle.model_dump()


def test_every_bar_of_every_closed_minute_is_in_its_symbols_file(desk, files):
    closed = minutes(desk)
    assert len(closed) == 15
    expected: dict[str, list[dict[str, Any]]] = {}
    for minute in closed:
        for candle in minute.candles:
            expected.setdefault(candle.symbol, []).append(values(candle))
    paths = desk.objects.list("historical_candles/")
    found = {path.split("/")[1].removeprefix("symbol="): rows(desk, path) for path in paths}
    assert found == expected
    assert {"NIFTY", "INFY", "NIFTY16AUG8600CE"} <= set(found)


def test_longer_bars_are_made_of_the_archived_minutes(desk, files):
    of_infy = rows(desk, f"historical_candles/symbol=INFY/date={DAY}/candles_INFY_{DAY}.parquet")
    [quarter] = [bar for minute in minutes(desk) for bar in minute.candles_15m if bar.symbol == "INFY"]
    assert values(quarter) == {
        "symbol": "INFY",
        "timestamp": of_infy[0]["timestamp"],
        "open": of_infy[0]["open"],
        "high": max(row["high"] for row in of_infy),
        "low": min(row["low"] for row in of_infy),
        "close": of_infy[-1]["close"],
        "volume": sum(row["volume"] for row in of_infy),
        "oi": None,
    }


def test_the_sessions_bars_are_those_of_the_last_minute(desk, files):
    found = rows(desk, f"daily_candles/date={DAY}/daily_{DAY}.parquet")
    last = {bar.symbol: values(bar) for bar in minutes(desk)[-1].candles_day}
    assert {row["symbol"]: row for row in found} == last
    assert set(last) == {"NIFTY", "INFY", "TCS"}


def test_every_row_of_every_chain_is_in_its_underlyings_file(desk, files):
    found = rows(desk, f"option_chain/symbol=NIFTY/date={DAY}/chain_NIFTY_{DAY}.parquet")
    kept = [json.loads(desk.objects.blobs[path]) for path in desk.objects.list("chains/")]
    assert [snapshot["as_of"][11:16] for snapshot in kept] == ["09:20", "09:25", "09:30"]
    snapshots = [ChainSnapshot.model_validate(snapshot) for snapshot in kept]
    expected = [
        {"symbol": "NIFTY", "timestamp": snapshot.as_of, "atm_iv": snapshot.iv, **row.model_dump()}
        for snapshot in snapshots
        for row in snapshot.rows
    ]
    assert len(expected) == 30
    assert [{name: row[name] for name in expected[0]} for row in found] == expected
    assert load_history(desk.objects, "NIFTY").days == {DAY: daily_volatility(s.iv for s in snapshots)}
