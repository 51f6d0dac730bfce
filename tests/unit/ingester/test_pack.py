"""The decoder of binary frames, held against the official client's."""

import struct

import pytest
from kiteconnect import KiteTicker

from functions.ingester.pack import decode
from patang.errors import BadInput
from tests.unit.ingester.frames import INFY, NIFTY, OPEN, frame, full, index

# One token of each segment with a divisor of its own: NSE, CDS, BCD, MCX, NCO.
TOKENS = [408065, 0x12303, 0x12306, 0x12307, 0x1230C]


def test_it_reads_what_the_official_client_reads():
    message = frame(*(full(token, 5) for token in TOKENS), index(NIFTY.instrument_token, 6))
    theirs = KiteTicker("key", "token")._parse_binary(message)
    ours = decode(message).ticks
    assert len(ours) == len(theirs) == len(TOKENS) + 1
    for tick, other in zip(ours, theirs, strict=True):
        assert tick["token"] == other["instrument_token"]
        assert tick["last_price"] == other["last_price"]
        assert tick["close"] == other["ohlc"]["close"]
        assert tick["volume"] == other.get("volume_traded", 0)
        assert tick["oi"] == other.get("oi", 0)
        assert tick["buy_quantity"] == other.get("total_buy_quantity", 0)
        assert tick["sell_quantity"] == other.get("total_sell_quantity", 0)
        depth = other.get(
            "depth", {"buy": [{"price": 0, "quantity": 0}], "sell": [{"price": 0, "quantity": 0}]}
        )
        assert (tick["bid"], tick["bid_quantity"]) == tuple(depth["buy"][0][k] for k in ("price", "quantity"))
        assert (tick["ask"], tick["ask_quantity"]) == tuple(
            depth["sell"][0][k] for k in ("price", "quantity")
        )


def test_times_are_epoch_seconds_whatever_zone_the_host_is_in(monkeypatch):
    ticks = decode(frame(full(INFY.instrument_token, 5), index(NIFTY.instrument_token, 6))).ticks
    assert list(ticks["exchange_time"]) == [OPEN + 5, OPEN + 6]


def test_packets_without_a_time_are_left_out_and_counted():
    ltp, quote = struct.pack(">2I", 408065, 150_000), full(408065, 1)[:44]
    timeless = full(408065, -OPEN)
    decoded = decode(frame(ltp, quote, timeless, full(408065, 2)))
    assert (len(decoded.ticks), decoded.left_out) == (1, 3)


def test_an_empty_frame_is_no_ticks():
    assert len(decode(frame()).ticks) == 0


@pytest.mark.parametrize("broken", [frame(full(408065, 1))[:-1], frame(full(408065, 1)) + b"x", b"\x00"])
def test_a_broken_frame_is_bad_input(broken):
    with pytest.raises(BadInput, match="bytes"):
        decode(broken)
