"""The archive of raw ticks: complete within a bound, and out of the tick path's way."""

import io
import threading
import time
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from functions.ingester.raw_ticks import RawTicks
from patang.adapters.parquet import ParquetTables
from patang.market.frames import split
from patang.market.packets import FULL, KINDS
from patang.market.sessions import IST
from tests.fakes import MemoryObjects, RecordedMetrics
from tests.unit.ingester.frames import INFY, NIFTY, OPEN, UNIVERSE, frame, full, index

SOON = 10.0


def at_second(second: int) -> datetime:
    """So many seconds after the open."""
    return datetime.fromtimestamp(OPEN + second, IST)


class SlowStore(MemoryObjects):
    """A store that takes nothing until it is let, and fails as often as it is told to."""

    def __init__(self, failures: int = 0, *, is_open: bool = True) -> None:
        super().__init__()
        self.failures = failures
        self.asked = threading.Event()
        self.open = threading.Event()
        if is_open:
            self.open.set()

    def put(self, path: str, content: bytes, **more: Any) -> None:
        self.asked.set()
        self.open.wait(SOON)
        if self.failures:
            self.failures -= 1
            raise OSError("the store is away")
        super().put(path, content)


class Archive:
    def __init__(self, objects: MemoryObjects | None = None, **limits: float) -> None:
        self.objects = objects or MemoryObjects()
        self.metrics = RecordedMetrics()
        self.raw = RawTicks(self.objects, ParquetTables(), self.metrics, **limits)
        self.raw.watch(UNIVERSE)

    def hear(self, *packets: bytes, second: int = 0) -> None:
        moment = at_second(second)
        for part in split(frame(*packets)):
            self.raw.add(part.bodies, moment, moment + timedelta(milliseconds=120))

    def rows(self) -> list[dict[str, Any]]:
        return [
            row
            for path in sorted(self.objects.blobs)
            for row in pq.read_table(io.BytesIO(self.objects.blobs[path])).to_pylist()
        ]


def soon(condition: Any) -> bool:
    until = time.monotonic() + SOON
    while not condition() and time.monotonic() < until:
        time.sleep(0.005)
    return bool(condition())


def test_every_field_of_a_full_packet_is_kept():
    archive = Archive()
    archive.hear(full(INFY.instrument_token, 3))
    assert archive.raw.end()
    [row] = archive.rows()
    assert row["symbol"] == "INFY"
    assert (row["instrument_token"], row["mode"]) == (INFY.instrument_token, "full")
    assert row["received_at"] == at_second(0) + timedelta(milliseconds=120)
    assert row["exchange_time"] == row["last_trade_time"] == at_second(3)
    numbers = {name: row[name] for name in ("last_price", "last_quantity", "average_price", "volume")}
    assert numbers == {"last_price": 1500.05, "last_quantity": 7, "average_price": 1500.0, "volume": 1000}
    assert [row[name] for name in ("open", "high", "low", "close")] == [1490.0, 1510.0, 1480.0, 1495.0]
    assert [row[name] for name in ("buy_quantity", "sell_quantity")] == [400, 500]
    assert [row[name] for name in ("oi", "oi_day_high", "oi_day_low")] == [77, 88, 66]
    assert [row[f"bid_price_{n}"] for n in range(1, 6)] == [1500.0, 1499.95, 1499.9, 1499.85, 1499.8]
    assert [row[f"ask_quantity_{n}"] for n in range(1, 6)] == [20, 21, 22, 23, 24]
    assert (row["bid_orders_5"], row["ask_orders_1"]) == (1, 2)


def test_nothing_that_the_packets_say_has_no_column():
    said = {name for kind in KINDS.values() for name in kind.layout.names} - {"bids", "asks"}
    archive = Archive()
    archive.hear(full(INFY.instrument_token, 3))
    archive.raw.end()
    renamed = {"token": "instrument_token"}
    # An index's change in rupees is its last price less its close.
    assert {renamed.get(name, name) for name in said} - {"price_change"} <= set(archive.rows()[0])


def test_what_a_packet_does_not_say_is_null_and_not_zero():
    archive = Archive()
    archive.hear(index(NIFTY.instrument_token, 1))
    archive.hear(full(INFY.instrument_token, 0).replace(OPEN.to_bytes(4), bytes(4)))
    assert archive.raw.end()
    of_index, of_share = sorted(archive.rows(), key=lambda row: row["instrument_token"])
    assert (of_index["symbol"], of_index["last_price"]) == ("NIFTY", 25000.1)
    assert of_index["exchange_time"] == at_second(1)
    unsaid = ("volume", "average_price", "oi", "last_trade_time", "bid_price_1", "ask_orders_5")
    assert [of_index[name] for name in unsaid] == [None] * len(unsaid)
    assert (of_share["exchange_time"], of_share["last_trade_time"]) == (None, None)


def test_repeats_and_the_order_of_arrival_are_kept():
    archive = Archive()
    token, other = INFY.instrument_token, 12345 << 8
    for second, price in ((5, 100), (5, 100), (4, 300)):
        archive.hear(full(other, second, price), full(token, second, price), second=second)
    assert archive.raw.end()
    rows = [(row["instrument_token"], row["last_price"]) for row in archive.rows()]
    assert rows == [(token, 1.0), (token, 1.0), (token, 3.0), (other, 1.0), (other, 1.0), (other, 3.0)]
    assert archive.rows()[-1]["symbol"] == ""


