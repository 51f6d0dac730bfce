"""The day of the deployed desk, decided again by the backtest."""

from pathlib import Path

import pytest

from patang.backtest.parity.told import told_of
from patang.execution.graduation import ParityReport
from patang.records import load
from patang_workbench.local_stack.stack import DESK_ACCOUNT
from patang_workbench.research.parity import keep_parity, parity_of
from tests.e2e.troubled_day import PLAN, Day

pytestmark = pytest.mark.timeout(280)

ARTIFACTS = Path(__file__).parents[2] / "model_artifacts"


def test_the_backtest_of_the_day_is_the_day(day: Day) -> None:
    desk = day.stack.desk
    mode = desk.standing_settings().mode
    found = parity_of(desk.store, desk.objects, DESK_ACCOUNT, day.stack.day, mode, ARTIFACTS)
    assert found.cycles >= 5
    assert found.signals == ()
    told = "\n".join(map(str, found.trades))
    assert not [trade for trade in found.trades if trade.cause == "UNEXPLAINED"], told
    assert found.compared >= PLAN.until_trades
    for _ in range(2):
        noted = keep_parity(desk.store, desk.objects, day.stack.day, [found])
    kept = load(desk.store, ParityReport, noted.key())
    assert kept is not None
    assert (kept.compared, kept.unexplained) == (found.compared, 0)
    assert told_of(desk.objects, DESK_ACCOUNT, day.stack.day) == found
