"""What the broker refuses again and again: the position is sold by another way, nothing is asked in a loop,
and of the day's 5,000 orders most are left."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from patang.errors import BrokerRefused
from patang.execution.protection.rules import wanted_protection
from patang.ports import OrderRequest
from patang.records import replace
from tests.unit.execution.protected import entered, laid, live_sells, position, pump, resting
from tests.unit.execution.stages import tell
from tests.unit.execution.trading_desk import TradingDesk

D = Decimal


@dataclass(frozen=True)
class Last:
    price: Decimal
    bid: Decimal | None = None


def refuses(desk: TradingDesk, *calls: str) -> list[str]:
    """These calls of the broker are refused from now on; what was tried is listed."""
    tried: list[str] = []

    def refused(call: str) -> Any:
        def act(*_: Any, **__: Any) -> None:
            tried.append(call)
            raise BrokerRefused("Price is lower than the current lower circuit limit of 1400.00.")

        return act

    for call in calls:
        setattr(desk.exchange, call, refused(call))
    return tried


def minutes(desk: TradingDesk, count: int, price: str | None = None) -> None:
    """The guard's sweeps every five seconds; it begins the exit anew whenever it may."""
    watch = desk.order_watch()
    for _ in range(count * 12):
        desk.pass_time(5)
        found = position(desk)
        if found.state == "CLOSED":
            return
        blocked = found.exit_blocked_until
        if found.state == "OPEN" and (blocked is None or desk.market_time >= blocked):
            desk.exits().begin(found, "TIME", desk.market_time, D("1405"), D("1405"))
        last = {found.position_id: Last(D(price))} if price is not None else {}
        watch.check(desk.market_time, last)
        pump(desk, 40)


def test_a_stop_that_may_not_become_the_sell_is_cancelled_and_its_position_sold_by_an_order_of_its_own():
    desk = TradingDesk()
    held = entered(desk)
    tried = refuses(desk, "modify")
    desk.exits().begin(held, "TIME", desk.market_time, D("1520"), D("1519.90"))
    pump(desk)
    minutes(desk, 1)
    found = position(desk)
    assert (found.state, found.exit_reason, live_sells(desk)) == ("CLOSED", "TIME", 0)
    assert tried == ["modify"]
    assert desk.exchange.oversold == []


def test_a_stop_that_can_neither_be_changed_nor_cancelled_is_not_asked_in_a_loop() -> None:
    desk = TradingDesk()
    held = entered(desk)
    tried = refuses(desk, "modify", "cancel")
    desk.exits().begin(held, "TIME", desk.market_time, D("1520"), D("1519.90"))
    pump(desk)
    minutes(desk, 60)
    assert 10 < len(tried) < 90
    assert desk.exchange.oversold == []


def test_a_trigger_that_cannot_be_deleted_is_not_asked_in_a_loop() -> None:
    desk = TradingDesk()
    held = entered(desk, holding_period="swing", exit_by=None)
    tried = refuses(desk, "delete_gtt")
    desk.exits().begin(held, "TIME", desk.market_time, D("1520"), D("1519.90"))
    pump(desk)
    minutes(desk, 60)
    assert 10 < len(tried) < 90


def test_an_exit_that_is_refused_goes_on_for_ever_and_uses_up_few_of_the_days_orders() -> None:
    desk = TradingDesk()
    held = entered(desk)
    desk.exchange.cancel("regular", laid(desk).broker_order_id or "")
    tell(desk)
    tried = refuses(desk, "place")
    desk.exits().begin(held, "TIME", desk.market_time, D("1520"), D("1519.90"))
    pump(desk)
    minutes(desk, 60)
    # Exits, and the stops between them.
    assert 30 < len(tried) < 120


def test_at_the_lower_circuit_limit_an_exit_does_not_follow_a_price_that_nobody_takes() -> None:
    desk = TradingDesk()
    held = entered(desk)
    desk.exits().begin(held, "TIME", desk.market_time, D("1412"), D("1412"))
    desk.exchange.prices = {}
    pump(desk)
    tried = refuses(desk, "modify")
    minutes(desk, 5, price="1400")
    assert 3 <= len(tried) <= 6


def test_a_raised_stop_that_is_refused_is_asked_for_less_and_less_often() -> None:
    desk = TradingDesk()
    entered(desk)
    tried = refuses(desk, "modify")
    found = position(desk)
    desk.store.write(replace(found.evolve(stop_loss_price=D("1495"))))
    for _ in range(60 * 12):
        desk.pass_time(5)
        desk.order_watch().check(desk.market_time, {})
        pump(desk)
    assert 3 < len(tried) < 25
    assert (resting(desk).state, live_sells(desk)) == ("RESTING", 20)


@pytest.mark.parametrize("claimed", [False, True])
def test_an_exit_waits_for_the_stop_that_follows_a_refused_one(claimed: bool) -> None:
    """The cured order has no name at the broker yet: there is nothing to change there."""
    desk = TradingDesk()
    held = entered(desk)
    stop = laid(desk)
    desk.exchange.book[stop.broker_order_id or ""]["status"] = "REJECTED"
    state = "SENDING" if claimed else "NEW"
    desk.store.write(
        replace(
            stop.evolve(state=state, broker_order_id=None, broker_status=None, sending_at=desk.clock.now())
        )
    )
    desk.exits().begin(held, "TIME", desk.market_time, D("1520"), D("1519.90"))
    asked = [i.kind for i in desk.intents() if i.state == "NEW"]
    assert asked == ([] if claimed else ["EXIT"])


def test_a_stop_below_the_days_lowest_price_rests_at_that_price() -> None:
    """Nothing trades below it, so that the stop itself would never be reached; held, but not bare."""
    desk = TradingDesk()
    taken = desk.exchange.place
    stops: list[str] = []

    def within_the_range(request: OrderRequest) -> str:
        low = 1494.02
        if (
            request.transaction_type == "SELL"
            and min(map(float, (request.price, request.trigger_price))) < low
        ):
            stops.append(request.tag)
            raise BrokerRefused(f"Price is lower than the current lower circuit limit of {low:.2f}.")
        return taken(request)

    desk.exchange.place = within_the_range
    entered(desk)
    found = resting(desk)
    assert (found.state, found.trigger_price, found.limit_price) == ("RESTING", D("1494.05"), D("1494.05"))
    assert live_sells(desk) == 20
    for _ in range(60):
        desk.pass_time(5)
        desk.order_watch().check(desk.market_time, {})
        pump(desk)
    assert (len(stops), resting(desk).number, desk.exchange.modified) == (1, 2, [])
    # The next day has limits of its own.
    tomorrow = desk.market_time + timedelta(days=1)
    assert wanted_protection(position(desk), None, tomorrow).trigger == position(desk).stop_loss_price
