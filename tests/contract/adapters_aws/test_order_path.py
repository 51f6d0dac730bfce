"""A trade from proposal to closed position on the real state stores: the table, and the home desk's file."""

from decimal import Decimal
from pathlib import Path

import boto3
import pytest

from patang.adapters.aws.dynamodb import DynamoStore
from patang.keys import slippage_partition
from patang.ports import StateStore
from patang.records import load_all
from patang.risk.slippage import SlippageTally
from patang_workbench.home_desk.database import Database
from patang_workbench.home_desk.state_store import HomeStore
from tests.unit.execution.samples import equity_signal, option_signal, proposal_of
from tests.unit.execution.session import Session
from tests.unit.execution.trading_desk import TradingDesk


@pytest.fixture(params=["dynamodb", "home"])
def store(request: pytest.FixtureRequest, table: str, tmp_path: Path) -> StateStore:
    if request.param == "home":
        return HomeStore(Database(tmp_path / "desk.sqlite"), "desk")
    return DynamoStore(boto3.client("dynamodb"), table)


def test_a_partly_filled_trade_is_carried_through(store: StateStore) -> None:
    desk = TradingDesk(store=store)
    desk.exchange.fill_at_most = 7
    prices = [Decimal("1500.00")] * 10 + [Decimal("1516.00")] * 40
    run = Session(desk, proposal_of(equity_signal(), 20), prices)
    run.run(24)
    (position,) = desk.positions()
    assert position.state == "CLOSED"
    assert desk.day().realised_pnl == position.realised_pnl
    assert desk.risk().reservations == {}
    assert run.stored().outcome == "FILLED"
    # Bought and sold in parts of seven: two orders, each counted at its end.
    (tally,) = load_all(desk.store, SlippageTally, slippage_partition(desk.settings.mode))
    assert (tally.instrument_class, tally.size, tally.fills) == ("equity", "small", 2)


def test_a_lost_reply_is_settled(store: StateStore) -> None:
    desk = TradingDesk(store=store)
    desk.exchange.mishaps = ["lost"]
    run = Session(desk, proposal_of(option_signal(), 65), [Decimal("100.00")])
    run.run(14)
    assert desk.positions() == []
    assert run.stored().outcome == "REJECTED"
    assert desk.risk().reservations == {}
