"""Stream records: there and back, and refused when broken."""

import json
import struct

import numpy as np
import pytest

from patang.errors import BadInput
from patang.market.envelope import envelope, open_envelope
from patang.market.ticks import StreamRecord, pack, unpack
from tests.unit.market.market_day import at, tick


def with_header(**changes) -> bytes:
    header = {"kind": "marker", "market_time": at("09:15").isoformat(), "underlying": "*", "count": 0}
    text = json.dumps(header | changes).encode()
    return b"PTK1" + struct.pack("<I", len(text)) + text


def test_a_record_comes_back():
    ticks = np.concatenate([tick(1, at("09:15:01"), 100.05, 7), tick(2, at("09:15:02"), 0.05)])
    record = unpack(pack(StreamRecord("ticks", at("09:15:02"), "NIFTY", ticks)))
    assert (record.kind, record.market_time, record.underlying) == ("ticks", at("09:15:02"), "NIFTY")
    np.testing.assert_array_equal(record.ticks, ticks)


def test_a_marker_needs_no_ticks():
    record = unpack(envelope("marker", at("15:30:10")))
    assert (record.kind, record.underlying, len(record.ticks)) == ("marker", "*", 0)
    assert open_envelope(envelope("gap", at("10:00")))[0].kind == "gap"


def test_a_gap_says_since_when_if_that_is_known():
    assert unpack(envelope("gap", at("10:00"), since=at("09:58:07"))).since == at("09:58:07")
    assert unpack(envelope("gap", at("10:00"))).since is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PTK1",
        b"XXXX\x00\x00\x00\x00",
        b"PTK1\x05\x00\x00\x00{}",
        with_header(kind="candle"),
        with_header(market_time="yesterday"),
        with_header(market_time="2016-08-16T09:15:00"),
        with_header(count="many"),
        with_header(count=3),
        with_header() + b"tail",
        b"PTK1\xff\xff\xff\xff{",
    ],
)
def test_broken_records_are_refused(data):
    with pytest.raises(BadInput):
        unpack(data)
