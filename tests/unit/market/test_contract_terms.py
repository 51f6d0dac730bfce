from datetime import date
from decimal import Decimal

import pyarrow.parquet as pq
import pytest

from patang.market.contract_terms import (
    equity_tick,
    expiries,
    freeze_quantity,
    lot_size,
    option_symbol,
)
from tests.unit.market.recorded import DATA


@pytest.mark.parametrize(
    ("underlying", "day", "expected"),
    [
        # 2016: NIFTY had months only, BANKNIFTY weeks since May.
        ("NIFTY", date(2016, 8, 16), [date(2016, 8, 25), date(2016, 9, 29)]),
        ("BANKNIFTY", date(2016, 8, 16), [date(2016, 8, 18), date(2016, 8, 25)]),
        ("BANKNIFTY", date(2016, 5, 20), [date(2016, 5, 26), date(2016, 6, 2)]),
        # Wednesday weeks beside Thursday months; Wednesday 2023-09-27 has no contract of its own.
        ("BANKNIFTY", date(2023, 9, 21), [date(2023, 9, 28), date(2023, 10, 4)]),
        # Good Friday's Thursday stays; Republic Day on Thursday 2023-01-26 moved the month to Wednesday.
        ("NIFTY", date(2023, 1, 23), [date(2023, 1, 25), date(2023, 2, 2)]),
        ("NIFTY", date(2026, 8, 18), [date(2026, 8, 18), date(2026, 8, 25)]),
        ("BANKNIFTY", date(2026, 8, 18), [date(2026, 8, 25), date(2026, 9, 29)]),
    ],
)
def test_expiries_of_the_date(underlying: str, day: date, expected: list[date]) -> None:
    assert list(expiries(underlying, day, 2)) == expected


@pytest.mark.parametrize(
    ("underlying", "expiry", "lot"),
    [
        ("NIFTY", date(2016, 8, 25), 75),
        ("BANKNIFTY", date(2016, 6, 30), 30),
        ("BANKNIFTY", date(2016, 8, 18), 40),
        ("BANKNIFTY", date(2018, 10, 25), 40),
        ("BANKNIFTY", date(2018, 11, 1), 20),
        ("BANKNIFTY", date(2020, 7, 23), 20),
        ("BANKNIFTY", date(2020, 7, 30), 25),
        ("NIFTY", date(2021, 7, 22), 75),
        ("NIFTY", date(2021, 7, 29), 50),
        ("NIFTY", date(2024, 4, 25), 50),
        ("NIFTY", date(2024, 5, 2), 25),
        ("NIFTY", date(2025, 1, 23), 75),
        ("NIFTY", date(2025, 1, 30), 25),
        ("BANKNIFTY", date(2025, 1, 30), 15),
        ("BANKNIFTY", date(2025, 7, 31), 35),
        ("NIFTY", date(2025, 12, 30), 75),
        ("NIFTY", date(2026, 1, 6), 65),
        ("BANKNIFTY", date(2026, 1, 27), 30),
    ],
)
def test_lot_of_the_contract(underlying: str, expiry: date, lot: int) -> None:
    assert lot_size(underlying, expiry) == lot


@pytest.mark.parametrize(
    ("underlying", "expiry", "strike", "kind", "symbol"),
    [
        ("NIFTY", date(2016, 8, 25), 8700, "CE", "NIFTY16AUG8700CE"),
        ("BANKNIFTY", date(2016, 9, 1), 19500, "PE", "BANKNIFTY1690119500PE"),
        ("NIFTY", date(2026, 1, 20), 23500, "PE", "NIFTY2612023500PE"),
        ("NIFTY", date(2026, 10, 6), 25000, "CE", "NIFTY26O0625000CE"),
        ("NIFTY", date(2023, 1, 25), 18000, "CE", "NIFTY23JAN18000CE"),
    ],
)
def test_symbols_are_written_as_kite_writes_them(
    underlying: str, expiry: date, strike: int, kind: str, symbol: str
) -> None:
    assert option_symbol(underlying, expiry, strike, kind) == symbol


def test_freeze_quantity_follows_the_circulars() -> None:
    assert freeze_quantity("NIFTY", date(2026, 8, 18)) == 1800
    assert freeze_quantity("BANKNIFTY", date(2025, 8, 29)) == 600
    assert freeze_quantity("BANKNIFTY", date(2025, 9, 1)) == 900
    assert freeze_quantity("BANKNIFTY", date(2026, 2, 2)) == 600


def test_tick_sizes_follow_the_price_since_2025() -> None:
    assert equity_tick(Decimal(1500), date(2016, 8, 16)) == Decimal("0.05")
    assert equity_tick(Decimal(200), date(2026, 8, 18)) == Decimal("0.01")
    assert equity_tick(Decimal(1500), date(2026, 8, 18)) == Decimal("0.10")


def test_contracts_agree_with_the_brokers_dump() -> None:
    path = DATA / "kite" / "instruments_2026-08-18.parquet"
    if not path.is_file():
        pytest.skip(f"{path} is absent: set PATANG_DATA to the folder of recorded market data")
    rows = pq.read_table(path, filters=[("name", "in", ["NIFTY", "BANKNIFTY"])]).to_pylist()
    listed = {row["tradingsymbol"]: row["lot_size"] for row in rows if row["instrument_type"] == "CE"}
    for underlying, strike in (("NIFTY", 24500), ("BANKNIFTY", 57500)):
        for expiry in expiries(underlying, date(2026, 8, 18), 2):
            symbol = option_symbol(underlying, expiry, strike, "CE")
            assert listed[symbol] == lot_size(underlying, expiry)
