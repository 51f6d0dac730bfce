"""The chain of an underlying, and what it says of volatility."""

import math
from datetime import date

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from patang.features.options import option_features, option_reasons
from patang.features.undefined import Undefined
from patang.market.candles import Quote
from patang.market.greeks import price, years_to
from patang.market.option_chain import parity_spot, priced_chain, volatility_view
from tests.unit.market.market_day import EXPIRY, STRIKES, at, option, universe

SPOT = 8612.0
NOW = at("11:00")


def quote(instrument, premium: float, **changes) -> Quote:
    values = {
        "identifier": instrument.identifier,
        "last_price": premium,
        "bid": premium - 0.5,
        "ask": premium + 0.5,
        "volume": 100,
        "oi": 5000,
        "exchange_time": NOW,
    }
    return Quote(**(values | changes))


def fair(instrument, volatility: float) -> float:
    return float(
        price(
            instrument.instrument_type == "CE",
            SPOT,
            float(instrument.strike),
            years_to(instrument.expiry, NOW),
            volatility,
        )
    )


def chain_of(*quotes: Quote):
    return priced_chain([option(8600, "CE", 1)], {q.identifier: q for q in quotes}, "NIFTY", SPOT, NOW)


def test_years_run_to_the_close_of_the_last_day():
    assert years_to(EXPIRY, at("15:30", EXPIRY)) == 0
    assert years_to(EXPIRY, at("15:30", date(2016, 8, 24))) == pytest.approx(1 / 365)
    assert years_to(EXPIRY, at("09:15", date(2016, 8, 26))) == 0


def test_the_chain_is_priced_from_the_middle_of_the_book():
    options = [i for i in universe().instruments if i.is_option]
    quotes = {o.identifier: quote(o, fair(o, 0.18)) for o in options}
    chain = priced_chain(universe().instruments, quotes, "NIFTY", SPOT, NOW)
    assert [(float(p.instrument.strike), p.instrument.instrument_type) for p in chain] == [
        (strike, kind) for strike in STRIKES for kind in ("CE", "PE")
    ]
    for priced in chain:
        assert priced.implied_volatility == pytest.approx(0.18, abs=1e-4)
        worth = max((SPOT - float(priced.instrument.strike)) * (1 if priced.delta > 0 else -1), 0)
        assert priced.time_value == pytest.approx(priced.price - worth)
        assert priced.theta < 0 < priced.vega
        assert priced.spread_pct == pytest.approx(100 / priced.price)
    calls = [p.delta for p in chain if p.instrument.instrument_type == "CE"]
    assert calls == sorted(calls, reverse=True)


def test_without_one_side_of_the_book_the_last_price_stands():
    contract = option(8600, "CE", 1)
    one_sided = quote(contract, 90.0, bid=0.0, last_price=70.0)
    [priced] = priced_chain([contract], {contract.identifier: one_sided}, "NIFTY", SPOT, NOW)
    assert priced.price == 70.0
    assert math.isnan(priced.spread_pct)


def test_only_the_quoted_contracts_of_the_underlying_are_in_the_chain():
    contract = option(8600, "CE", 1)
    assert priced_chain([contract], {}, "NIFTY", SPOT, NOW) == ()
    assert priced_chain([contract], {contract.identifier: quote(contract, 90)}, "BANKNIFTY", SPOT, NOW) == ()


def test_the_at_the_money_volatility_is_that_of_the_strike_next_to_the_money():
    strike = np.array([8600.0, 8600.0, 8700.0])
    is_call = np.array([True, False, True])
    years = years_to(EXPIRY, NOW)
    premium = price(is_call, SPOT, strike, years, np.array([0.18, 0.18, 0.30]))
    view = volatility_view(is_call, strike, years, premium, SPOT)
    assert view.at_the_money == pytest.approx(0.18, abs=1e-5)


class TestParity:
    """Nine days to go; the options are priced on 8580, the index was last told at 8612."""

    YEARS = years_to(EXPIRY, NOW)
    STRIKE = np.tile(np.arange(8400.0, 8850.0, 50), 2)
    IS_CALL = np.repeat([True, False], 9)

    def premium(self, on: float = 8580.0) -> np.ndarray:
        return price(self.IS_CALL, on, self.STRIKE, self.YEARS, 0.15)

    def found(self, premium: np.ndarray) -> float:
        return parity_spot(self.IS_CALL, self.STRIKE, self.YEARS, premium, SPOT)

    def test_it_is_what_calls_and_puts_are_priced_on(self):
        assert self.found(self.premium()) == pytest.approx(8580.0, abs=1e-6)
        view = volatility_view(self.IS_CALL, self.STRIKE, self.YEARS, self.premium(), SPOT)
        assert view.at_the_money == pytest.approx(0.15, abs=1e-6)
        assert view.skew == pytest.approx(0, abs=1e-6)

    def test_one_wrong_price_does_not_move_it(self):
        premium = self.premium()
        premium[4] *= 3
        assert self.found(premium) == pytest.approx(8580.0, abs=1e-6)

    @pytest.mark.parametrize("missing", [0.0, math.nan])
    def test_a_strike_without_both_prices_does_not_count(self, missing):
        premium = self.premium()
        premium[9:] = missing
        assert self.found(premium) == SPOT
        premium[13] = self.premium()[13]
        assert self.found(premium) == pytest.approx(8580.0, abs=1e-6)

    def test_what_no_dividend_explains_is_a_wrong_price(self):
        assert self.found(self.premium(on=SPOT * 1.04)) == SPOT

    def test_an_expired_chain_has_none(self):
        assert parity_spot(self.IS_CALL, self.STRIKE, 0.0, self.premium(), SPOT) == SPOT


