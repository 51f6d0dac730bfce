"""Sizing: every bound holds at the worst price, lots are whole, zero is an answer."""

from dataclasses import replace
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from patang.market.sessions import IST
from patang.portfolio.ledger import levels_at
from patang.risk.charges import round_trip_charges
from patang.risk.sizing import Headroom, margin_pct, segment_of_signal, size
from patang.settings import Settings
from patang.strategies.signal import Signal
from tests.unit.risk.samples import AS_OF, equity_signal, option_signal

D = Decimal
PLENTY = Headroom(
    capital=D(300_000),
    symbol=D(10**9),
    strategy=D(10**9),
    portfolio=D(10**9),
    cash=D(10**9),
    daily_loss=D(10**9),
)


def room(capital: Any, **less: Any) -> Headroom:
    """Plenty of everything but of what is named."""
    return replace(PLENTY, capital=D(capital), **{name: D(amount) for name, amount in less.items()})


def with_risk(**risk: Any) -> Settings:
    return Settings.model_validate({"risk": risk})


class TestRisk:
    def test_one_lot_that_risks_more_than_the_budget_is_not_bought(self):
        """The known trap: 75 at a 50-point stop risks 3,750; 5 % of 10,000 is 500. Not two lots: none."""
        signal = option_signal(lot_size=75, entry_price=D(250), stop_loss_price=D(200), target_price=D(375))
        ten_thousand = Headroom(D(10_000), D(10_000), D(10_000), D(10_000), D(10_000), D(10_000))
        found = size(signal, with_risk(risk_per_trade_pct=5), ten_thousand)
        assert (found.quantity, found.binding, found.exposure) == (0, "RISK_PER_TRADE", 0)

    def test_the_trap_is_the_risk_and_not_the_money(self):
        """The same lot is bought once 5 % of the capital pay for what its stop loses, and no sooner."""
        signal = option_signal(lot_size=75, entry_price=D(250), stop_loss_price=D(200), target_price=D(375))
        loses = size(signal, with_risk(risk_per_trade_pct=5), room(200_000)).risk_amount / 2
        least = loses / D("0.05")
        assert 75 * D("50.525") < loses < 75 * D("50.525") + 100, "1 % of drift, half a tick, and charges"
        assert size(signal, with_risk(risk_per_trade_pct=5), room(least + 1_000)).quantity == 75
        assert size(signal, with_risk(risk_per_trade_pct=5), room(least - 1_000)).quantity == 0

    def test_risk_sets_the_size_of_an_option(self):
        found = size(option_signal(), Settings(), PLENTY)
        # 2 % of 300,000 is 6,000; a unit risks 40 rupees, 1 % of drift and half a tick of 5 paise: 40.425.
        # 148 units are two lots of 65. Bought at 101, stopped out at 61.025 at the dearest.
        assert (found.quantity, found.binding) == (130, "RISK_PER_TRADE")
        charges = round_trip_charges("options", "NFO", D(101), D("61.025"), 130, AS_OF.date()).total
        assert found.risk_amount == (130 * D("40.425") + charges).quantize(D("0.01"), ROUND_CEILING)
        assert found.exposure == 130 * D(101)

    def test_charges_count_into_the_risk(self):
        """At 0.02 % of 300,000 a 1-rupee stop allows 57 shares by price, but their charges do not fit."""
        found = size(equity_signal(), with_risk(risk_per_trade_pct=D("0.02")), PLENTY)
        assert 0 < found.quantity < 57
        assert found.risk_amount <= 60
        cash_for_one_more = room(300_000, cash=(found.quantity + 1) * 101)
        one_more = size(equity_signal(), with_risk(risk_per_trade_pct=100), cash_for_one_more)
        assert one_more.quantity == found.quantity + 1
        assert one_more.risk_amount > 60

    @pytest.mark.parametrize("stop", [D(100), D("100.05"), D(120)])
    def test_a_stop_that_is_not_below_the_price_has_no_size(self, stop):
        found = size(equity_signal(stop_loss_price=stop), Settings(), PLENTY)
        assert (found.quantity, found.binding) == (0, "RISK_PER_TRADE")


class TestTheRestOfTheDaysLoss:
    """2 % a trade and 3 % a day: 6,000 and 9,000 of 300,000."""

    def test_a_second_trade_gets_what_the_first_has_left(self):
        first = size(option_signal(), Settings(), room(300_000, daily_loss=9_000))
        assert (first.quantity, first.binding) == (130, "RISK_PER_TRADE")
        second = size(option_signal(), Settings(), room(300_000, daily_loss=9_000 - first.risk_amount))
        assert (second.quantity, second.binding) == (65, "DAILY_LOSS_LIMIT")
        assert first.risk_amount + second.risk_amount <= 9_000

    @pytest.mark.parametrize("left", [0, 100, 2_600])
    def test_less_than_a_lot_may_lose_buys_nothing(self, left):
        found = size(option_signal(), Settings(), room(300_000, daily_loss=left))
        assert (found.quantity, found.binding) == (0, "DAILY_LOSS_LIMIT")

    def test_charges_count_into_it(self):
        """65 units lose 2,627.63 by price: with a rupee more than that their charges do not fit."""
        by_price = 65 * D("40.425")
        assert size(option_signal(), Settings(), room(300_000, daily_loss=by_price + 1)).quantity == 0
        assert size(option_signal(), Settings(), room(300_000, daily_loss=by_price + 100)).quantity == 65


