"""The table of freeze quantities: what it says of known days, and that every row says where it is from."""

import csv
from datetime import date, timedelta
from importlib.resources import files
from itertools import pairwise

import pytest

from patang.market import contract_terms
from patang.risk.freeze import freeze_quantity


def rows() -> list[dict[str, str]]:
    text = files("patang.risk").joinpath("freeze_quantities.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@pytest.mark.parametrize(
    ("underlying", "day", "quantity"),
    [
        ("NIFTY", date(2016, 8, 16), 5000),
        ("NIFTY", date(2021, 8, 1), 5000),
        ("NIFTY", date(2022, 11, 1), 1800),
        ("NIFTY", date(2026, 8, 18), 1800),
        ("BANKNIFTY", date(2023, 4, 3), 900),
        ("BANKNIFTY", date(2025, 7, 1), 600),
        ("BANKNIFTY", date(2025, 9, 1), 900),
        ("BANKNIFTY", date(2025, 11, 3), 600),
        ("FINNIFTY", date(2025, 12, 1), 1200),
        ("FINNIFTY", date(2026, 2, 1), 1800),
        ("MIDCPNIFTY", date(2025, 3, 3), 4200),
        ("NIFTYNXT50", date(2026, 2, 1), 600),
    ],
)
def test_the_circulars_are_reproduced(underlying, day, quantity):
    assert freeze_quantity("NFO", underlying, day) == quantity


def test_bse_has_its_own():
    assert freeze_quantity("BFO", "SENSEX", date(2026, 8, 18)) == 1000
    assert freeze_quantity("BFO", "BANKEX", date(2026, 8, 18)) == 900


@pytest.mark.parametrize(
    ("exchange", "underlying", "day"),
    [
        ("NFO", "INFY", date(2026, 8, 18)),
        ("BFO", "NIFTY", date(2026, 8, 18)),
        ("NFO", "NIFTY", date(2015, 8, 18)),
    ],
)
def test_what_is_not_in_the_table_is_not_known(exchange, underlying, day):
    assert freeze_quantity(exchange, underlying, day) is None


def test_every_row_has_a_source_and_a_quantity():
    for row in rows():
        assert len(row["source"]) > 20, row
        assert int(row["quantity"]) > 0, row


def test_an_underlyings_rows_follow_each_other_without_a_gap_or_an_overlap():
    by_underlying: dict[str, list[dict[str, str]]] = {}
    for row in rows():
        by_underlying.setdefault(row["underlying"], []).append(row)
    for group in by_underlying.values():
        assert len({row["exchange"] for row in group}) == 1
        assert group[-1]["until"] == ""
        for earlier, later in pairwise(group):
            next_day = date.fromisoformat(earlier["until"]) + timedelta(days=1)
            assert date.fromisoformat(later["from"]) == next_day, (earlier, later)


@pytest.mark.parametrize("underlying", contract_terms.UNDERLYINGS)
def test_the_simulated_exchange_freezes_nothing_that_is_sized(underlying):
    """It has a table of its own; ours may be lower, where a month's circular was not found."""
    day = date(2016, 6, 1)
    while day < date(2027, 1, 1):
        known = freeze_quantity("NFO", underlying, day)
        assert known is not None
        assert known <= contract_terms.freeze_quantity(underlying, day), day
        day += timedelta(days=7)
