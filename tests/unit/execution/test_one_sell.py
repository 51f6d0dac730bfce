"""The lane's last look: nothing sells for a position that names another order as the one that does."""

from datetime import timedelta

import pytest

from patang.execution.ids import intent_id
from patang.records import replace
from tests.unit.execution.lane_cases import deliver, stored
from tests.unit.execution.protected import position
from tests.unit.execution.samples import MORNING, equity_signal
from tests.unit.execution.stages import closing, submitted, tell
from tests.unit.execution.trading_desk import TradingDesk

ANOTHER = intent_id("main", "protect", MORNING.date(), "the order of its trigger")


@pytest.mark.parametrize("state", ["OPEN", "CLOSING"])
def test_an_exit_that_another_has_taken_the_place_of_is_not_sent(state: str) -> None:
    desk = TradingDesk()
    held, intent = closing(desk)
    named = None if state == "OPEN" else ANOTHER
    desk.store.write(replace(held.evolve(state=state, exit_intent_id=named)))
    before = list(desk.exchange.sent)
    assert deliver(desk, intent) == "DROPPED"
    assert (desk.exchange.sent, desk.exchange.triggers) == (before, {})
    assert "another order" in stored(desk, intent).reason


@pytest.mark.parametrize("period", ["intraday", "swing"])
def test_protection_that_another_has_taken_the_place_of_is_not_laid(period: str) -> None:
    desk = TradingDesk()
    desk.exchange.prices["INFY"] = 1500.0
    entry = submitted(desk, equity_signal(holding_period=period, exit_by=None))
    deliver(desk, entry)
    desk.exchange.match()
    tell(desk)
    held = position(desk)
    resting = held.protection
    assert resting is not None
    (intent,) = [i for i in desk.intents() if i.kind in ("PROTECT", "GTT_PLACE")]
    other = resting.model_copy(update={"intent_id": ANOTHER})
    desk.store.write(replace(held.evolve(protection=other)))
    before = list(desk.exchange.sent)
    assert deliver(desk, intent) == "DROPPED"
    assert (desk.exchange.sent, desk.exchange.triggers) == (before, {})


def test_what_was_bought_for_an_earlier_day_is_not_sold_before_the_books_are_compared() -> None:
    desk = TradingDesk()
    held, intent = closing(desk)
    yesterday = held.entry_time - timedelta(days=1)
    desk.store.write(replace(held.evolve(entry_time=yesterday)))
    before = list(desk.exchange.sent)
    assert deliver(desk, intent) == "DROPPED"
    assert desk.exchange.sent == before
    assert "bought for the day of 2026-08-17" in stored(desk, intent).reason