@given(
    carried=st.floats(-0.02, 0.02),
    volatility=st.floats(0.08, 0.6),
    days=st.floats(1.1, 90),
    tilt=st.floats(-0.4, 0.1),
    silent=st.lists(st.integers(0, 39), max_size=20),
)
def test_the_moneys_volatility_is_found_from_prices_on_their_tick(carried, volatility, days, tilt, silent):
    """Whatever dividend or delay lies between index and options, and whichever contracts are silent."""
    on, years = SPOT * (1 + carried), days / 365
    strike = np.tile(np.arange(8150.0, 9150.0, 50), 2)
    is_call = np.repeat([True, False], 20)
    smile = volatility + tilt * np.log(strike / on)
    premium = np.round(price(is_call, on, strike, years, smile) / 0.05) * 0.05
    premium[silent] = 0.0
    view = volatility_view(is_call, strike, years, premium, SPOT)
    both = (premium[:20] > 0) & (premium[20:] > 0)
    assume(np.abs(strike[:20][both] / SPOT - 1).min(initial=1) < 0.02)
    assert view.at_the_money == pytest.approx(volatility, abs=0.012 + abs(tilt) * 0.03)


def test_a_call_and_a_put_that_disagree_meet_between_them():
    strike = np.array([8600.0, 8600.0])
    is_call = np.array([True, False])
    years = years_to(EXPIRY, NOW)
    premium = price(is_call, SPOT, strike, years, np.array([0.20, 0.16]))
    assert volatility_view(is_call, strike, years, premium, SPOT).at_the_money == pytest.approx(
        0.18, abs=0.005
    )


def test_the_skew_is_the_25_delta_puts_volatility_less_the_calls():
    years = years_to(EXPIRY, NOW)
    strikes = np.arange(8000.0, 9250.0, 50)
    is_call = np.repeat([True, False], len(strikes))
    strike = np.tile(strikes, 2)
    smile = 0.15 - 0.5 * np.log(strike / SPOT)
    view = volatility_view(is_call, strike, years, price(is_call, SPOT, strike, years, smile), SPOT)
    assert 0.01 < view.skew < 0.05


def test_a_chain_too_narrow_for_25_delta_has_no_skew():
    years = years_to(EXPIRY, NOW)
    strike = np.array([8600.0, 8600.0])
    is_call = np.array([True, False])
    view = volatility_view(is_call, strike, years, price(is_call, SPOT, strike, years, 0.15), SPOT)
    assert view.at_the_money == pytest.approx(0.15, abs=1e-5)
    assert math.isnan(view.skew)


def test_premiums_that_say_nothing_give_no_view():
    view = volatility_view(np.array([True]), np.array([8600.0]), 0.02, np.array([0.0]), SPOT)
    assert math.isnan(view.at_the_money)
    assert math.isnan(view.skew)


def test_the_features_of_a_contract():
    contract = option(8600, "CE", 1)
    [priced] = chain_of(quote(contract, fair(contract, 0.2), oi_trend=3.5))
    found = option_features(priced)
    assert set(found) == {"iv_from_options", "delta", "theta", "vega", "time_value", "oi_trend"}
    assert found["iv_from_options"] == pytest.approx(0.2, abs=1e-4)
    assert found["oi_trend"] == 3.5
    assert 0.5 < found["delta"] < 0.7
    unknown = option_features(*chain_of(quote(contract, 1.0)))
    assert math.isnan(unknown["delta"])
    assert math.isnan(unknown["oi_trend"])
    assert option_reasons(found) == {}
    assert option_reasons(unknown | {"iv_rank": math.nan}) == {
        **dict.fromkeys(("iv_from_options", "delta", "theta", "vega"), Undefined.NO_CHAIN),
        "iv_rank": Undefined.NO_HISTORY,
        "oi_trend": Undefined.NO_OPEN_INTEREST,
    }
