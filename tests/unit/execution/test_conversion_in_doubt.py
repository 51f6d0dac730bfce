"""A conversion whose reply was lost, while units of the same product are bought and sold."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from patang.errors import OutcomeUnknown
from patang.ports import BrokerPosition, BrokerTrade
from tests.unit.execution.lane_cases import deliver, new_intent
from tests.unit.execution.samples import MORNING
from tests.unit.execution.trading_desk import TradingDesk

TRADE = BrokerTrade("T1", "1", "NSE", "INFY", "BUY", "MIS", 20, "1500", MORNING)


class Market:
    """Twenty MIS that can be converted, and what is traded beside."""

    def __init__(self, desk: TradingDesk, arrives: bool) -> None:
        self.trades: list[BrokerTrade] = []
        self.arrives, self.converted = arrives, 0
        desk.exchange.trades = lambda: list(self.trades)
        desk.exchange.positions = self.positions
        desk.exchange.convert_position = self.convert

    def positions(self) -> list[BrokerPosition]:
        traded = sum(t.quantity if t.transaction_type == "BUY" else -t.quantity for t in self.trades)
        units = 20 + traded - self.converted
        return [BrokerPosition("NSE", "INFY", "MIS", units, 0, "1500", "1500", 1)]

    def convert(self, request: Any) -> None:
        if self.arrives:
            self.converted += request.quantity
        raise OutcomeUnknown("no reply")


@pytest.mark.parametrize("side", ["BUY", "SELL"])
@pytest.mark.parametrize(("arrives", "ends"), [(True, "COMPLETE"), (False, "REJECTED")])
def test_what_is_traded_meanwhile_does_not_hide_it(side: str, arrives: bool, ends: str) -> None:
    desk = TradingDesk()
    intent = new_intent(desk, "CONVERT")
    market = Market(desk, arrives)
    assert deliver(desk, intent) == "UNKNOWN"
    market.trades.append(replace(TRADE, transaction_type=side))
    desk.pass_time(31)
    assert deliver(desk, intent) == ends


def test_nothing_is_concluded_while_trades_come_in() -> None:
    desk = TradingDesk()
    intent = new_intent(desk, "CONVERT")
    market = Market(desk, arrives=True)
    assert deliver(desk, intent) == "UNKNOWN"
    rows = market.positions

    def traded_meanwhile() -> list[BrokerPosition]:
        market.trades.append(TRADE)
        return rows()

    desk.exchange.positions = traded_meanwhile
    desk.clock.advance(timedelta(seconds=31).total_seconds())
    assert deliver(desk, intent) == "UNKNOWN"
