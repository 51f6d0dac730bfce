"""What a whole dump costs: a hundred and seventeen thousand lines; `pytest tests/bench -s`."""

import csv
import io
import sys
import tracemalloc
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from time import perf_counter

from patang.market.instrument_dumps import load_dump, save_dump
from patang.market.instrument_search import Wanted
from patang.market.instrument_table import InstrumentTable
from patang.market.listing import COLUMNS
from tests.fakes import MemoryObjects

_LINES = 117_000
_DAY = date(2026, 8, 18)


def _dump() -> str:
    """Twelve thousand shares, and options on two hundred of them, as the broker prints them."""
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(COLUMNS[:-1])
    names = [f"SHARE{n}" for n in range(12_000)]
    for n, name in enumerate(names):
        lines.writerow([n + 1, n, name, f"{name} LIMITED", "0.0", "", "0.0", "0.05", 1, "EQ", "NSE", "NSE"])
    for n in range(_LINES - len(names)):
        name, strike, kind = names[n % 200], 500 + 5 * (n // 400 % 300), ("CE", "PE")[n // 200 % 2]
        expiry = f"2026-0{8 + n // 120_000}-25"
        symbol = f"{name}26AUG{strike}{kind}{n // 60_000 or ''}"
        lines.writerow(
            [50_000 + n, n, symbol, name, "0.0", expiry, f"{strike}.0", "0.05", 65, kind, "NFO-OPT", "NFO"]
        )
    return out.getvalue()


def _milliseconds[T](work: Callable[[], T]) -> tuple[float, T]:
    begun = perf_counter()
    result = work()
    return 1000 * (perf_counter() - begun), result


def tell(text: str) -> None:
    sys.stdout.write(text + "\n")


def test_reading_searching_and_keeping_a_whole_dump():
    text = _dump()
    plain, _ = _milliseconds(lambda: list(csv.DictReader(io.StringIO(text))))
    read, table = _milliseconds(lambda: InstrumentTable.from_csv(text))
    assert (len(table), table.problems) == (_LINES, [])
    objects = MemoryObjects()
    kept, _ = _milliseconds(lambda: save_dump(objects, _DAY, table))
    loaded, back = _milliseconds(lambda: load_dump(objects, _DAY))
    assert list(back) == list(table)
    looked_up, _ = _milliseconds(lambda: [table.get("NSE", f"SHARE{n}") for n in range(10_000)])
    joined, _ = _milliseconds(lambda: table.with_isins({"SHARE7": "INE002A01018"}))
    size = len(next(iter(objects.blobs.values())))
    tell(f"\n{_LINES} lines, {len(text) / 1e6:.1f} MB of text, {size / 1e6:.1f} MB kept")
    tell(f"read {read:.0f} ms ({read / plain:.1f} x csv.DictReader)")
    tell(f"kept {kept:.0f} ms, loaded {loaded:.0f} ms, ISINs joined {joined:.0f} ms")
    tell(f"looked up {looked_up / 10:.2f} us each")
    for wanted in (
        Wanted("share77"),
        Wanted("share77 600 ce"),
        Wanted(underlying="SHARE7", kind="CE", nearest_from=_DAY),
        Wanted(strike=Decimal(600)),
    ):
        took, found = _milliseconds(lambda wanted=wanted: table.search(wanted, limit=20))
        assert found.total
        asked = {k: str(v) for k in wanted.__slots__ if (v := getattr(wanted, k)) not in (None, "")}
        tell(f"searched {asked}: {took:.0f} ms, {found.total} found")


def test_memory_of_a_whole_dump():
    text = _dump()
    tracemalloc.start()
    try:
        table = InstrumentTable.from_csv(text)
        held, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    tell(f"\n{len(table)} listings hold {held / 1e6:.0f} MB, {most / 1e6:.0f} MB while they are read")
