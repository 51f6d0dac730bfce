"""What a capital can buy at all, held against the sizing of real signals."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from patang.market.sessions import IST
from patang.risk.affordability import Purchase, affordable
from patang.settings import Settings

DAY = datetime(2026, 8, 18, 10, 0, tzinfo=IST)


def option(price: str, stop: str, lot: int = 65, target: str | None = None) -> Purchase:
    return Purchase(
        strategy="long_options",
        symbol="NIFTY2681824500CE",
        underlying="NIFTY",
        exchange="NFO",
        lot_size=lot,
        tick_size=Decimal("0.05"),
        price=Decimal(price),
        stop=Decimal(stop),
        target=Decimal(target or str(Decimal(price) * Decimal("1.5"))),
        holding_period="intraday",
        source="test",
    )


def with_capital(rupees: int, **risk: Any) -> Settings:
    return Settings.model_validate({"capital": {"starting_capital_inr": rupees}, "risk": risk})


def test_the_known_trap_buys_nothing_and_says_why():
    """A lot of 75 at a stop of 50 points risks 3,750; five percent of 10,000 are 500: zero, not two."""
    wide = {"max_symbol_exposure_pct": 100, "max_portfolio_exposure_pct": 100, "margin_buffer_pct": 1}
    settings = with_capital(10_000, risk_per_trade_pct=5, **wide)
    settings = settings.model_copy(
        update={
            "options": settings.options.model_copy(update={"capital_share_pct": Decimal(100)}),
            "capital": settings.capital.model_copy(update={"daily_loss_limit_pct": Decimal(5)}),
        }
    )
    found = affordable(option("100", "50", lot=75), settings, DAY)
    assert (found.quantity, found.binding) == (0, "RISK_PER_TRADE")
    assert found.lot_risk == 3_750
    assert found.smallest_capital is not None
    assert 75_000 < found.smallest_capital < 80_000


def test_a_day_that_may_lose_less_than_a_trade_is_what_binds():
    settings = with_capital(300_000, risk_per_trade_pct=5)
    settings = settings.model_copy(
        update={"capital": settings.capital.model_copy(update={"daily_loss_limit_pct": Decimal("0.5")})}
    )
    found = affordable(option("100", "60"), settings, DAY)
    assert (found.quantity, found.binding) == (0, "DAILY_LOSS_LIMIT")


def test_the_starting_capital_buys_a_lot_and_a_thirtieth_does_not():
    contract = option("100", "60")
    assert affordable(contract, with_capital(300_000), DAY).quantity >= 65
    assert affordable(contract, with_capital(10_000), DAY).quantity == 0


@effort(deadline=None, max_examples=40)
@given(price=st.integers(20, 400), stop_pct=st.integers(10, 90), risk=st.integers(1, 5))
def test_the_smallest_capital_is_the_smallest(price: int, stop_pct: int, risk: int):
    contract = option(str(price), str(Decimal(price) * (100 - stop_pct) / 100))
    least = affordable(contract, with_capital(300_000, risk_per_trade_pct=risk), DAY).smallest_capital
    assert least is not None
    assert affordable(contract, with_capital(least, risk_per_trade_pct=risk), DAY).quantity >= 65
    assert affordable(contract, with_capital(least - 1, risk_per_trade_pct=risk), DAY).quantity == 0


def test_what_can_never_earn_enough_is_said():
    found = affordable(option("100", "60", target="100.05"), with_capital(300_000), DAY)
    assert (found.quantity, found.binding) == (0, "MIN_EXPECTED_NET_PROFIT")
    assert found.smallest_capital is None


@pytest.mark.parametrize(("stop", "binding"), [("99", "SYMBOL_EXPOSURE"), ("20", "RISK_PER_TRADE")])
def test_the_bound_that_binds_depends_on_the_stop(stop: str, binding: str):
    found = affordable(option("100", stop, target="200"), with_capital(300_000), DAY)
    assert found.quantity > 0
    assert found.binding in (binding, "STRATEGY_SHARE")
