"""A day of chaos in memory: nothing is wrong after it, and it comes out the same again."""

from collections import Counter
from functools import cache

import pytest

from patang_workbench.chaos.day import ChaosDay
from patang_workbench.chaos.plan import DayPlan, DayResult
from tests.fakes import MemoryStore

BAD = tuple(DayPlan(seed, accounts=4, trades=4, badness=2.0, asks=0.15) for seed in ("a", "b"))


def run(plan: DayPlan) -> DayResult:
    return ChaosDay(plan, MemoryStore(), MemoryStore()).run()


@cache
def played(plan: DayPlan) -> DayResult:
    return run(plan)


@pytest.mark.parametrize("plan", BAD, ids=lambda plan: plan.seed)
def test_on_a_bad_day_nothing_is_sent_twice_lost_or_sold_beyond_what_is_held(plan: DayPlan) -> None:
    result = played(plan)
    assert result.findings == []
    assert result.orders >= 40
    assert result.fills >= 30
    assert result.faults["killed_before"] + result.faults["killed_after"] > 0


def test_people_ask_for_all_that_can_be_asked_for() -> None:
    asked = sum((played(plan).requests for plan in BAD), Counter[str]())
    kinds = {name.rpartition("_")[0] for name in asked}
    assert kinds >= {"buy", "sell", "iceberg", "cover", "modify", "cancel", "exit", "basket", "convert"}
    assert kinds >= {"place_gtt", "large"}
    assert asked["sell_refused"] > 0, "nobody has wanted more than is there"


def test_a_good_day_has_no_faults_and_no_doubts() -> None:
    result = run(DayPlan("good", accounts=3, trades=4, badness=0.0))
    assert result.findings == []
    assert result.faults.total() == 0
    assert result.metrics["order_unknown"] == 0


def test_a_day_comes_out_the_same_again() -> None:
    assert run(BAD[0]).history == played(BAD[0]).history
