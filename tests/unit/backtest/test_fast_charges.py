"""The fast path charges what `round_trip_charges` does, to the last digit of every component."""

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from patang.backtest.fast.charges import MOST_TURNOVER, leg_charges, rates_by_day, rupees
from patang.errors import StopTrading
from patang.risk import charges
from patang.risk.charges import (
    Segment,
    exact_charges,
    rate_changes,
    round_trip_charges,
)
from patang.risk.charges import (
    leg_charges as exact_leg,
)

FIRST, LAST = date(2016, 6, 1), date(2026, 12, 31)
EPOCH = date(1970, 1, 1)
SEGMENTS: tuple[Segment, ...] = ("equity-delivery", "equity-intraday", "futures", "options")
PRICES = st.integers(5, 8_000_000).map(lambda paise: Decimal(paise) / 100)


def number(day: date) -> int:
    return (day - EPOCH).days


@effort(max_examples=200, deadline=None)
@given(
    segment=st.sampled_from(SEGMENTS),
    exchange=st.sampled_from(("NSE", "NFO", "BSE", "BFO")),
    bought=PRICES,
    sold=PRICES,
    quantity=st.integers(1, 20_000),
    day=st.dates(FIRST, LAST),
)
# The tax on the sale is 2.5 rupees exactly, which is rounded up.
@example("equity-intraday", "NSE", Decimal(100), Decimal(100), 100, date(2025, 3, 3))
def test_a_round_trip_costs_the_same(
    segment: Segment, exchange: str, bought: Decimal, sold: Decimal, quantity: int, day: date
) -> None:
    rates, row = rates_by_day(segment, exchange, np.array([number(day)]))
    try:
        expected = round_trip_charges(segment, exchange, bought, sold, quantity, day).total
    except StopTrading:
        assert row.tolist() == [-1]
        return
    turnovers = (int(price * 100) * quantity for price in (bought, sold))
    told = sum(leg_charges(paise, rates[row[0], side]) for side, paise in enumerate(turnovers))
    assert rupees(told) == expected


def test_the_largest_order_is_counted_without_overflow() -> None:
    day = date(2026, 4, 1)
    for segment in SEGMENTS:
        rates, row = rates_by_day(segment, "NSE", np.array([number(day)]))
        for side, name in enumerate(("BUY", "SELL")):
            exact = exact_leg(segment, "NSE", name, Decimal(MOST_TURNOVER) / 100, 1, day).total
            assert rupees(leg_charges(MOST_TURNOVER, rates[row[0], side])) == exact


def test_each_day_has_the_rates_of_its_date() -> None:
    """On both sides of every change, in one call."""
    days = [change + timedelta(days=d) for change in rate_changes() for d in (-1, 0) if change < LAST]
    rates, row = rates_by_day("options", "NFO", np.array([number(day) for day in days]))
    for day, place in zip(days, row.tolist(), strict=True):
        try:
            expected = exact_charges("options", "NFO", "SELL", Decimal(1_000_000), day).in_rupees().total
        except StopTrading:
            assert place == -1
        else:
            assert rupees(leg_charges(100_000_000, rates[place, 1])) == expected


def test_a_rate_with_more_digits_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    fine = charges.Rate("stt", Decimal("0.000001"), None, None, ())
    rest = [charges.Rate(name, Decimal(1), None, None, ()) for name in ("brokerage", "gst", "sebi", "ipft")]
    rest += [charges.Rate(n, Decimal(1), None, None, ()) for n in ("exchange_transaction", "stamp_duty")]
    monkeypatch.setattr("patang.backtest.fast.charges.order_rates", lambda *asked: (fine, *rest))
    with pytest.raises(StopTrading, match=r"0\.000001 is no whole number"):
        rates_by_day("options", "NSE", np.array([number(date(2031, 1, 1))]))
