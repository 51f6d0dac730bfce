"""How many market seconds one core handles in a second, 9,000 instruments ticking: `pytest tests/bench -s`.

Five market minutes of one full packet an instrument and second, on three connections, through decoding, bars
and features, the closing of the minutes included. Making the packets is not measured.
"""

import gc
import tracemalloc
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from resource import getpagesize
from time import perf_counter

import numpy as np
import pytest

from patang.features.state import FeatureState
from patang.market.frames import decode
from patang.market.instruments import Instrument, Universe
from patang.market.sessions import session_on
from patang.market.ticks import StreamRecord

_DAY = date(2026, 8, 18)
_EXPIRIES = (date(2026, 8, 25), date(2026, 9, 29))
_SHARES, _OPTIONS = 500, 8_500
_CONNECTIONS = 3
_MINUTES = 5

_LEVEL = np.dtype([("quantity", ">u4"), ("price", ">u4"), ("orders", ">u2"), ("padding", ">u2")])
_PACKET = np.dtype([
    ("length", ">u2"), ("token", ">u4"), ("last_price", ">u4"), ("last_quantity", ">u4"), ("average", ">u4"),
    ("volume", ">u4"), ("buy_quantity", ">u4"), ("sell_quantity", ">u4"), ("ohlc", ">u4", (4,)),
    ("last_trade_time", ">u4"), ("oi", ">u4"), ("oi_high", ">u4"), ("oi_low", ">u4"),
    ("exchange_time", ">u4"), ("bids", _LEVEL, (5,)), ("asks", _LEVEL, (5,)),
])  # fmt: skip


def _instrument(number: int, symbol: str, kind: str, **contract: object) -> Instrument:
    listed = "NSE" if kind == "EQ" else "NFO"
    return Instrument(
        instrument_token=(1_000 + number) << 8 | (1 if kind == "EQ" else 2),
        exchange=listed,
        tradingsymbol=symbol,
        name="NIFTY" if contract else symbol,
        instrument_type=kind,
        segment=listed,
        tick_size=Decimal("0.05"),
        lot_size=65,
        **contract,
    )


def _universe() -> Universe:
    shares = [_instrument(n, f"SHARE{n}", "EQ") for n in range(_SHARES)]
    options = []
    for n in range(_OPTIONS):
        kind, expiry = ("CE", "PE")[n % 2], _EXPIRIES[n // 2 % 2]
        strike = 10_000 + 10 * (n // 4)
        symbol = f"NIFTY{expiry:%y%b}{strike}{kind}".upper()
        options.append(_instrument(_SHARES + n, symbol, kind, expiry=expiry, strike=Decimal(strike)))
    return Universe(day=_DAY, instruments=(*shares, *options))


def _frames(universe: Universe, opening: int) -> Iterator[list[bytes]]:
    """The frames of each second, one a connection: prices wander, volume grows, the book follows."""
    random = np.random.default_rng(7)
    packets = np.zeros(len(universe.instruments), _PACKET)
    packets["length"] = _PACKET.itemsize - 2
    packets["token"] = [i.instrument_token for i in universe.instruments]
    price = random.integers(5_000, 300_000, len(packets))
    volume = np.zeros(len(packets), np.int64)
    for second in range(60 * _MINUTES):
        price = np.maximum(price + 5 * random.integers(-3, 4, len(price)), 100)
        volume += random.integers(0, 2_000, len(price))
        packets["last_price"], packets["volume"] = price, volume
        packets["exchange_time"] = opening + second
        packets["oi"] = volume // 10
        packets["bids"]["price"], packets["asks"]["price"] = price[:, None] - 5, price[:, None] + 5
        packets["bids"]["quantity"], packets["asks"]["quantity"] = 100, 200
        yield [
            len(share).to_bytes(2, "big") + share.tobytes() for share in np.array_split(packets, _CONNECTIONS)
        ]


def _megabytes() -> float:
    resident = int(Path("/proc/self/statm").read_text().split()[1])
    return resident * getpagesize() / 2**20


def test_nine_thousand_instruments_at_one_full_tick_a_second() -> None:
    if not Path("/proc/self/statm").exists():
        pytest.skip("the growth of memory is read from /proc, which this system does not have")
    universe, session = _universe(), session_on(_DAY)
    assert session is not None
    state = FeatureState(universe, session)
    spent: dict[str, float] = {"decoding": 0.0, "ticks": 0.0, "closing": 0.0}
    memory, bars, slowest = [], 0, 0.0
    opening = int(session.open.timestamp())
    for second, frames in enumerate(_frames(universe, opening)):
        moment = session.open + timedelta(seconds=second)
        began = perf_counter()
        decoded = [decode(frame).ticks for frame in frames]
        spent["decoding"] += perf_counter() - began
        began = perf_counter()
        for ticks in decoded:
            state.apply(StreamRecord("ticks", moment, "NIFTY", ticks))
        spent["ticks"] += perf_counter() - began
        if second % 60 == 59:
            began = perf_counter()
            closed = state.close(_minute(moment), "shard-0")
            took = perf_counter() - began
            spent["closing"] += took
            slowest = max(slowest, took)
            bars += len(closed.candles)
            memory.append(_megabytes())
    assert bars == _MINUTES * len(universe.instruments)
    seconds = 60 * _MINUTES
    total = sum(spent.values())
    shares = ", ".join(f"{name} {1000 * took / seconds:.1f} ms" for name, took in spent.items())
    print(
        f"\n{len(universe.instruments)} instruments: {seconds / total:.0f} market seconds a second; a second "
        f"costs {shares}; the slowest close took {1000 * slowest:.0f} ms; resident after each minute "
        f"{', '.join(f'{size:.0f}' for size in memory)} MB"
    )


def test_memory_is_flat_after_the_first_minute() -> None:
    """What Python and numpy hold, unlike what the system counts: arrays of a fixed size fill page by page."""
    universe, session = _universe(), session_on(_DAY)
    assert session is not None
    state = FeatureState(universe, session)
    held = []
    tracemalloc.start()
    try:
        for second, frames in enumerate(_frames(universe, int(session.open.timestamp()))):
            moment = session.open + timedelta(seconds=second)
            for frame in frames:
                state.apply(StreamRecord("ticks", moment, "NIFTY", decode(frame).ticks))
            if second % 60 == 59:
                state.close(_minute(moment), "shard-0")
                gc.collect()
                held.append(tracemalloc.get_traced_memory()[0] / 2**20)
    finally:
        tracemalloc.stop()
    print(f"\nheld after each minute: {', '.join(f'{size:.2f}' for size in held)} MB")
    assert held[-1] < 1.01 * held[0]


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0)
