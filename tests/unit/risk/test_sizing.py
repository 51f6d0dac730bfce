"""Sizing: every bound holds at the worst price, lots are whole, zero is an answer."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patang.risk.charges import round_trip_charges
from patang.risk.sizing import Headroom, size
from patang.settings import Settings
from tests.unit.risk.samples import AS_OF, equity_signal, option_signal

D = Decimal
PLENTY = Headroom(capital=D(300_000), symbol=D(10**9), portfolio=D(10**9), cash=D(10**9))


def test_one_lot_that_risks_more_than_the_budget_is_not_bought():
    """The known trap: 75 at a 50-point stop risks 3,750; 5 % of 10,000 is 500."""
    settings = Settings.model_validate({"risk": {"risk_per_trade_pct": 5}})
    signal = option_signal(lot_size=75, entry_price=D(250), stop_loss_price=D(200), target_price=D(375))
    room = Headroom(D(10_000), D(10_000), D(10_000), D(10_000))
    found = size(signal, settings, room)
    assert (found.quantity, found.binding, found.exposure) == (0, "RISK_PER_TRADE", 0)


def test_risk_sets_the_size_of_an_option():
    found = size(option_signal(), Settings(), PLENTY)
    # 2 % of 300,000 is 6,000; a unit risks 40 rupees and 1 % of drift: 40.40. 148 units are two lots of 65.
    assert (found.quantity, found.binding) == (130, "RISK_PER_TRADE")
    charges = round_trip_charges("options", "NFO", D(100), D(60), 130, AS_OF.date()).total
    assert found.risk_amount == 130 * D("40.4") + charges
    assert found.exposure == 130 * D(101)


@pytest.mark.parametrize(
    ("name", "room"),
    [
        ("SYMBOL_EXPOSURE", Headroom(D(300_000), D(30_000), D(90_000), D(200_000))),
        ("PORTFOLIO_EXPOSURE", Headroom(D(300_000), D(30_000), D(20_000), D(200_000))),
        ("CAPITAL", Headroom(D(300_000), D(30_000), D(20_000), D(10_000))),
    ],
)
def test_the_binding_bound_is_named(name, room):
    found = size(equity_signal(), Settings(), room)
    assert found.binding == name
    least = min(room.symbol, room.portfolio, room.cash)
    assert found.quantity == int(least / D(101))


def test_charges_count_into_the_risk():
    """At 0.02 % of 300,000 a 1-rupee stop allows 59 shares by price, but their charges do not fit."""
    settings = Settings.model_validate({"risk": {"risk_per_trade_pct": D("0.02")}})
    found = size(equity_signal(), settings, PLENTY)
    assert 0 < found.quantity < 59
    assert found.risk_amount <= 60


rooms = st.decimals(D(0), D(1_000_000), places=0)


@given(rooms, rooms, rooms, rooms, st.sampled_from([1, 15, 65, 75]))
def test_no_bound_is_ever_passed_and_lots_are_whole(capital, symbol, portfolio, cash, lot):
    settings = Settings()
    found = size(option_signal(lot_size=lot), settings, Headroom(capital, symbol, portfolio, cash))
    assert found.quantity % lot == 0
    assert found.exposure <= min(symbol, portfolio, cash)
    assert found.risk_amount <= capital * settings.risk.risk_per_trade_pct / 100


@given(rooms, rooms)
def test_more_capital_never_buys_less(capital, more):
    def quantity(amount: Decimal) -> int:
        return size(option_signal(), Settings(), Headroom(amount, amount / 10, amount / 3, amount)).quantity

    assert quantity(capital) <= quantity(capital + more)
