"""How long a picture waits for its candles: closed minutes of a busy desk, read once and again.

pytest tests/bench/test_kept_candles.py -s
"""

from datetime import datetime, timedelta
from time import perf_counter

from patang.adapters.folder import FolderObjects
from patang.desk_view.candles import MOST_OBJECTS, KeptCandles
from patang.features.vector import FEATURE_NAMES
from patang.market.candles import Candle, ClosedMinute, Quote
from patang.market.sessions import IST

SHARES, CONTRACTS = 500, 1000
OPEN = datetime(2026, 8, 18, 9, 15, tzinfo=IST)
# An answer has to come before somebody asks what is wrong, and what is known at once.
FIRST_BUDGET_MS, AGAIN_BUDGET_MS = 3000, 50


def minute_of(minute: datetime) -> bytes:
    shares = [f"SHARE{number:03}" for number in range(SHARES)]
    names = shares + [f"NIFTY26AUG{20_000 + 50 * number}CE" for number in range(CONTRACTS)]
    vector = tuple(1000.0 / (number + 3) for number in range(len(FEATURE_NAMES)))
    candles = tuple(
        Candle(symbol=name, timestamp=minute, open=101.25, high=102.1, low=100.9, close=101.8, volume=12_345)
        for name in names
    )
    quotes = tuple(
        Quote(
            identifier=f"{'NSE' if name in shares else 'NFO'}:{name}",
            last_price=101.8,
            bid=101.75,
            ask=101.85,
            volume=1_234_567,
            oi=0,
            exchange_time=minute,
        )
        for name in names
    )
    closed = ClosedMinute(
        minute=minute,
        shard="shard-0",
        candles=candles,
        feature_names=FEATURE_NAMES,
        features=dict.fromkeys(shares, vector),
        quotes=quotes,
    )
    return closed.model_dump_json().encode()


def test_bars_of_an_hour(tmp_path):
    objects = FolderObjects(tmp_path)
    for number in range(MOST_OBJECTS):
        minute = OPEN + timedelta(minutes=number)
        objects.put(ClosedMinute.path(minute, "shard-0"), minute_of(minute))
    size = len(objects.get(ClosedMinute.path(OPEN, "shard-0")) or b"")
    kept = KeptCandles(objects)
    took = []
    for _ in range(2):
        began = perf_counter()
        found = kept.read("NSE", "SHARE250", OPEN.date(), "minute")
        took.append((perf_counter() - began) * 1000)
        assert len(found.candles) == MOST_OBJECTS
    print(f"\n{MOST_OBJECTS} minutes of {size / 1e6:.1f} MB: {took[0]:.0f} ms, again {took[1]:.1f} ms")
    assert took[0] < FIRST_BUDGET_MS
    assert took[1] < AGAIN_BUDGET_MS
