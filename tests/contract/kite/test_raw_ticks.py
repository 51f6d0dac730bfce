"""The archive of raw ticks beside the simulated exchange: all that the stream carried, and more."""

import io
import threading
import time

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from functions.ingester.connection import Connection
from functions.ingester.ingester import Ingester
from patang.market.ticks import unpack
from tests.contract.kite.simulated_desk import DAY, tell

SOON = 20.0
# Not the time: the stream's ticks of modes that tell none have been given one.
_ON_STREAM = ("token", "last_price", "volume", "oi", "buy_quantity", "ask")


def archived(desk) -> pa.Table:
    paths = desk.objects.list(f"ticks/date={DAY}/")
    return pa.concat_tables(pq.read_table(io.BytesIO(desk.objects.get(path))) for path in paths)


def streamed_ticks(desk) -> int:
    return sum(len(unpack(data).ticks) for _, data in list(desk.tick_stream.records))


def said(table: pa.Table, *columns: str) -> set[tuple[float, ...]]:
    rows = zip(*(table[name].to_pylist() for name in columns), strict=True)
    return {tuple(0 if value is None else value for value in row) for row in rows}


def test_a_stopped_ingester_has_archived_every_packet_that_it_heard(desk, simulator):
    stop, codes = threading.Event(), []
    thread = threading.Thread(
        target=lambda: codes.append(Ingester(desk, Connection, stop).run()), daemon=True
    )
    thread.start()
    try:
        tell(simulator, "clock", paused=False, speed=60, limit="2026-08-18T09:22:00")
        sent, until = simulator.exchange.hub, time.monotonic() + SOON
        while sent.ticks_sent > streamed_ticks(desk) or not streamed_ticks(desk):
            assert time.monotonic() < until, "ticks that were sent did not reach the stream"
            time.sleep(0.05)
        assert not desk.objects.list("ticks/"), "no file is a minute old: the stop has to write it"
    finally:
        stop.set()
        thread.join(SOON)
    assert codes == [0]

    table = archived(desk)
    streamed = np.concatenate([unpack(data).ticks for _, data in desk.tick_stream.records])
    assert table.num_rows >= len(streamed)
    assert said(
        table, "instrument_token", "last_price", "volume", "oi", "buy_quantity", "ask_price_1"
    ) >= set(zip(*(streamed[name].tolist() for name in _ON_STREAM), strict=True))
    assert table.filter(pc.equal(table["mode"], "full"))["exchange_time"].null_count == 0
    assert desk.metrics.counts["raw_ticks"] == table.num_rows
    assert "raw_ticks_shed" not in desk.metrics.counts
    symbols = set(table["symbol"].to_pylist())
    assert {"NIFTY", "INFY"} <= symbols
    assert "" not in symbols
