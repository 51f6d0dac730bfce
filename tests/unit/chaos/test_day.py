"""A day of chaos in memory: nothing is wrong after it, and it comes out the same again."""

import pytest

from patang_workbench.chaos.day import ChaosDay
from patang_workbench.chaos.plan import DayPlan, DayResult
from tests.fakes import MemoryStore


def run(plan: DayPlan) -> DayResult:
    return ChaosDay(plan, MemoryStore(), MemoryStore()).run()


@pytest.mark.parametrize("seed", ["a", "b", "c"])
def test_on_a_bad_day_nothing_is_sent_twice_lost_or_sold_beyond_what_is_held(seed: str) -> None:
    result = run(DayPlan(seed, accounts=4, trades=5, badness=2.0))
    assert result.findings == []
    assert result.orders >= 20
    assert result.fills >= 15
    assert result.faults["killed_before"] + result.faults["killed_after"] > 0


def test_a_good_day_has_no_faults_and_no_doubts() -> None:
    result = run(DayPlan("good", accounts=3, trades=5, badness=0.0))
    assert result.findings == []
    assert result.faults.total() == 0
    assert result.metrics["order_unknown"] == 0


def test_a_day_comes_out_the_same_again() -> None:
    plan = DayPlan("again", accounts=2, trades=4, badness=2.0)
    assert run(plan).history == run(plan).history
