"""Bars are set aside with the reason, the original stays, and the owner can have them back."""

import io
from datetime import date, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from patang.adapters.parquet import ParquetTables, parquet_bytes
from patang.errors import Refused
from patang.market.sessions import IST
from patang_workbench.history.checking import Checked, check_store, set_aside
from patang_workbench.history.loader import Loader
from patang_workbench.history.quarantine import Entry, Quarantine
from patang_workbench.history.store import CandleStore
from tests.fakes import MemoryObjects
from tests.unit.history.brokers import RELIANCE, HistoryBroker

FIRST, LAST = date(2026, 5, 25), date(2026, 5, 29)
DAY = date(2026, 5, 27)
PATH = f"historical_candles/symbol=RELIANCE/date={DAY}/candles_RELIANCE_{DAY}.parquet"


@pytest.fixture
def store() -> CandleStore:
    """Four days of minutes, one of which has a bar without a price and a bar twice."""
    now = datetime(2026, 6, 1, 8, 0, tzinfo=IST)
    store = CandleStore(MemoryObjects(), ParquetTables())
    loader = Loader(HistoryBroker(now), store, now, lambda _: None)
    loader.carry_out(loader.plan(RELIANCE, FIRST, LAST, "minute"))
    table = table_at(store, PATH)
    lows = table["low"].to_pylist()
    lows[100] = 0.0
    spoilt = table.set_column(table.column_names.index("low"), "low", pa.array(lows))
    twice = pa.concat_tables([spoilt.slice(0, 11), spoilt.slice(10)])
    store.objects.put(PATH, parquet_bytes(twice))
    return store


def table_at(store: CandleStore, path: str) -> pa.Table:
    content = store.objects.get(path)
    assert content is not None
    return pq.read_table(io.BytesIO(content))


def check(store: CandleStore) -> Checked:
    (checked,) = check_store(store, [], [])
    return checked


def quarantined(store: CandleStore) -> Entry:
    (entry,) = set_aside(store, check(store))
    return entry


def test_both_faults_are_found_and_nothing_changes(store: CandleStore) -> None:
    before = dict(store.objects.blobs)
    assert [finding.kind for finding in check(store).findings] == ["duplicate", "no_price"]
    assert not check(store).is_clean
    assert store.objects.blobs == before


def test_the_bars_go_aside_with_their_findings_and_the_original_stays(store: CandleStore) -> None:
    original = store.objects.get(PATH)
    entry = quarantined(store)
    assert entry.folder.startswith(f"quarantine/historical_candles/symbol=RELIANCE/date={DAY}/")
    assert store.objects.get(f"{entry.folder}/original.parquet") == original
    rows = table_at(store, f"{entry.folder}/rows.parquet").to_pylist()
    assert [row["row"] for row in rows] == [11, 101]
    assert [row["finding"].split(":")[0] for row in rows] == ["duplicate", "no_price"]
    assert rows[1]["low"] == 0.0
    assert table_at(store, PATH).num_rows == 376 - 2
    assert (
        table_at(store, PATH).schema.names == table_at(store, f"{entry.folder}/original.parquet").schema.names
    )


def test_what_was_set_aside_is_not_missed_and_not_found_again(store: CandleStore) -> None:
    quarantined(store)
    again = check(store)
    assert (again.findings, again.aside, again.is_clean) == ((), 2, True)
    assert set_aside(store, again) == []


def test_the_owner_gets_the_file_back_as_it_was(store: CandleStore) -> None:
    original = store.objects.get(PATH)
    Quarantine(store.objects).restore(quarantined(store))
    assert store.objects.get(PATH) == original
    (entry,) = Quarantine(store.objects).entries()
    assert entry.state == "restored"


def test_findings_that_the_owner_took_back_are_told_and_not_counted(store: CandleStore) -> None:
    Quarantine(store.objects).restore(quarantined(store))
    checked = check(store)
    assert (len(checked.accepted), checked.findings, checked.is_clean) == (2, (), True)
    assert set_aside(store, checked) == []


def test_a_file_that_changed_meanwhile_is_not_overwritten(store: CandleStore) -> None:
    entry = quarantined(store)
    store.objects.put(PATH, parquet_bytes(table_at(store, PATH).slice(1)))
    with pytest.raises(Refused, match="has been written since"):
        Quarantine(store.objects).restore(entry)


def test_a_crash_before_the_file_is_rewritten_is_made_good_by_the_next_check(store: CandleStore) -> None:
    original = store.objects.get(PATH)
    assert original is not None
    entry = quarantined(store)
    store.objects.put(PATH, original)
    assert quarantined(store) == entry
    assert check(store).is_clean


def test_a_whole_day_of_a_wrong_time_zone_goes_aside(store: CandleStore) -> None:
    table = table_at(store, PATH)
    times = [moment.astimezone(IST) for moment in table["timestamp"].to_pylist()]
    shifted = [moment.replace(hour=moment.hour - 5) for moment in times]
    column = pa.array(shifted, pa.timestamp("us", tz="Asia/Kolkata"))
    shifted_table = table.set_column(table.column_names.index("timestamp"), "timestamp", column)
    half_hour = pa.scalar(30 * 60 * 1_000_000, pa.duration("us"))
    moved = pa.compute.subtract(shifted_table["timestamp"], half_hour)
    store.objects.put(PATH, parquet_bytes(shifted_table.set_column(1, "timestamp", moved)))
    entry = quarantined(store)
    assert {reason.kind for reason in entry.reasons} >= {"wrong_timezone"}
    assert table_at(store, PATH).num_rows == 0
    assert check(store).is_clean


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_checked(store: CandleStore) -> None:
    store.objects.put(PATH, b"PAR1 and no more")
    checked = check(store)
    assert checked.bars == 3 * 375
    assert not checked.is_clean
    assert PATH in checked.unread[0]