def test_files_are_named_by_market_time_and_change_with_the_hour():
    archive = Archive()
    archive.hear(full(INFY.instrument_token, 0))
    archive.hear(full(INFY.instrument_token, 45 * 60), second=45 * 60)
    assert soon(lambda: len(archive.objects.blobs) == 1), "an hour that has passed is stored at once"
    assert archive.raw.end()
    first, second = sorted(archive.objects.blobs)
    assert first.startswith("ticks/date=2026-08-18/hour=09/ticks_2026-08-18_091500_")
    assert second.startswith("ticks/date=2026-08-18/hour=10/ticks_2026-08-18_100000_")


def test_packets_that_come_before_market_time_is_known_are_filed_with_the_next():
    archive = Archive()
    [part] = split(frame(full(INFY.instrument_token, 0)))
    later = at_second(7 * 86_400)
    archive.raw.add(part.bodies, None, later)
    archive.hear(full(INFY.instrument_token, 0))
    archive.raw.add(part.bodies, None, later)
    assert archive.raw.end()
    [path] = archive.objects.blobs
    assert path.startswith("ticks/date=2026-08-18/hour=09/")
    assert [row["received_at"] for row in archive.rows()][::2] == [later, later]


def test_packets_of_a_market_whose_time_never_comes_are_filed_when_they_were_received():
    archive = Archive()
    [part] = split(frame(full(INFY.instrument_token, 0)))
    archive.raw.add(part.bodies, None, at_second(7 * 86_400))
    assert archive.raw.end()
    [path] = archive.objects.blobs
    assert path.startswith("ticks/date=2026-08-25/hour=09/")


def test_two_processes_never_write_the_same_file():
    objects = MemoryObjects()
    for _ in range(2):
        archive = Archive(objects)
        archive.hear(full(INFY.instrument_token, 0))
        assert archive.raw.end()
    assert len(objects.blobs) == 2


@pytest.mark.parametrize("limits", [{"file_bytes": 1_000}, {"file_seconds": 0.01}])
def test_a_file_is_closed_by_its_size_and_by_its_age(limits):
    archive = Archive(**limits)
    for second in range(8):
        archive.hear(full(INFY.instrument_token, second))
    assert soon(lambda: archive.metrics.counts.get("raw_ticks") == 8)
    assert len(archive.objects.blobs) >= 1
    assert archive.raw.end()


def test_what_a_store_does_not_take_waits_and_comes_later():
    archive = Archive(SlowStore(failures=1), file_seconds=0.01)
    archive.hear(full(INFY.instrument_token, 0))
    assert soon(lambda: archive.objects.blobs)
    assert archive.raw.end()
    assert "raw_ticks_shed" not in archive.metrics.counts


def test_beyond_the_bound_ticks_are_left_out_counted_and_told(caplog):
    store = SlowStore(is_open=False)
    archive = Archive(store, file_seconds=0.0, held_bytes=3 * (FULL.itemsize + 400))
    archive.hear(full(INFY.instrument_token, 0))
    assert store.asked.wait(SOON)
    for second in range(1, 10):
        archive.hear(full(INFY.instrument_token, second))
    store.open.set()
    assert archive.raw.end()
    assert archive.metrics.counts == {"raw_ticks": 3, "raw_ticks_shed": 7}
    assert [row["exchange_time"] for row in archive.rows()] == [at_second(n) for n in range(3)]
    assert "7 ticks are missing in the archive" in caplog.text


def test_what_is_left_out_is_told_while_the_store_is_still_away():
    store = SlowStore(failures=10_000)
    archive = Archive(store, file_seconds=0.0, held_bytes=FULL.itemsize + 400)
    archive.hear(full(INFY.instrument_token, 0))
    assert store.asked.wait(SOON)
    archive.hear(full(INFY.instrument_token, 1))
    assert soon(lambda: archive.metrics.counts == {"raw_ticks_shed": 1})
    store.failures = 0
    assert archive.raw.end()
    assert archive.metrics.counts == {"raw_ticks": 1, "raw_ticks_shed": 1}


def test_handing_over_does_not_wait_for_the_store():
    store = SlowStore(is_open=False)
    archive = Archive(store, file_seconds=0.0)
    archive.hear(full(INFY.instrument_token, 0))
    assert store.asked.wait(SOON)
    begun = time.monotonic()
    for second in range(1_000):
        archive.hear(full(INFY.instrument_token, second))
    assert time.monotonic() - begun < SOON / 2
    store.open.set()
    assert archive.raw.end()
    assert archive.metrics.counts == {"raw_ticks": 1_001}


def test_an_end_that_the_store_does_not_allow_says_what_is_lost():
    store = SlowStore(is_open=False)
    archive = Archive(store, file_seconds=0.0)
    archive.hear(full(INFY.instrument_token, 0))
    assert store.asked.wait(SOON)
    archive.hear(full(INFY.instrument_token, 1), index(NIFTY.instrument_token, 1))
    assert not archive.raw.end(seconds=0.05)
    assert archive.metrics.counts["raw_ticks_shed"] == 3
    store.open.set()


def test_a_store_that_is_gone_for_good_does_not_hold_the_end():
    archive = Archive(SlowStore(failures=1_000))
    archive.hear(full(INFY.instrument_token, 0))
    assert not archive.raw.end()
    assert archive.metrics.counts == {"raw_ticks_shed": 1}


def test_packets_that_make_no_table_do_not_end_the_archive():
    archive = Archive(file_seconds=0.0)
    archive.raw.add(np.zeros(2, np.dtype([("token", ">u4")])), at_second(0), at_second(0))
    assert soon(lambda: archive.metrics.counts.get("raw_ticks_shed") == 2)
    archive.hear(full(INFY.instrument_token, 0))
    assert archive.raw.end()
    assert archive.metrics.counts["raw_ticks"] == 1
