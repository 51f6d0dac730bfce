"""The decoder of binary frames, held field by field against the official client's parser."""

import base64
import json
import os
import struct
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from kiteconnect import KiteTicker

from patang.errors import BadInput
from patang.market.frames import decode, split
from patang.market.packets import KINDS, in_rupees
from patang.market.sessions import IST
from tests.unit.ingester.frames import INFY, NIFTY, OPEN, frame, full, index

ROOT = Path(__file__).parents[3]
DATA = Path(os.environ.get("PATANG_DATA", ROOT.parent / "shared/data"))

# Every segment there is: NSE, NFO, CDS, BSE, BFO, BCD, MCX, MCXSX, indices, NCO, and one of none.
SEGMENTS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 200)
OFFICIAL = KiteTicker("key", "token")


@st.composite
def packets(draw: st.DrawFn, lengths: tuple[int, ...] = tuple(KINDS)) -> bytes:
    """Any packet: any numbers in any fields, small and large alike."""
    token = draw(st.integers(0, 2**24 - 1)) << 8 | draw(st.sampled_from(SEGMENTS))
    length = draw(st.sampled_from(lengths))
    word = st.integers(0, 2**32 - 1) | st.integers(0, 300_000) | st.just(0)
    level = st.tuples(word, word, st.integers(0, 2**16 - 1)).map(lambda said: struct.pack(">IIHxx", *said))
    words = (64 if length == 184 else length) // 4 - 1
    head = struct.pack(f">{words + 1}I", token, *draw(st.lists(word, min_size=words, max_size=words)))
    levels = 10 if length == 184 else 0
    return head + b"".join(draw(st.lists(level, min_size=levels, max_size=levels)))


def official_times(tick: dict[str, Any]) -> dict[str, Any]:
    """The official client's naive times of the host's zone, made aware."""
    return {
        name: value.astimezone(IST) if isinstance(value, datetime) else value for name, value in tick.items()
    }


def ours(message: bytes) -> list[dict[str, Any]]:
    """What our decoder reads, in the frame's order and in the official client's words."""
    found = {}
    for part in split(message):
        places = range(len(part.bodies)) if part.places is None else part.places.tolist()
        said = in_rupees(part.bodies)
        for place, row in zip(places, said, strict=True):
            found[place] = in_official_words(KINDS[part.length].mode, row)
    return [found[place] for place in range(len(found))]


NAMES = {
    "token": "instrument_token",
    "last_quantity": "last_traded_quantity",
    "average_price": "average_traded_price",
    "volume": "volume_traded",
    "buy_quantity": "total_buy_quantity",
    "sell_quantity": "total_sell_quantity",
    "exchange_time": "exchange_timestamp",
}


def in_official_words(mode: str, row: np.void) -> dict[str, Any]:
    said: dict[str, Any] = {"mode": mode}
    for name in row.dtype.names:
        value = row[name]
        if name in ("open", "high", "low", "close"):
            said.setdefault("ohlc", {})[name] = float(value)
        elif name in ("bids", "asks"):
            side = [{n: level[n].item() for n in ("quantity", "price", "orders")} for level in value]
            said.setdefault("depth", {})["buy" if name == "bids" else "sell"] = side
        elif name.endswith("_time"):
            said[NAMES.get(name, name)] = datetime.fromtimestamp(int(value), IST)
        elif name != "price_change":
            # The official client computes an index's change and does not read the one that is sent.
            said[NAMES.get(name, name)] = value.item()
    return said


@given(st.lists(packets(), max_size=12))
@example([])
def test_mixed_frames_say_what_the_official_client_reads(bodies: list[bytes]) -> None:
    theirs = [official_times(tick) for tick in OFFICIAL._parse_binary(frame(*bodies))]
    assert ours(frame(*bodies)) == theirs


@pytest.mark.parametrize("length", KINDS)
@given(data=st.data())
def test_frames_of_one_kind_say_what_the_official_client_reads(length: int, data: st.DataObject) -> None:
    bodies = data.draw(st.lists(packets((length,)), min_size=1, max_size=6))
    theirs = [official_times(tick) for tick in OFFICIAL._parse_binary(frame(*bodies))]
    assert ours(frame(*bodies)) == theirs


@given(st.lists(packets(), max_size=12))
def test_ticks_of_the_stream_say_what_the_official_client_reads(bodies: list[bytes]) -> None:
    ticks = decode(frame(*bodies)).ticks
    theirs = OFFICIAL._parse_binary(frame(*bodies))
    assert len(ticks) == len(theirs)
    for tick, other in zip(ticks, theirs, strict=True):
        best = {
            side: other.get("depth", {}).get(side, [{"price": 0, "quantity": 0}])[0]
            for side in ("buy", "sell")
        }
        stamp = other.get("exchange_timestamp")
        assert tick.item() == (
            other["instrument_token"],
            0 if stamp is None else stamp.timestamp(),
            other["last_price"],
            other.get("volume_traded", 0),
            other.get("oi", 0),
            best["buy"]["price"],
            best["sell"]["price"],
            best["buy"]["quantity"],
            best["sell"]["quantity"],
            other.get("total_buy_quantity", 0),
            other.get("total_sell_quantity", 0),
            other.get("ohlc", {}).get("close", 0),
        )


