"""Prices, greeks and implied volatilities against vollib and a textbook, against themselves, at the edges."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from vollib.black_scholes import black_scholes
from vollib.black_scholes.greeks import analytical
from vollib.black_scholes.implied_volatility import implied_volatility as vollib_volatility

from patang.market.greeks import RISK_FREE_RATE, greeks, implied_volatility, price

# Twenty minutes to a year; from half to twice the spot; a sleepy index to a crash.
YEARS = (20 / (365 * 24 * 60), 1 / 365, 7 / 365, 30 / 365, 1.0)
MONEYNESS = (0.5, 0.8, 0.9, 0.97, 1.0, 1.03, 1.1, 1.25, 2.0)
VOLATILITIES = (0.05, 0.12, 0.3, 1.0, 2.5)
SPOT = 24_850.0


@pytest.mark.parametrize("years", YEARS)
def test_price_greeks_and_volatility_are_vollibs(years):
    known = 0
    for moneyness in MONEYNESS:
        for volatility in VOLATILITIES:
            for flag in "cp":
                strike, call = SPOT * moneyness, flag == "c"
                theirs = (flag, SPOT, strike, years, RISK_FREE_RATE, volatility)
                ours = greeks(call, SPOT, strike, years, volatility)
                premium = black_scholes(*theirs)
                assert ours.price == pytest.approx(premium, rel=1e-9, abs=1e-8)
                assert ours.delta == pytest.approx(analytical.delta(*theirs), rel=1e-9, abs=1e-12)
                assert ours.gamma == pytest.approx(analytical.gamma(*theirs), rel=1e-9, abs=1e-15)
                assert ours.theta == pytest.approx(analytical.theta(*theirs), rel=1e-9, abs=1e-9)
                assert ours.vega == pytest.approx(analytical.vega(*theirs), rel=1e-9, abs=1e-12)
                found = float(implied_volatility(call, SPOT, strike, years, premium))
                if math.isnan(found):
                    assert ours.vega < 0.0101, (moneyness, volatility, flag)
                    continue
                known += 1
                expected = vollib_volatility(premium, SPOT, strike, years, RISK_FREE_RATE, flag)
                assert found == pytest.approx(expected, rel=1e-6)
                assert found == pytest.approx(volatility, rel=1e-6)
    assert known >= 10, "the grid reaches the money at every distance to expiry"


@given(
    spot=st.floats(50, 90_000),
    moneyness=st.floats(0.6, 1.6),
    years=st.floats(1e-5, 2.0),
    volatility=st.floats(0.03, 4.0),
    call=st.booleans(),
)
@example(spot=50.0, moneyness=0.609375, years=1.5, volatility=1.0625, call=False)
def test_the_volatility_of_a_market_price_is_vollibs_or_not_known(spot, moneyness, years, volatility, call):
    """Prices on their tick of five paise, as a book quotes them."""
    strike = round(spot * moneyness, 0)
    premium = max(round(float(price(call, spot, strike, years, volatility)) / 0.05), 1) * 0.05
    found = float(implied_volatility(call, spot, strike, years, premium))
    flag = "c" if call else "p"
    if math.isfinite(found):
        assert found == pytest.approx(
            vollib_volatility(premium, spot, strike, years, RISK_FREE_RATE, flag), rel=1e-6
        )
        return
    discounted = strike * math.exp(-RISK_FREE_RATE * years)
    floor = max(spot - discounted if call else discounted - spot, 0.0)
    ceiling = spot if call else discounted
    if floor < premium < ceiling:
        implied = vollib_volatility(premium, spot, strike, years, RISK_FREE_RATE, flag)
        assert implied > 9.9 or analytical.vega(flag, spot, strike, years, RISK_FREE_RATE, implied) < 0.0101


@pytest.mark.parametrize("call", [True, False])
@pytest.mark.parametrize("beyond", [-20.0, -0.01, 0.0])
def test_a_price_at_or_under_its_intrinsic_value_has_no_volatility(call, beyond):
    """Never zero, never a smallest number: no volatility gives such a price."""
    strike = 24_000.0 if call else 26_000.0
    years = 3 / 365
    discounted = strike * math.exp(-RISK_FREE_RATE * years)
    floor = SPOT - discounted if call else discounted - SPOT
    premium = floor + beyond
    assert math.isnan(implied_volatility(call, SPOT, strike, years, premium))
    assert math.isnan(greeks(call, SPOT, strike, years, math.nan).delta)


@pytest.mark.parametrize(
    ("call", "strike", "years", "premium"),
    [
        # One tick, far out of the money: less is not quoted.
        (False, 20_000.0, 2 / 365, 0.05),
        (True, 32_000.0, 2 / 365, 0.05),
        # Seconds before the close of the last day.
        (True, 24_900.0, 3 / (365 * 86_400), 0.05),
        # A paisa over the discounted intrinsic value.
        (True, 18_000.0, 2 / 365, SPOT - 18_000 * math.exp(-RISK_FREE_RATE * 2 / 365) + 0.01),
    ],
)
def test_a_premium_that_volatility_hardly_moves_tells_none(call, strike, years, premium):
    assert math.isnan(implied_volatility(call, SPOT, strike, years, premium))


def test_out_of_the_money_a_few_ticks_tell():
    found = implied_volatility(False, SPOT, 24_000, 7 / 365, 2.0)
    assert found == pytest.approx(vollib_volatility(2.0, SPOT, 24_000, 7 / 365, RISK_FREE_RATE, "p"))


def test_hulls_example():
    # J. Hull, Options, Futures and Other Derivatives, ch. 15: S 42, K 40, r 10 %, sigma 20 %, six months.
    assert price(True, 42, 40, 0.5, 0.2, 0.10) == pytest.approx(4.76, abs=0.005)
    assert price(False, 42, 40, 0.5, 0.2, 0.10) == pytest.approx(0.81, abs=0.005)


def test_hulls_greeks():
    # Ibid., ch. 19: S 49, K 50, r 5 %, sigma 20 %, 20 weeks: delta 0.522, gamma 0.066, vega 12.1, theta
    # -4.31 a year.
    found = greeks(True, 49, 50, 0.3846, 0.2, 0.05)
    assert found.delta == pytest.approx(0.522, abs=5e-4)
    assert found.gamma == pytest.approx(0.066, abs=5e-4)
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
