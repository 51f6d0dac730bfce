import math

import pytest

from patang_workbench.exchange.chain import RATE, black_scholes, realised_volatility


@pytest.mark.parametrize(("strike", "years", "sigma"), [(100, 0.1, 0.2), (90, 0.5, 0.35), (120, 0.02, 0.12)])
def test_put_and_call_are_in_parity(strike: float, years: float, sigma: float) -> None:
    call = black_scholes("CE", 100.0, strike, years, sigma)
    put = black_scholes("PE", 100.0, strike, years, sigma)
    assert call - put == pytest.approx(100.0 - strike * math.exp(-RATE * years))


def test_a_known_value() -> None:
    # Hull, Options, Futures and Other Derivatives: S 42, K 40, r 10 %, sigma 20 %, half a year gives 4.76;
    # with this module's rate the strike is scaled so that its present value is the same.
    strike = 40.0 * math.exp(-0.05) * math.exp(RATE * 0.5)
    assert black_scholes("CE", 42.0, strike, 0.5, 0.2) == pytest.approx(4.7594, abs=1e-4)


def test_an_option_at_its_end_is_worth_what_it_is_in_the_money() -> None:
    assert black_scholes("CE", 100.0, 90.0, 1e-9, 0.2) == pytest.approx(10.0, abs=1e-4)
    assert black_scholes("PE", 100.0, 90.0, 1e-9, 0.2) == pytest.approx(0.0, abs=1e-9)


def test_realised_volatility_is_that_of_the_steps() -> None:
    closes = [round(2_500_000 * math.exp(0.0005 * (index % 2))) for index in range(376)]
    assert realised_volatility(closes) == pytest.approx(0.0005 * math.sqrt(375 * 252), rel=1e-3)
    assert realised_volatility([100, 101]) == 0.0
