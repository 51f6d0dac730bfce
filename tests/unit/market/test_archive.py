"""The day's end as files."""

import io
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow.parquet as pq
import pytest

from patang.accounts.account import Account
from patang.adapters.parquet import ParquetTables
from patang.audit.chain import link
from patang.audit.event import AuditEvent
from patang.audit.export import AuditExport
from patang.audit.log import AuditLog
from patang.audit.sealing import AuditSeal
from patang.errors import StopTrading
from patang.market.archive import ArchivedDay, ArchiveService
from patang.market.candles import Candle, ClosedMinute
from patang.market.chain_snapshot import ChainRow, ChainSnapshot
from patang.market.envelope import open_envelope
from patang.market.instrument_dumps import dump_path, save_dump
from patang.market.instrument_table import InstrumentTable
from patang.market.listing import COLUMNS
from patang.market.minutes import MinuteClose
from patang.market.session_override import SessionOverride
from patang.market.volatility import VolatilityHistory, load_history, save_history
from patang.portfolio.position import Position
from patang.records import create
from patang.settings import Settings
from patang.trade_log.day_log import DayLog
from patang.trade_log.export import TradeLogExport
from tests.fakes import MemoryObjects, MemoryStore, RecordedMetrics, RecordedStream
from tests.unit.audit.own_key import OwnKey
from tests.unit.market.market_day import DAY, at


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
        self.store, self.audit_store, self.objects = MemoryStore(), MemoryStore(), MemoryObjects()
        self.audit_archive, self.signer = MemoryObjects(), OwnKey()
        self.stream, self.metrics = RecordedStream(), RecordedMetrics()
        self.shards = Shards(*(shards or ("one",)))
        self.settings = Settings()
        self.waits: list[float] = []
        self.on_wait = lambda: None

    def close(
        self,
        clock: str,
        shard: str = "one",
        *candles: Candle,
        day: date = DAY,
        of_day: tuple[Candle, ...] = (),
    ) -> None:
        minute = at(clock, day)
        closed = ClosedMinute(
            minute=minute,
            shard=shard,
            candles=candles,
            candles_day=of_day,
            feature_names=(),
            features={},
            quotes=(),
        )
        path = ClosedMinute.path(minute, shard)
        self.objects.put(path, closed.model_dump_json().encode())
        self.store.write(create(MinuteClose(minute=minute, shard=shard, path=path, candles=len(candles))))

    def keep_chain(self, chain: ChainSnapshot) -> None:
        path = ChainSnapshot.path(chain.underlying, chain.as_of)
        self.objects.put(path, chain.model_dump_json().encode())

    def run(self, moment: datetime | None = None) -> dict[str, Any]:
        def wait(seconds: float) -> None:
            self.waits.append(seconds)
            self.on_wait()

        service = ArchiveService(
            self.store,
            self.objects,
            self.stream,
            self.shards,
            ParquetTables(),
            TradeLogExport(DayLog(self.store), self.objects, ParquetTables()),
            AuditExport(AuditLog(self.store, self.audit_store), self.objects),
            AuditSeal(self.objects, self.audit_archive, self.signer),
            self.metrics,
            lambda: self.settings,
            wait,
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
    assert evening.run() == {
        "ok": True,
        "day": "2016-08-16",
        "reason": None,
        "candles": 3,
        "chain_rows": 0,
        "instruments": 0,
        "trades": 0,
        "problems": [],
        "made_good": [],
        "sealed": 0,
    }
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
    assert evening.run()["candles"] == 1
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
    held = evening.table("trade_logs/positions_2016-08-16.parquet").to_pylist()
    assert [(row["position_id"], row["realized_pnl"]) for row in held] == [("p1", 97.3), ("p2", None)]
    [result] = evening.table("trade_logs/results_2016-08-16.parquet").to_pylist()
    assert (result["strategy"], result["trades"], result["realised_pnl"]) == ("equity", 1, 97.3)
    assert evening.table("trade_logs/orders_2016-08-16.parquet").num_rows == 0
    assert "average_fill_price" in evening.table("trade_logs/orders_2016-08-16.parquet").column_names


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
    answer = evening.run()
    assert not answer["ok"]
    assert "no minute of the session was closed" in answer["reason"]
    assert evening.metrics.counts["archive_problem"] == 1
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


def test_the_sessions_bars_hold_the_closing_auction_which_no_minute_has():
    evening = Evening()
    early = candle("INFY", "09:15", 1000.0, volume=500)
    with_auction = candle("INFY", "09:15", 1003.5, volume=900, open=1000.0)
    index_bar = candle("NIFTY", "09:15", 8600.0, volume=0)
    evening.close("15:29", "one", candle("INFY", "15:29", 1001.0), of_day=(with_auction, index_bar))
    evening.close("15:28", "one", candle("INFY", "15:28", 1001.0), of_day=(early,))
    evening.run()
    rows = evening.table("daily_candles/date=2016-08-16/daily_2016-08-16.parquet").to_pylist()
    assert [(row["symbol"], row["close"], row["volume"]) for row in rows] == [
        ("INFY", 1003.5, 900),
        ("NIFTY", 8600.0, 0),
    ]
    minutes = evening.table("historical_candles/symbol=INFY/date=2016-08-16/candles_INFY_2016-08-16.parquet")
    assert minutes["close"].to_pylist() == [1001.0, 1001.0]


def snapshot(clock: str, iv: float | None, *rows: ChainRow) -> ChainSnapshot:
    return ChainSnapshot(
        underlying="NIFTY",
        as_of=at(clock),
        spot=8600.5,
        iv=iv,
        iv_skew=0.01,
        iv_rank=None,
        iv_rank_own_days=3,
        iv_rank_vix_days=0,
        rows=rows,
    )


def chain_row(kind: str, **changes: Any) -> ChainRow:
    values: dict[str, Any] = {
        "identifier": f"NFO:NIFTY16AUG8600{kind}",
        "expiry": date(2016, 8, 25),
        "strike": 8600.0,
        "type": kind,
        "last": 60.05,
        "bid": 60.0,
        "ask": 60.1,
        "spread_pct": 0.17,
        "volume": 750,
        "oi": 1200,
        "oi_trend": None,
        "iv": 0.14,
        "delta": 0.5,
        "gamma": 0.001,
        "theta": -4.0,
        "vega": 5.5,
        "time_value": 59.55,
        "exchange_time": at("09:19:58"),
    }
    return ChainRow.model_validate(values | changes)


def test_the_chains_of_a_day_become_one_table_an_underlying():
    evening = Evening()
    evening.close("15:29")
    unknown = chain_row("PE", bid=None, iv=None, delta=None)
    for moment in (snapshot("09:25", 0.2, chain_row("CE")), snapshot("09:20", 0.1, chain_row("CE"), unknown)):
        evening.keep_chain(moment)
    assert evening.run()["chain_rows"] == 3
    rows = evening.table(
        "option_chain/symbol=NIFTY/date=2016-08-16/chain_NIFTY_2016-08-16.parquet"
    ).to_pylist()
    assert [(row["timestamp"], row["type"]) for row in rows] == [
        (at("09:20"), "CE"),
        (at("09:20"), "PE"),
        (at("09:25"), "CE"),
    ]
    call, put, _ = rows
    assert (call["symbol"], call["spot"], call["atm_iv"], call["iv_skew"]) == ("NIFTY", 8600.5, 0.1, 0.01)
    assert call["identifier"] == "NFO:NIFTY16AUG8600CE"
    assert call["expiry"] == date(2016, 8, 25)
    assert (put["bid"], put["iv"], put["delta"], put["oi_trend"]) == (None, None, None, None)
    assert set(ChainRow.model_fields) <= set(call)


def test_the_days_volatility_joins_its_year_once():
    evening = Evening()
    evening.close("15:29")
    save_history(evening.objects, VolatilityHistory(name="NIFTY", days={date(2016, 8, 12): 0.3}))
    for clock, iv in (("09:20", 0.1), ("09:25", 0.2), ("09:30", 0.18), ("09:35", None)):
        evening.keep_chain(snapshot(clock, iv))
    for _ in range(2):
        evening.run()
    assert load_history(evening.objects, "NIFTY").days == {date(2016, 8, 12): 0.3, DAY: 0.18}


def test_a_broken_year_of_volatility_is_told_and_the_chain_archived():
    evening = Evening()
    evening.close("15:29")
    evening.objects.put("volatility/NIFTY.json", b"{")
    evening.keep_chain(snapshot("09:20", 0.1, chain_row("CE")))
    result = evening.run()
    assert result["chain_rows"] == 1
    assert "volatility/NIFTY.json" in result["problems"][0]


def test_the_days_instruments_are_there_as_parquet_too():
    evening = Evening()
    evening.close("15:29")
    row = {
        "instrument_token": 408065,
        "exchange_token": 1594,
        "tradingsymbol": "INFY",
        "name": "INFOSYS",
        "last_price": 0.0,
        "expiry": "",
        "strike": 0.0,
        "tick_size": 0.05,
        "lot_size": 1,
        "instrument_type": "EQ",
        "segment": "NSE",
        "exchange": "NSE",
        "isin": "INE009A01021",
    }
    option = {**row, "tradingsymbol": "INFY16AUG1000CE", "expiry": "2016-08-25", "strike": 1000.0}
    option |= {"instrument_type": "CE", "segment": "NFO-OPT", "exchange": "NFO", "isin": ""}
    save_dump(evening.objects, DAY, InstrumentTable.from_rows([row, option]))
    assert evening.run()["instruments"] == 2
    table = evening.table("instruments/date=2016-08-16/instruments_2016-08-16.parquet")
    assert table.column_names == list(COLUMNS)
    share, call = table.to_pylist()
    assert (share["isin"], share["expiry"], share["strike"]) == ("INE009A01021", None, None)
    assert (call["isin"], call["expiry"], call["strike"]) == (None, date(2016, 8, 25), 1000.0)


def test_an_instruments_dump_that_does_not_parse_is_told():
    evening = Evening()
    evening.close("15:29")
    evening.objects.put(dump_path(DAY), b"nothing")
    result = evening.run()
    assert result["instruments"] == 0
    assert result["problems"][0].startswith(dump_path(DAY))


def test_an_object_that_does_not_parse_does_not_keep_the_others_from_their_files():
    evening = Evening()
    evening.objects.put(ClosedMinute.path(at("09:15"), "one"), b'{"minute": 1}')
    evening.close("15:29", "one", candle("INFY", "15:29", 1002.0))
    result = evening.run()
    assert result["candles"] == 1
    [problem] = result["problems"]
    assert problem.startswith("minutes/2016-08-16/0915/one.json does not parse")
    assert evening.metrics.counts["archive_problem"] == 1


def earlier(days: int) -> date:
    return DAY - timedelta(days=days)


def test_days_that_were_missed_are_made_good_the_latest_first_and_once():
    evening = Evening()
    for days in (1, 4, 5, 6, 7):
        evening.close("15:29", "one", candle("INFY", "15:29", days), day=earlier(days))
    assert evening.run()["made_good"] == [str(earlier(days)) for days in (1, 4, 5)]
    assert evening.run()["made_good"] == [str(earlier(days)) for days in (6, 7)]
    assert evening.run()["made_good"] == []
    day = earlier(7)
    table = evening.table(f"historical_candles/symbol=INFY/date={day}/candles_INFY_{day}.parquet")
    assert table["close"].to_pylist() == [7.0]
    note = ArchivedDay.model_validate_json(evening.objects.blobs[ArchivedDay.path(day)])
    assert (note.day, note.candles, note.problems) == (day, 1, ())


def test_missed_days_are_made_good_on_a_holiday_too():
    evening = Evening()
    holiday = earlier(1)
    evening.close("15:29", "one", candle("INFY", "15:29", 4.0), day=earlier(4))
    result = evening.run(at("15:50", holiday))
    assert (result["reason"], result["made_good"]) == ("no session today", [str(earlier(4))])


def test_a_day_whose_last_minute_came_late_is_archived_again_the_next_day():
    evening = Evening("one", "two")
    evening.close("15:28", "one", candle("INFY", "15:28", 1.0))
    assert not evening.run()["ok"]
    evening.close("15:29", "one", candle("INFY", "15:29", 2.0))
    evening.close("15:29", "two")
    tomorrow = DAY + timedelta(days=1)
    evening.close("15:29", "one", day=tomorrow)
    evening.close("15:29", "two", day=tomorrow)
    assert evening.run(at("15:50", tomorrow))["made_good"] == [str(DAY)]
    table = evening.table("historical_candles/symbol=INFY/date=2016-08-16/candles_INFY_2016-08-16.parquet")
    assert table["close"].to_pylist() == [1.0, 2.0]


def test_minutes_of_long_ago_are_left_alone():
    evening = Evening()
    evening.close("15:29", "one", candle("INFY", "15:29", 1.0), day=earlier(86))
    assert evening.run()["made_good"] == []


def test_the_owners_word_on_a_day_goes_before_the_calendars():
    evening = Evening()
    evening.settings = Settings(
        sessions=(SessionOverride(day=DAY, reason="a special session", open="18:00", close="19:00"),)
    )
    assert "open until 19:00" in evening.run(at("15:50"))["reason"]
    evening.close("18:59", "one", candle("INFY", "18:59", 1.0))
    assert evening.run(at("19:10"))["ok"]


def test_a_day_of_a_year_that_the_calendar_does_not_know_waits_until_it_does():
    evening = Evening()
    day = date(2099, 1, 5)
    evening.close("15:29", "one", candle("INFY", "15:29", 1.0), day=day)
    result = evening.run(at("15:50", day))
    assert not result["ok"]
    assert "2099" in result["reason"]
    assert not evening.objects.list("historical_candles/")
    next_day = day + timedelta(days=1)
    evening.settings = Settings(sessions=(SessionOverride(day=next_day, reason="no trading", closed=True),))
    assert evening.run(at("15:50", next_day))["made_good"] == [str(day)]


def test_what_is_linked_after_a_run_is_exported_by_the_next_one():
    evening = Evening()
    evening.close("15:29")
    account = Account(account="main", label="Main", kite_user_id="AB1234", api_key="k", principal="owner")
    evening.store.write(create(account))

    def happened(clock: str) -> None:
        event = AuditEvent(
            event_id=f"settings#{clock}",
            account="main",
            kind="SETTINGS_CHANGED",
            as_of=at(clock),
            written_at=at(clock),
            actor="owner",
            details={},
        )
        link(evening.audit_store, "main", DAY, [event])

    happened("10:00")
    evening.run()
    happened("21:30")
    evening.run(at("15:50") + timedelta(days=1))
    evening.run(at("15:50") + timedelta(days=2))
    assert sorted(evening.objects.list("audit_logs/")) == [
        f"audit_logs/{DAY}/audit_{DAY}_1000_1000.json",
        f"audit_logs/{DAY}/audit_{DAY}_2130_2130.json",
    ]
    # Each evening sealed what was new.
    assert sorted(evening.audit_archive.list("audit_logs/")) == sorted(evening.objects.list("audit_logs/"))
    assert len(evening.audit_archive.list("digests/")) == 3


def test_what_is_wrong_with_the_audit_files_is_said_when_the_day_is_archived():
    evening = Evening()
    evening.close("15:29", "one", candle("INFY", "15:29", 101))
    evening.objects.put("audit_logs/2026-08-18/x.json", b"{}")
    with pytest.raises(StopTrading, match=r"x\.json: no part of the audit log"):
        evening.run()
    assert evening.objects.list("historical_candles/")
    assert evening.audit_archive.list("digests/")
