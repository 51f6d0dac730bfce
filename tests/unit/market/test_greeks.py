"""Prices, greeks and implied volatilities against textbook values, against themselves, and at the edges."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patang.market.greeks import greeks, implied_volatility, price


def test_hulls_example():
    # J. Hull, Options, Futures and Other Derivatives, ch. 15: S 42, K 40, r 10 %, sigma 20 %, six months.
    assert price(True, 42, 40, 0.5, 0.2, 0.10) == pytest.approx(4.76, abs=0.005)
    assert price(False, 42, 40, 0.5, 0.2, 0.10) == pytest.approx(0.81, abs=0.005)


def test_hulls_greeks():
    # Ibid., ch. 19: S 49, K 50, r 5 %, sigma 20 %, 20 weeks: delta 0.522, vega 12.1, theta -4.31 a year.
    found = greeks(True, 49, 50, 0.3846, 0.2, 0.05)
    assert found.delta == pytest.approx(0.522, abs=5e-4)
    assert found.vega * 100 == pytest.approx(12.1, abs=0.05)
    assert found.theta * 365 == pytest.approx(-4.31, abs=0.005)


@given(
    spot=st.floats(50, 60_000),
    moneyness=st.floats(0.7, 1.4),
    years=st.floats(1 / 365, 1.0),
    volatility=st.floats(0.05, 1.5),
    call=st.booleans(),
)
def test_greeks_are_the_derivatives_of_the_price(spot, moneyness, years, volatility, call):
    strike = spot * moneyness
    at = greeks(call, spot, strike, years, volatility)
    step = spot * 1e-4
    up, down = (price(call, spot + s, strike, years, volatility) for s in (step, -step))
    assert at.delta == pytest.approx((up - down) / (2 * step), abs=1e-4)
    up, down = (price(call, spot, strike, years, volatility + s) for s in (1e-4, -1e-4))
    assert at.vega == pytest.approx((up - down) / 2e-4 / 100, rel=1e-3, abs=spot * 1e-6)
    day = 1e-4
    later, sooner = (price(call, spot, strike, years - s, volatility) for s in (day, -day))
    assert at.theta == pytest.approx((later - sooner) / (2 * day) / 365, rel=1e-2, abs=spot * 1e-5)


@given(
    spot=st.floats(50, 60_000),
    moneyness=st.floats(0.8, 1.25),
    years=st.floats(1 / 365, 1.0),
    volatility=st.floats(0.05, 3.0),
    call=st.booleans(),
)
def test_the_implied_volatility_gives_the_price_back(spot, moneyness, years, volatility, call):
    strike = spot * moneyness
    premium = price(call, spot, strike, years, volatility)
    found = implied_volatility(call, spot, strike, years, premium)
    if math.isnan(found):
        assert greeks(call, spot, strike, years, volatility).vega < 0.01 * spot / 50
    else:
        assert price(call, spot, strike, years, found) == pytest.approx(premium, abs=1e-4 * max(premium, 1))


@pytest.mark.parametrize(
    ("spot", "strike", "years", "premium"),
    [
        (math.nan, 100, 0.1, 5),
        (100, math.nan, 0.1, 5),
        (100, 100, math.nan, 5),
        (100, 100, 0.1, math.nan),
        (100, 100, 0.0, 5),
        (100, 100, -0.1, 5),
        (0, 100, 0.1, 5),
        (100, 0, 0.1, 5),
        (100, 100, 0.1, 0.0),
        (100, 100, 0.1, -1.0),
        (120, 100, 0.1, 20.0),
        (100, 100, 0.1, 100.0),
        (100, 100, 0.1, math.inf),
    ],
)
def test_degenerate_premiums_have_no_volatility(spot, strike, years, premium):
    assert math.isnan(implied_volatility(True, spot, strike, years, premium))


def test_one_bad_contract_does_not_spoil_the_chain():
    strikes = np.array([90.0, 100.0, 110.0])
    premiums = price(True, 100, strikes, 0.1, 0.3)
    premiums[1] = np.nan
    found = implied_volatility(True, 100, strikes, 0.1, premiums)
    assert found[[0, 2]] == pytest.approx(0.3)
    assert math.isnan(found[1])


def test_greeks_of_an_expired_contract_are_not_known():
    assert math.isnan(greeks(True, 100, 100, 0.0, 0.2).delta)
    assert math.isnan(price(True, 100, 100, 0.1, 0.0))
