"""New shares for old ones: the money stays the same."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patang.portfolio.ledger import Fill, after_exit
from patang.portfolio.rebasing import Ratio, is_broken, rebased, simple_ratio
from tests.unit.risk.samples import AS_OF, position

D = Decimal


@pytest.mark.parametrize(
    ("kept", "told", "ratio"),
    [
        ("1000", "500", "1:2"),
        # The official close is a mean of the last half hour: two percent off is the same ratio.
        ("1000", "508", "1:2"),
        ("1000", "492", "1:2"),
        ("1000", "480", None),
        ("1000", "333.35", "1:3"),
        ("1000", "200", "1:5"),
        ("1000", "100", "1:10"),
        ("1000", "666.65", "2:3"),
        ("1000", "900", None),
        ("1000", "2000", None),
    ],
)
def test_only_usual_ratios_are_recognised(kept: str, told: str, ratio: str | None) -> None:
    found = simple_ratio(D(kept), D(told))
    assert (None if found is None else str(found)) == ratio


@pytest.mark.parametrize(
    ("told", "day_before", "broken"),
    [("95", True, False), ("94.9", True, True), ("105.1", True, True), ("85", False, False),
     ("79", False, True)],
)  # fmt: skip
def test_a_break_lies_outside_what_a_close_may_differ_by(told: str, day_before: bool, broken: bool) -> None:
    assert is_broken(D(100), D(told), day_before=day_before) is broken


@given(st.integers(1, 10_000), st.sampled_from([2, 4, 5, 10]), st.integers(100, 100_000))
def test_what_was_paid_stays_what_was_paid(quantity: int, after: int, paise: int) -> None:
    held = position(quantity=quantity, entry_price=D(paise) / 100)
    new = rebased(held, Ratio(1, after))
    assert new.quantity == quantity * after
    assert (
        abs(new.quantity * new.entry_price - held.quantity * held.entry_price) <= D("0.0001") * new.quantity
    )


def test_a_position_sold_in_part_before_a_split_comes_to_the_same_result() -> None:
    held = position(product="CNC", entry_charges=D(0))
    part = after_exit(held, None, Fill(40, D(102), AS_OF), D(102))
    plain = after_exit(part, None, Fill(60, D(104), AS_OF), D(104))
    split = after_exit(rebased(part, Ratio(1, 2)), None, Fill(120, D(52), AS_OF), D(52))
    assert split.state == "CLOSED"
    assert split.realised_pnl is not None
    assert plain.realised_pnl is not None
    # The depository and the rounding of each order aside, which do not depend on the number of shares.
    assert abs(split.realised_pnl - plain.realised_pnl) < 1
