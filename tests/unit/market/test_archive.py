"""The day's end as files."""

import io
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow.parquet as pq
import pytest

from patang.accounts.account import Account
from patang.adapters.parquet import ParquetTables
from patang.market.archive import ArchiveService
from patang.market.candles import Candle, ClosedMinute
from patang.market.envelope import open_envelope
from patang.market.minutes import MinuteClose
from patang.portfolio.position import Position
from patang.records import create
from tests.fakes import MemoryObjects, MemoryStore, RecordedMetrics, RecordedStream
from tests.unit.market.market_day import at


class Shards:
    """A StreamReader that knows its shards."""

    def __init__(self, *names: str) -> None:
        self.names = list(names)

    def shards(self) -> list[str]:
        return self.names

    def read(self, shard: str, after: str | None, until: str) -> Any:
        raise AssertionError("the archive does not read the stream")


class Evening:
    def __init__(self, *shards: str) -> None:
        self.store, self.objects = MemoryStore(), MemoryObjects()
        self.stream, self.metrics = RecordedStream(), RecordedMetrics()
        self.shards = Shards(*(shards or ("one",)))
        self.waits: list[float] = []
        self.on_wait = lambda: None

    def close(self, clock: str, shard: str = "one", *candles: Candle) -> None:
        minute = at(clock)
        closed = ClosedMinute(
            minute=minute, shard=shard, candles=candles, feature_names=(), features={}, quotes=()
        )
        path = ClosedMinute.path(minute, shard)
        self.objects.put(path, closed.model_dump_json().encode())
        self.store.write(create(MinuteClose(minute=minute, shard=shard, path=path, candles=len(candles))))

    def run(self, moment: datetime | None = None) -> dict[str, Any]:
        def wait(seconds: float) -> None:
            self.waits.append(seconds)
            self.on_wait()

        service = ArchiveService(
            self.store, self.objects, self.stream, self.shards, ParquetTables(), self.metrics, wait
        )
        return service.run(moment or at("15:50"))

    def table(self, path: str) -> Any:
        return pq.read_table(io.BytesIO(self.objects.blobs[path]))


def candle(symbol: str, clock: str, close: float, **changes: Any) -> Candle:
    values = {"open": close, "high": close, "low": close, "close": close, "volume": 10}
    return Candle(symbol=symbol, timestamp=at(clock), **(values | changes))


def position(number: int, **changes: Any) -> Position:
    values: dict[str, Any] = {
        "account": "main",
        "position_id": f"p{number}",
        "mode": "paper",
        "state": "CLOSED",
        "strategy": "equity",
        "exchange": "NSE",
        "symbol": "INFY",
        "underlying": "INFY",
        "instrument_token": 1,
        "lot_size": 1,
        "tick_size": Decimal("0.05"),
        "product": "MIS",
        "quantity": 10,
        "entry_price": Decimal("1000.05"),
        "entry_time": at("10:00"),
        "entry_intent_id": "e1",
        "entry_charges": Decimal("1.25"),
        "entry_slippage": Decimal("0.05"),
        "stop_loss_price": Decimal("990"),
        "target_price": Decimal("1020"),
        "exit_time": at("11:00"),
        "exit_price": Decimal("1010"),
        "realised_pnl": Decimal("97.30"),
    }
    return Position.model_validate(values | changes)


def test_candles_are_written_a_symbol_and_a_day():
    evening = Evening()
    option = candle("NIFTY16AUG8600CE", "09:15", 60.0, oi=1200)
    evening.close("09:15", "one", candle("INFY", "09:15", 1000.05), option)
    evening.close("15:29", "one", candle("INFY", "15:29", 1002.0))
    assert evening.run() == {"ok": True, "day": "2016-08-16", "reason": None, "candles": 3, "trades": 0}
    table = evening.table("historical_candles/symbol=INFY/date=2016-08-16/candles_INFY_2016-08-16.parquet")
    assert table.column_names == ["symbol", "timestamp", "open", "high", "low", "close", "volume", "oi"]
    assert str(table.schema.field("timestamp").type) == "timestamp[us, tz=Asia/Kolkata]"
    assert table["timestamp"].to_pylist() == [at("09:15"), at("15:29")]
    assert table["close"].to_pylist() == [1000.05, 1002.0]
    assert table["oi"].to_pylist() == [None, None]
    chain = evening.table(
        "historical_candles/symbol=NIFTY16AUG8600CE/date=2016-08-16/candles_NIFTY16AUG8600CE_2016-08-16.parquet"
    )
    assert chain["oi"].to_pylist() == [1200]


