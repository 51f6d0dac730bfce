"""Protection of shares whose price the exchange has restated."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from patang.execution.guarding.price_breaks import adjust_position
from patang.market.sessions import IST
from patang.portfolio.rebasing import Ratio
from patang.records import create
from tests.unit.execution.protected import (
    keep,
    position,
    pump,
    resting,
)
from tests.unit.execution.samples import MORNING
from tests.unit.execution.stages import tell
from tests.unit.execution.test_guard import marker
from tests.unit.execution.test_guard_exits import batch
from tests.unit.execution.trading_desk import TradingDesk
from tests.unit.risk.samples import position as held_position

D = Decimal


YESTERDAY = datetime(2026, 8, 17, 15, 10, tzinfo=IST)


OPEN = MORNING.replace(hour=9, minute=16)


def carried_over(desk: TradingDesk) -> None:
    """A share bought yesterday at 1500, with a trigger at 1490 and 1600, marked near its close."""
    desk.market_time = desk.clock.moment = YESTERDAY
    desk.exchange.prices = {"INFY": 1520.0}
    desk.exchange.carried[("NSE", "INFY", "CNC")] = 21
    held = held_position(
        "INFY",
        mode="simulator",
        product="CNC",
        exit_by=None,
        entry_time=YESTERDAY,
        entry_price=D(1500),
        stop_loss_price=D(1490),
        target_price=D(1600),
        quantity=21,
    )
    desk.store.write(create(held))
    desk.guard().process([batch(1520.0, when=YESTERDAY + timedelta(minutes=4))])
    desk.market_time += timedelta(minutes=4)
    keep(desk)
    pump(desk)
    assert resting(desk).state == "RESTING"
    desk.market_time = desk.clock.moment = OPEN


def test_a_split_takes_its_trigger_along() -> None:
    desk = TradingDesk()
    carried_over(desk)
    guard = desk.guard()
    guard.process([batch(760.0, when=OPEN, close=760.0)])
    desk.exchange.prices = {"INFY": 760.0}
    desk.pass_time(16)
    keep(desk)
    pump(desk)
    (gtt,) = [gtt for gtt in desk.exchange.gtts() if gtt.status == "active"]
    assert {leg.quantity for leg in gtt.request.legs} == {42}
    assert [D(value) for value in gtt.request.trigger_values] == [D(745), D(800)]


def test_while_nobody_knows_the_ratio_no_trigger_sells_and_then_it_is_laid_again() -> None:
    desk = TradingDesk()
    carried_over(desk)
    guard = desk.guard()
    guard.process([batch(1292.0, when=OPEN, close=1292.0)])
    assert position(desk).price_exits_suspended
    keep(desk)
    pump(desk)
    assert [gtt.status for gtt in desk.exchange.gtts()] == ["deleted"]
    adjust_position(desk.store, desk.clock, "main", position(desk).position_id, Ratio(17, 20), OPEN, "owner")
    desk.exchange.prices = {"INFY": 1292.0}
    keep(desk)
    pump(desk)
    (gtt,) = [gtt for gtt in desk.exchange.gtts() if gtt.status == "active"]
    assert {leg.quantity for leg in gtt.request.legs} == {24}


@pytest.mark.parametrize("close", [760.0, 1292.0])
def test_a_trigger_that_met_the_restated_price_first_does_not_sell_the_new_shares(close: float) -> None:
    desk = TradingDesk()
    carried_over(desk)
    # At the open the broker's trigger is reached by a price of other shares; its limit is far above them.
    desk.exchange.prices = {"INFY": close}
    desk.exchange.match()
    tell(desk)
    assert (position(desk).state, position(desk).exit_reason) == ("CLOSING", "STOP")
    guard = desk.guard()
    for second in range(0, 40, 5):
        at = OPEN + timedelta(seconds=second)
        desk.market_time = desk.clock.moment = at
        guard.process([batch(close, when=at, close=close), marker(at)])
        pump(desk)
    found = position(desk)
    assert (found.state, found.exited_quantity) == ("OPEN", 0)
    assert [o["status"] for o in desk.exchange.book.values()] == ["CANCELLED"]
    active = [gtt for gtt in desk.exchange.gtts() if gtt.status == "active"]
    assert len(active) == (1 if close == 760.0 else 0)
    assert found.price_exits_suspended == (close != 760.0)