@given(st.lists(packets(), max_size=12))
def test_packets_are_handed_on_as_they_came(bodies: list[bytes]) -> None:
    by_kind = {found.dtype.itemsize: found for found in decode(frame(*bodies)).packets}
    for length in KINDS:
        found = [packet.tobytes() for packet in by_kind.get(length, ())]
        assert found == [body for body in bodies if len(body) == length]


def test_packets_of_one_kind_are_not_copied() -> None:
    sent = frame(full(408065, 1), full(408065, 2))
    assert np.shares_memory(decode(sent).packets[0], np.frombuffer(sent, np.uint8))


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/New_York"])
def test_times_are_the_same_whatever_zone_the_host_is_in(zone, monkeypatch) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        sent = frame(full(INFY.instrument_token, 5), index(NIFTY.instrument_token, 6))
        assert ours(sent) == [official_times(tick) for tick in OFFICIAL._parse_binary(sent)]
        assert list(decode(sent).ticks["exchange_time"]) == [OPEN + 5, OPEN + 6]
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("segment", "rupees"), [(1, 1234.56), (3, 0.0123456), (6, 12.3456), (7, 1234.56), (12, 12.3456)]
)
def test_prices_of_each_segment_are_in_rupees(segment: int, rupees: float) -> None:
    (tick,) = decode(frame(struct.pack(">2I", 5000 << 8 | segment, 123_456))).ticks
    assert tick["last_price"] == pytest.approx(rupees, rel=1e-12)


def test_an_index_that_fell_says_so() -> None:
    body = struct.pack(">6Ii", 256265, 2_448_010, 0, 0, 0, 2_450_000, -1_990)
    (part,) = split(frame(body))
    assert in_rupees(part.bodies)["price_change"] == [-19.9]


def test_a_heartbeat_and_an_empty_frame_are_no_ticks() -> None:
    for nothing in (b"\x00", b"\x07", frame()):
        assert len(decode(nothing).ticks) == len(decode(nothing).packets) == 0


GOOD = frame(full(408065, 1), index(256265, 2), full(408065, 3)[:44])


@pytest.mark.parametrize("size", range(2, len(GOOD)))
def test_a_frame_that_is_cut_anywhere_is_refused_whole(size: int) -> None:
    with pytest.raises(BadInput, match=rf"a frame of {size} bytes announces 3 packets and ends"):
        decode(GOOD[:size])


def test_the_official_client_takes_a_full_packet_that_is_cut_for_a_quote() -> None:
    """Why a cut frame is refused: no part of it can be told from another kind."""
    cut = frame(full(408065, 1))[: 4 + 44]
    assert [tick["mode"] for tick in OFFICIAL._parse_binary(cut)] == ["quote"]
    with pytest.raises(BadInput):
        decode(cut)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (GOOD + b"xyz", "which leave 3 bytes over"),
        (b"\x00\x00xy", "announces 0 packets, which leave 2 bytes over"),
        (frame(full(408065, 1), b"0123456789"), "packet 2 has 10 bytes, which is no kind"),
        (frame(full(408065, 1) + b"x" * 256), "packet 1 has 440 bytes, which is no kind"),
        (b"\x00\x02" + GOOD[2:], "announces 2 packets, which leave 46 bytes over"),
        (b"\x00\x04" + GOOD[2:], "ends before packet 4"),
        (frame(b""), "packet 1 has 0 bytes"),
    ],
)
def test_a_corrupt_frame_is_refused_with_what_is_wrong(broken: bytes, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        decode(broken)


@given(st.lists(packets(), min_size=1, max_size=5), st.data())
def test_whatever_bytes_come_they_are_read_whole_or_refused(bodies: list[bytes], data: st.DataObject) -> None:
    sent = bytearray(frame(*bodies))
    for _ in range(data.draw(st.integers(1, 3))):
        sent[data.draw(st.integers(0, len(sent) - 1))] = data.draw(st.integers(0, 255))
    try:
        ticks = decode(bytes(sent)).ticks
    except BadInput:
        return
    assert len(ticks) == (int.from_bytes(sent[:2]) if len(sent) > 1 else 0)


@given(st.binary(max_size=64))
def test_noise_is_read_whole_or_refused(noise: bytes) -> None:
    try:
        ticks = decode(noise).ticks
    except BadInput:
        return
    assert len(ticks) == (int.from_bytes(noise[:2]) if len(noise) > 1 else 0)


@pytest.mark.parametrize("mode", ["full", "quote"])
def test_the_brokers_own_example_packets(mode: str) -> None:
    mocks = DATA / "kite/kiteconnect-mocks"
    if not mocks.exists():
        pytest.skip(f"the broker's example replies are not at {mocks}: set PATANG_DATA")
    body = base64.b64decode((mocks / f"ticker_{mode}.packet").read_text())
    expected = json.loads((mocks / f"ticker_{mode}.json").read_text())
    (tick,) = ours(frame(body))
    theirs = {NAMES.get(name, name): value for name, value in expected.items()}
    theirs["exchange_timestamp"] = theirs.pop("timestamp", None)
    # In the examples it is in rupees; the Python client, which we follow, gives percent.
    theirs.pop("change")
    for name, value in tick.items():
        if name == "change":
            continue
        read = value.isoformat() if isinstance(value, datetime) else value
        assert read == theirs[name], name
    assert tick["change"] == pytest.approx(100 * (tick["last_price"] / 1567.8 - 1))
