"""The owner sells a part by hand while our own sell stands: made smaller or taken back before it trades."""

from datetime import timedelta
from decimal import Decimal

from patang.records import replace
from tests.unit.execution.protected import (
    entered,
    intents,
    live_sells,
    position,
    pump,
    resting,
)
from tests.unit.execution.samples import option_signal
from tests.unit.execution.stages import bought
from tests.unit.execution.trading_desk import TradingDesk

D = Decimal


def sold_by_hand(desk: TradingDesk, units: int) -> None:
    """The units are gone at the broker, and the desk hears of it."""
    outside = desk.outside_sales()
    held = position(desk)
    assert outside.by_owner("main", held.position_id, units, D(101), "owner", desk.market_time)
    outside.settle(desk.positions(), desk.market_time)


def test_a_stop_shrinks_at_once_though_a_change_of_it_was_refused_a_moment_ago() -> None:
    desk = TradingDesk()
    entered(desk, option_signal(), 130)
    waits = {"refusals": 5, "retry_at": desk.market_time + timedelta(minutes=5)}
    desk.store.write(replace(position(desk).evolve(protection=resting(desk).model_copy(update=waits))))
    sold_by_hand(desk, 65)
    pump(desk)
    assert live_sells(desk) == 65
    desk.outside_sales().settle(desk.positions(), desk.market_time)
    assert (position(desk).open_quantity, position(desk).outside) == (65, None)


def test_a_sell_that_an_enlarged_stop_has_become_is_taken_back() -> None:
    desk = TradingDesk()
    desk.exchange.fill_at_most = 65
    bought(desk, option_signal(), 130)
    desk.lane().process({"account": "main", "intent_id": resting(desk).intent_id})
    pump(desk)
    assert (resting(desk).quantity, live_sells(desk)) == (130, 130)
    desk.exchange.prices = {}
    assert desk.exits().begin(position(desk), "TIME", desk.market_time, D(100), D("99.90"))
    pump(desk)
    (stop,) = intents(desk, "PROTECT")
    assert (stop.terms.quantity, live_sells(desk), position(desk).state) == (65, 130, "CLOSING")
    sold_by_hand(desk, 65)
    pump(desk)
    assert live_sells(desk) <= 65
