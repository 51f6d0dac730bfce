"""Kite answers a change with the order's id, before the exchange has taken it: there it may be refused."""

from decimal import Decimal

import pytest

from patang.execution.guarding.position_watch import Seen
from tests.unit.execution.lane_cases import deliver, stored
from tests.unit.execution.protected import position, pump
from tests.unit.execution.stages import closing
from tests.unit.execution.trading_desk import TradingDesk

LAST, BID = Decimal("1470.00"), Decimal("1469.90")


def followed_down(desk: TradingDesk, rounds: int) -> int:
    """An exit above a market that has fallen, watched and polled; how many changes were asked for."""
    watch = desk.order_watch()
    for _ in range(rounds):
        desk.pass_time(6)
        watch.check(desk.market_time, {position(desk).position_id: Seen(LAST, BID, desk.market_time)})
        pump(desk)
        desk.follower().follow("main", desk.market_time, "poll")
    return sum(intent.kind == "MODIFY" for intent in desk.intents())


@pytest.mark.parametrize("refused", [1, 2])
def test_a_limit_that_the_exchange_refuses_afterwards_is_asked_for_again(
    monkeypatch: pytest.MonkeyPatch, refused: int
) -> None:
    desk = TradingDesk()
    _, intent = closing(desk)
    assert deliver(desk, intent) == "ACKED"
    order = desk.exchange.book[stored(desk, intent).broker_order_id or ""]
    before, change, left = order["price"], desk.exchange._modify, [None] * refused

    def answered_and_refused(order_id: str, changes: dict[str, str]) -> None:
        if left:
            left.pop()
            return
        change(order_id, changes)

    monkeypatch.setattr(desk.exchange, "_modify", answered_and_refused)
    assert followed_down(desk, 1) == 1
    assert (order["price"], stored(desk, intent).limit_price) == (before, Decimal(str(before)))
    assert followed_down(desk, 5) == refused + 1
    assert order["price"] < float(BID)
    assert stored(desk, intent).limit_price == Decimal(str(order["price"]))
