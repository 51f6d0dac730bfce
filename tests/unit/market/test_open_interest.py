"""Puts to calls, and the strike of least worth, held against a count by hand and one by brute force."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patang.market.kept_chain import ChainRow
from patang.market.open_interest import max_pain, put_call_ratio
from patang.market.sessions import IST


def row(strike: float, kind: str, oi: int) -> ChainRow:
    return ChainRow(
        identifier=f"NFO:NIFTY{strike:.0f}{kind}", expiry=date(2026, 8, 20), strike=strike, type=kind,
        last=1.0, bid=None, ask=None, spread_pct=None, volume=0, oi=oi, oi_trend=None, iv=None, delta=None,
        theta=None, vega=None, time_value=None, exchange_time=datetime(2026, 8, 18, 10, 40, tzinfo=IST),
    )  # fmt: skip


def test_by_hand():
    rows = [row(100, "CE", 10), row(110, "CE", 30), row(100, "PE", 40), row(110, "PE", 20)]
    # At 100 the puts of 110 are worth 10 x 20; at 110 the calls of 100 are worth 10 x 10.
    assert max_pain(rows) == 110
    assert put_call_ratio(rows) == 1.5


def test_what_nobody_holds_says_nothing():
    assert max_pain([]) is None
    assert max_pain([row(100, "CE", 0)]) is None
    assert put_call_ratio([row(100, "PE", 5)]) is None
    assert put_call_ratio([row(100, "CE", 5)]) == 0.0
    assert max_pain([row(100, "CE", 0), row(120, "PE", 3)]) == 120


OPTIONS = st.tuples(st.integers(1, 40), st.sampled_from(("CE", "PE")), st.integers(0, 1000))


@given(st.lists(OPTIONS, min_size=1, max_size=30))
def test_no_other_end_costs_the_writers_less(options):
    rows = [row(50.0 * strike, kind, oi) for strike, kind, oi in options]
    found = max_pain(rows)

    def worth(end: float) -> float:
        return sum(
            (max(end - r.strike, 0) if r.type == "CE" else max(r.strike - end, 0)) * r.oi for r in rows
        )

    if found is None:
        assert not any(r.oi for r in rows)
    else:
        assert worth(found) <= min(worth(end) for end in range(0, 2500, 25)) + 1e-6


@pytest.mark.parametrize("oi", [1, 10**9])
def test_one_contract_ends_at_its_strike(oi):
    assert max_pain([row(24_500, "PE", oi)]) == 24_500
