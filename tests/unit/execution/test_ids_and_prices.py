"""Ids fit into the broker's tag; prices lie on the tick and within protection."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patang.execution.ids import intent_id
from patang.execution.prices import band_pct, buy_limit, is_option, on_tick, sell_limit

DAY = date(2026, 8, 18)
PRICES = st.decimals(min_value="0.05", max_value="90000", places=2)
TICKS = st.sampled_from([Decimal("0.01"), Decimal("0.05"), Decimal("0.10"), Decimal("1")])


@given(st.text(min_size=1), st.sampled_from(["entry", "exit", "modify", "cancel"]), st.text())
def test_an_id_is_a_valid_tag(account: str, purpose: str, of: str) -> None:
    tag = intent_id(account, purpose, DAY, of)
    assert len(tag) == 20
    assert tag.isalnum()
    assert tag.isascii()


def test_an_id_is_made_from_what_it_is_for_alone() -> None:
    assert intent_id("main", "exit", DAY, "P1", 1) == intent_id("main", "exit", DAY, "P1", 1)
    others = {
        intent_id("main", "exit", DAY, "P1", 1),
        intent_id("main", "exit", DAY, "P1", 2),
        intent_id("main", "exit", DAY, "P11"),
        intent_id("second", "exit", DAY, "P1", 1),
        intent_id("main", "modify", DAY, "P1", 1),
        intent_id("main", "exit", date(2026, 8, 19), "P1", 1),
    }
    assert len(others) == 6


@given(PRICES, TICKS)
def test_a_marketable_sell_lies_on_the_tick_below_the_bid_within_the_band(
    bid: Decimal, tick: Decimal
) -> None:
    for option in (True, False):
        limit = sell_limit(bid, tick, option=option)
        assert on_tick(limit, tick)
        assert limit >= tick
        assert limit <= max(bid, tick)
        assert limit >= bid * (1 - band_pct(bid, option=option) / 100) - tick


@given(PRICES, TICKS)
def test_a_marketable_buy_never_pays_more_than_its_cap(ask: Decimal, tick: Decimal) -> None:
    cap = ask * Decimal("1.01")
    limit = buy_limit(ask, tick, cap)
    assert on_tick(limit, tick)
    assert limit <= cap


@pytest.mark.parametrize(
    ("price", "option", "percent"),
    [("9.95", True, "5"), ("10", True, "3"), ("100", True, "2"), ("501", True, "1"), ("99", False, "2"),
     ("100", False, "1"), ("500", False, "0.5")],
)  # fmt: skip
def test_bands_are_the_brokers(price: str, option: bool, percent: str) -> None:
    assert band_pct(Decimal(price), option=option) == Decimal(percent)


def test_options_are_told_by_exchange_and_name() -> None:
    assert is_option("NFO", "NIFTY26AUG25000CE")
    assert not is_option("NFO", "NIFTY26AUGFUT")
    assert not is_option("NSE", "PEACE")