class TestTheBindingBound:
    @pytest.mark.parametrize(
        ("name", "less"),
        [
            ("SYMBOL_EXPOSURE", {"symbol": 30_000, "strategy": 60_000, "portfolio": 90_000}),
            ("STRATEGY_SHARE", {"symbol": 30_000, "strategy": 25_000, "portfolio": 90_000}),
            ("PORTFOLIO_EXPOSURE", {"symbol": 30_000, "strategy": 25_000, "portfolio": 20_000}),
            ("CAPITAL", {"symbol": 30_000, "strategy": 25_000, "portfolio": 20_000, "cash": 10_000}),
        ],
    )
    def test_is_named(self, name, less):
        found = size(equity_signal(), Settings(), room(300_000, **less))
        assert found.binding == name
        assert found.quantity == min(less.values()) // 101

    @pytest.mark.parametrize("name", ["symbol", "strategy", "portfolio", "cash"])
    def test_is_named_at_a_size_of_zero_too(self, name):
        found = size(option_signal(), Settings(), room(300_000, **{name: 65 * 101 - 1}))
        names = {"symbol": "SYMBOL_EXPOSURE", "strategy": "STRATEGY_SHARE", "portfolio": "PORTFOLIO_EXPOSURE"}
        assert (found.quantity, found.binding) == (0, names.get(name, "CAPITAL"))


class TestFreezeQuantity:
    def test_no_order_is_larger_than_the_exchange_takes(self):
        # 1,800 units of NIFTY are 27 lots of 65 and a part of one.
        found = size(option_signal(), Settings(), room(10**9))
        assert (found.quantity, found.binding) == (1755, "FREEZE_QUANTITY")

    def test_it_is_that_of_the_day(self):
        def quantity(*day: int) -> int:
            banks = option_signal(
                "BANKNIFTY", underlying="BANKNIFTY", lot_size=35, as_of=datetime(*day, 10, 0, tzinfo=IST)
            )
            return size(banks, Settings(), room(10**9)).quantity

        assert quantity(2025, 8, 29) == 595
        assert quantity(2025, 9, 1) == 875
        assert quantity(2025, 11, 3) == 595

    def test_of_an_unknown_contract_one_lot_is_bought_at_a_time(self):
        found = size(option_signal(underlying="INFY", lot_size=400), Settings(), room(10**9))
        assert (found.quantity, found.binding) == (400, "FREEZE_QUANTITY")

    def test_shares_have_none(self):
        found = size(equity_signal(), Settings(), room(10**8))
        assert found.binding == "RISK_PER_TRADE"
        assert found.quantity > 10**6


class TestMargin:
    """Cash of 50,000 and nothing else in the way."""

    @pytest.mark.parametrize(
        ("signal", "quantity"),
        [
            (option_signal(), 455),  # 495 units at 101 rupees: seven lots
            (equity_signal(), 495),
            (equity_signal(holding_period="swing"), 495),
        ],
    )
    def test_is_the_full_value_whatever_is_bought(self, signal, quantity):
        found = size(signal, with_risk(risk_per_trade_pct=100), room(300_000, cash=50_000))
        assert (found.quantity, found.binding) == (quantity, "CAPITAL")

    @pytest.mark.parametrize(
        ("signal", "quantity"),
        [
            (option_signal(), 455),
            (equity_signal(), 2475),
            (equity_signal(holding_period="swing"), 495),
        ],
    )
    def test_only_intraday_shares_are_levered_and_only_where_the_settings_say_so(self, signal, quantity):
        levered = with_risk(risk_per_trade_pct=100, intraday_margin_pct=20)
        assert size(signal, levered, room(300_000, cash=50_000)).quantity == quantity

    def test_is_what_the_broker_has_told_where_that_is_less(self):
        found = size(option_signal(), Settings(), room(300_000, cash=50_000, funds=10_000))
        assert (found.quantity, found.binding) == (65, "MARGIN")
        found = size(option_signal(), Settings(), room(300_000, funds=65 * 101 - 1))
        assert (found.quantity, found.binding) == (0, "MARGIN")

    def test_leverage_makes_the_brokers_funds_go_further_too(self):
        levered = with_risk(risk_per_trade_pct=100, intraday_margin_pct=20)
        assert size(equity_signal(), levered, room(300_000, funds=10_100)).quantity == 500

    def test_leverage_leaves_exposure_and_risk_where_they_are(self):
        levered = with_risk(intraday_margin_pct=20)
        found = size(equity_signal(), levered, room(300_000, symbol=30_000, cash=30_000))
        assert (found.quantity, found.binding) == (297, "SYMBOL_EXPOSURE")
        assert found.exposure == 297 * 101

    def test_a_share_needs_all_of_its_price_by_default(self):
        assert margin_pct(segment_of_signal(equity_signal()), Settings()) == 100


