"""What the archive of raw ticks takes, in bytes, time and rupees a month: `pytest tests/bench -s`.

Recorded full ticks of six shares are cut into minutes and each minute of a share is taken for a share of its
own, so that the file is what a minute of some 500 instruments leaves behind.
"""

import io
import os
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter

import numpy as np
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from functions.ingester.tick_columns import tick_columns
from patang.adapters.parquet import ParquetTables
from patang.market.packets import FULL
from patang.market.sessions import IST

DATA = Path(os.environ.get("PATANG_DATA") or Path(__file__).parents[3] / "shared" / "data")
RECORDED = DATA / "kite" / "kiteticker_full_ticks_2025-07.parquet"

_SYMBOLS = 500
_SECONDS_A_MONTH = 21 * 375 * 60
# US dollars in ap-south-1: S3 Standard for three months, then Glacier Instant Retrieval; a thousand PUTs.
_STANDARD, _COLD, _PUTS = 0.025, 0.005, 0.005
_FILES_A_MONTH = 21 * 375

_NAMES = {
    "token": "instrument_token",
    "last_quantity": "last_traded_quantity",
    "volume": "volume_traded",
    "buy_quantity": "total_buy_quantity",
    "sell_quantity": "total_sell_quantity",
    "oi": "oi",
    "oi_day_high": "oi_day_high",
    "oi_day_low": "oi_day_low",
}
_PRICES = {
    "last_price": "last_price",
    "average_price": "average_traded_price",
    "open": "ohlc_open",
    "high": "ohlc_high",
    "low": "ohlc_low",
    "close": "ohlc_close",
}
_TIMES = {"exchange_time": "exchange_timestamp", "last_trade_time": "last_trade_time"}


def recorded() -> NDArray[np.void]:
    """Recorded ticks of continuous trading as the packets they came in, in the exchange's order of time."""
    if not RECORDED.exists():
        pytest.skip(f"{RECORDED} is absent: set PATANG_DATA to the folder of recorded market data")
    table = pq.read_table(RECORDED).sort_by("exchange_timestamp")
    packets = np.zeros(table.num_rows, FULL)

    def paise(name: str) -> NDArray[np.int64]:
        return np.round(np.nan_to_num(table[name].to_numpy()) * 100).astype(np.int64)

    for field, name in _NAMES.items():
        packets[field] = table[name].to_numpy()
    for field, name in _PRICES.items():
        packets[field] = paise(name)
    for field, name in _TIMES.items():
        packets[field] = table[name].to_numpy().astype("datetime64[s]").astype(np.int64)
    for side, name in (("bids", "buy"), ("asks", "sell")):
        for level in range(5):
            part, number = packets[side][:, level], level + 1
            part["price"] = paise(f"{name}{number}_price")
            part["quantity"] = table[f"{name}{number}_quantity"].to_numpy()
            part["orders"] = table[f"{name}{number}_orders"].to_numpy()
    of_day = (packets["exchange_time"].astype(np.int64) + 19_800) % 86_400
    return packets[of_day >= 9 * 3_600 + 15 * 60]


def a_minute_of_many(packets: NDArray[np.void]) -> list[tuple[NDArray[np.void], datetime]]:
    """A frame a second of as many instruments as there are minutes of a share; when each was received."""
    times = packets["exchange_time"].astype(np.int64)
    pairs = np.stack([packets["token"].astype(np.int64), times // 60], axis=1)
    found, place = np.unique(pairs, axis=0, return_inverse=True)
    packets["token"] = place.reshape(-1).astype(np.uint32) * 256 + 1
    start = datetime(2025, 7, 11, 9, 15, 0, 180_000, IST)
    frames = [
        (packets[times % 60 == n], start + timedelta(seconds=n, microseconds=137 * n)) for n in range(60)
    ]
    assert len(found) > _SYMBOLS / 2
    return [(part, moment) for part, moment in frames if len(part)]


def test_raw_ticks_in_parquet():
    heard = a_minute_of_many(recorded())
    ticks = sum(len(part) for part, _ in heard)
    symbols = {int(token): f"SHARE{token}" for part, _ in heard for token in np.unique(part["token"])}

    began = perf_counter()
    content = ParquetTables().ticks(tick_columns(heard, symbols))
    took = perf_counter() - began

    size = len(content) / ticks
    # What the broker resends is in the archive as it is in the recording.
    a_second = ticks / len(symbols) / 60
    gb = size * _SYMBOLS * a_second * _SECONDS_A_MONTH / 1e9
    cost = 3 * gb * _STANDARD + 9 * gb * _COLD + _FILES_A_MONTH / 1_000 * _PUTS
    print(
        f"\n{ticks:,} recorded ticks of {len(symbols)} instruments in a minute's file, {a_second:.2f} a "
        f"second each: {size:.1f} bytes a tick, a packet takes {FULL.itemsize / size:.1f} times that; "
        f"{took / ticks * 1e6:.1f} us a tick, so that 9,000 a second take {9_000 * took / ticks:.0%} of a "
        f"core; "
        f"{_SYMBOLS} symbols are {gb:.1f} GB a month, and a year of them kept costs {cost:.2f} USD a month"
    )
    assert pq.read_table(io.BytesIO(content)).num_rows == ticks
    assert size < FULL.itemsize / 2
