"""Fills into positions and profit, by hand-computed figures and by properties."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patang.portfolio.ledger import Fill, after_entry, after_exit, levels_at, opened
from patang.portfolio.position import Position
from patang.risk.charges import leg_charges
from tests.unit.execution.samples import MORNING, equity_signal, option_signal


def fill(quantity: int, price: str) -> Fill:
    return Fill(quantity, Decimal(price), MORNING)


def bought(quantity: int = 20, price: str = "1500.00") -> Position:
    return opened(
        "P1", "main", equity_signal(), "MIS", "N1", Decimal("1500.00"), fill(quantity, price), mode="paper"
    )


def test_an_equity_keeps_the_distance_of_its_levels_and_an_option_the_percentage() -> None:
    assert levels_at(equity_signal(), Decimal("1501.00")) == (Decimal("1491.00"), Decimal("1516.00"))
    assert levels_at(option_signal(), Decimal("110.00")) == (Decimal("66.00"), Decimal("165.00"))


def test_levels_lie_on_the_tick() -> None:
    stop, target = levels_at(option_signal(), Decimal("101.35"))
    assert stop % Decimal("0.05") == 0
    assert target % Decimal("0.05") == 0


def test_an_entry_is_charged_and_its_slippage_measured() -> None:
    position = bought(price="1500.50")
    assert position.entry_slippage == Decimal("0.50")
    charged = leg_charges("equity-intraday", "NSE", "BUY", Decimal("1500.50"), 20, MORNING.date())
    assert position.entry_charges == charged.total > 0


def test_profit_is_what_is_left_after_the_charges_of_both_legs() -> None:
    closed = after_exit(bought(), None, fill(20, "1515.00"), Decimal("1515.00"))
    sold = leg_charges("equity-intraday", "NSE", "SELL", Decimal("1515.00"), 20, MORNING.date()).total
    assert closed.state == "CLOSED"
    assert closed.realised_pnl is not None
    assert closed.realised_pnl == (Decimal(300) - closed.entry_charges - sold).quantize(Decimal("0.01"))
    assert closed.realised_pnl < 300


def test_a_second_exit_order_sells_what_the_first_has_left() -> None:
    first = after_exit(bought(), None, fill(12, "1490.00"), Decimal("1490.00"))
    assert first.state == "OPEN"
    assert first.open_quantity == 8
    closed = after_exit(first, None, fill(8, "1480.00"), Decimal("1480.00"))
    assert closed.state == "CLOSED"
    assert closed.exit_value == 12 * 1490 + 8 * 1480
    assert closed.exit_price == Decimal("1486.0000")


def test_each_exit_order_has_slipped_from_its_own_price() -> None:
    first = after_exit(bought(), None, fill(12, "1490.00"), Decimal("1490.00"))
    assert first.exit_slippage == 0
    part = after_exit(first, None, fill(3, "1479.00"), Decimal("1480.00"))
    closed = after_exit(part, fill(3, "1479.00"), fill(8, "1479.50"), Decimal("1480.00"))
    assert closed.state == "CLOSED"
    # Eight of twenty at half a rupee less than they were to bring.
    assert closed.exit_slippage == Decimal("-0.20")


def test_the_depository_is_paid_once_a_day_over_all_exit_orders() -> None:
    held = bought().evolve(product="CNC")

    def sold(quantity: int) -> Decimal:
        charges = leg_charges("equity-delivery", "NSE", "SELL", Decimal(1500), quantity, MORNING.date())
        assert charges.dp == Decimal("15.34")
        return charges.total - charges.dp

    first = after_exit(held, None, fill(5, "1500"), Decimal(1500))
    assert first.exit_charges == sold(5) + Decimal("15.34")
    second = after_exit(first, None, fill(4, "1500"), Decimal(1500))
    assert second.exit_charges == sold(5) + sold(4) + Decimal("15.34")
    # The first order goes on filling: its own charges are replaced, the depository's stay as they are.
    third = after_exit(second, fill(5, "1500"), fill(8, "1500"), Decimal(1500))
    assert third.exit_charges == sold(8) + sold(4) + Decimal("15.34")
    # What is left is sold on the next day, and debited again.
    later = Fill(8, Decimal(1500), MORNING + timedelta(days=1))
    assert after_exit(third, None, later, Decimal(1500)).exit_charges == sold(8) * 2 + sold(4) + Decimal(
        "30.68"
    )


def test_more_bought_after_all_was_sold_opens_the_position_again() -> None:
    closed = after_exit(bought(5), None, fill(5, "1510.00"), Decimal("1510.00"))
    again = after_entry(closed, equity_signal(), Decimal("1500.00"), fill(20, "1500.00"))
    assert again.state == "OPEN"
    assert again.open_quantity == 15


@given(st.lists(st.integers(1, 7), min_size=1, max_size=6))
def test_hearing_of_fills_one_by_one_or_at_once_comes_to_the_same(parts: list[int]) -> None:
    total = sum(parts)
    position = bought(total)
    stepwise, sold, before = position, 0, None
    for part in parts:
        sold += part
        now = fill(sold, "1515.00")
        stepwise = after_exit(stepwise, before, now, Decimal("1515.00"))
        before = now
    at_once = after_exit(position, None, fill(total, "1515.00"), Decimal("1515.00"))
    assert stepwise == at_once
    assert at_once.realised_pnl is not None


@pytest.mark.parametrize("price", ["1400.00", "1500.00", "1600.00"])
def test_a_round_trip_at_one_price_loses_the_charges(price: str) -> None:
    closed = after_exit(bought(price=price), None, fill(20, price), Decimal(price))
    assert closed.realised_pnl is not None
    assert closed.exit_charges is not None
    assert closed.realised_pnl == -(closed.entry_charges + closed.exit_charges).quantize(Decimal("0.01"))