rooms = st.decimals(D(0), D(1_000_000), places=0)
ticks = st.sampled_from([D("0.05"), D("0.01"), D("0.10")])


@st.composite
def signals(draw: Any) -> Signal:
    """Options and shares with prices on the tick and a stop below."""
    tick = draw(ticks)
    steps = draw(st.integers(10, 40_000))
    stop = draw(st.integers(1, steps - 1))
    prices = {
        "tick_size": tick,
        "entry_price": steps * tick,
        "stop_loss_price": stop * tick,
        "target_price": (2 * steps - stop) * tick,
        "ask": steps * tick,
        "bid": (steps - 1) * tick,
    }
    if draw(st.booleans()):
        return option_signal(lot_size=draw(st.sampled_from([15, 30, 65, 75])), **prices)
    return equity_signal(holding_period=draw(st.sampled_from(["intraday", "swing"])), **prices)


@hypothesis_settings(deadline=None)
@given(
    signals(), rooms, rooms, rooms, rooms, rooms, st.decimals(D(0), D(20_000), places=0), st.none() | rooms
)
def test_no_bound_is_ever_passed_and_lots_are_whole(
    signal, capital, symbol, strategy, portfolio, cash, daily_loss, funds
):
    settings = Settings()
    headroom = Headroom(capital, symbol, strategy, portfolio, cash, daily_loss, funds)
    found = size(signal, settings, headroom)
    assert found.quantity >= 0
    assert found.quantity % signal.lot_size == 0
    assert found.exposure <= min(symbol, strategy, portfolio, cash, cash if funds is None else funds)
    assert found.risk_amount <= min(daily_loss, capital * settings.risk.risk_per_trade_pct / 100)
    if signal.exchange == "NFO":
        assert found.quantity <= 1800


@hypothesis_settings(max_examples=200, deadline=None)
@given(signals(), rooms, st.integers(0, 10_000))
def test_what_the_stop_loses_is_within_the_budget_wherever_the_order_fills(signal, capital, basis_points):
    """At any price on the tick up to the drift allowed, with the stop that such a position gets."""
    settings = Settings()
    found = size(signal, settings, room(capital))
    cap = signal.entry_price * (1 + settings.approval.max_price_drift_pct / 100)
    wanted = signal.tick_size + (cap - signal.tick_size) * basis_points / 10_000
    price = (wanted / signal.tick_size).to_integral_value(ROUND_FLOOR) * signal.tick_size
    stop, _ = levels_at(signal, price)
    if found.quantity == 0 or stop <= 0:
        return
    charges = round_trip_charges(
        segment_of_signal(signal), signal.exchange, price, stop, found.quantity, AS_OF.date()
    )
    budget = capital * settings.risk.risk_per_trade_pct / 100
    assert (price - stop) * found.quantity + charges.total <= budget


@hypothesis_settings(deadline=None)
@given(signals(), rooms, rooms)
def test_more_capital_never_buys_less(signal, capital, more):
    def quantity(amount: Decimal) -> int:
        return size(
            signal, Settings(), Headroom(amount, amount / 10, amount / 5, amount / 3, amount, amount / 50)
        ).quantity

    assert quantity(capital) <= quantity(capital + more)


@hypothesis_settings(deadline=None)
@given(signals(), rooms, st.integers(0, 30))
def test_one_lot_more_would_pass_the_bound_that_is_named(signal, capital, thousandths):
    settings = Settings()
    left = capital * thousandths / 1000
    headroom = Headroom(capital, capital / 10, capital / 5, capital / 3, capital, left)
    found = size(signal, settings, headroom)
    assert found.binding in (
        "RISK_PER_TRADE",
        "DAILY_LOSS_LIMIT",
        "SYMBOL_EXPOSURE",
        "STRATEGY_SHARE",
        "PORTFOLIO_EXPOSURE",
        "CAPITAL",
        "MARGIN",
        "FREEZE_QUANTITY",
    )
    one_more = found.quantity + signal.lot_size
    cost = signal.entry_price * (1 + settings.approval.max_price_drift_pct / 100)
    loose = settings.model_copy(update={"risk": settings.risk.model_copy(update={"risk_per_trade_pct": 100})})
    if found.binding == "SYMBOL_EXPOSURE":
        assert one_more * cost > headroom.symbol
    elif found.binding == "FREEZE_QUANTITY":
        assert one_more > 1800
    elif found.binding in ("RISK_PER_TRADE", "DAILY_LOSS_LIMIT"):
        unbound = Headroom(D(10**12), one_more * cost, D(10**12), D(10**12), D(10**12), D(10**12))
        needed = size(signal, loose, unbound)
        bounds = {
            "RISK_PER_TRADE": capital * settings.risk.risk_per_trade_pct / 100,
            "DAILY_LOSS_LIMIT": left,
        }
        assert bounds[found.binding] == min(bounds.values())
        if needed.quantity == one_more:
            assert needed.risk_amount > bounds[found.binding]