def test_a_minute_that_two_shards_closed_is_written_once():
    evening = Evening("one", "two")
    evening.close("15:29", "one", candle("INFY", "15:29", 1000.0, volume=3))
    evening.close("15:29", "two", candle("INFY", "15:29", 1001.0, volume=30))
    assert evening.run()["candles"] == 2
    table = evening.table("historical_candles/symbol=INFY/date=2016-08-16/candles_INFY_2016-08-16.parquet")
    assert table["volume"].to_pylist() == [30]


def test_the_trades_of_the_day_are_logged():
    evening = Evening()
    evening.close("15:29")
    account = Account(account="main", label="Main", kite_user_id="AB1234", api_key="k", principal="owner")
    yesterday = datetime(2016, 8, 12, 11, tzinfo=at("11:00").tzinfo)
    for record in (
        account,
        position(1),
        position(2, state="OPEN", exit_time=None, exit_price=None, realised_pnl=None),
        position(3, exit_time=yesterday),
    ):
        evening.store.write(create(record))
    assert evening.run()["trades"] == 1
    [row] = evening.table("trade_logs/trades_2016-08-16.parquet").to_pylist()
    assert row["position_id"] == "p1"
    assert (row["entry_price"], row["realised_pnl"]) == (1000.05, 97.3)
    assert row["exit_time"] == at("11:00")


def test_a_day_without_trades_has_an_empty_log():
    evening = Evening()
    evening.close("15:29")
    evening.run()
    assert evening.table("trade_logs/trades_2016-08-16.parquet").num_rows == 0


def test_the_last_minute_is_closed_by_a_marker_when_ticks_have_ceased():
    evening = Evening()
    evening.close("15:28", "one", candle("INFY", "15:28", 1.0))
    evening.on_wait = lambda: evening.close("15:29", "one", candle("INFY", "15:29", 2.0))
    assert evening.run()["candles"] == 2
    [marker] = evening.stream.marks
    head, _ = open_envelope(marker)
    assert (head.kind, head.market_time) == ("marker", at("15:30:10"))
    assert len(evening.waits) == 1


def test_a_last_minute_that_does_not_close_is_reported_and_the_rest_archived():
    evening = Evening("one", "two")
    evening.close("15:28", "one", candle("INFY", "15:28", 1.0))
    result = evening.run()
    assert (result["ok"], result["candles"]) == (False, 1)
    assert "15:29" in result["reason"]
    assert sum(evening.waits) == pytest.approx(30)
    assert evening.metrics.counts["session_end_missing"] == 1


def test_a_day_on_which_nothing_was_seen_is_no_reason_to_wait():
    evening = Evening()
    assert evening.run()["ok"]
    assert evening.waits == []
    assert evening.stream.marks == []


def test_no_archive_on_a_holiday_or_in_the_session():
    evening = Evening()
    assert evening.run(at("15:50", date(2016, 8, 15)))["reason"] == "no session today"
    early = evening.run(at("15:00"))
    assert not early["ok"]
    assert "open until 15:30" in early["reason"]
    assert evening.objects.blobs == {}


def test_a_second_run_writes_the_same_files():
    evening = Evening()
    evening.close("15:29", "one", candle("INFY", "15:29", 1002.0))
    evening.run()
    before = dict(evening.objects.blobs)
    evening.run()
    assert evening.objects.blobs == before
