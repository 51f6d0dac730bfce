"""A whole day replayed: the same account comes to the same, and what its bars asked for earlier is late."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import islice

import pytest

from patang.approvals.proposal import Proposal
from patang.backtest.engine import backtest
from patang.backtest.opening import Opening
from patang.backtest.parity.day import RecordedDay
from patang.backtest.parity.replay import day_parity
from patang.backtest.parity.signals import recorded_decisions
from patang.backtest.parity.told import DayParity
from patang.backtest.recorded_tape import RecordedTape, recorded_minutes
from patang.backtest.trade import Trade
from patang.portfolio.position import Position
from patang.strategies.registry import strategies
from patang_workbench.demo.profile import DEMONSTRATION
from patang_workbench.exchange.synthetic import synthetic_market
from tests.unit.risk.samples import position
from tests.unit.strategies.markets import Session
from tests.unit.strategies.test_signal_service import Desk, SureModel

DAY = date(2026, 8, 18)
MODELS = {"long_options": SureModel(0.9, 5), "equity": SureModel(0.9, 5)}


class Recorded:
    """The first minutes of a session at a desk, and the one trade that an account made of them."""

    def __init__(self) -> None:
        session = Session(synthetic_market(7, DAY, 3))
        desk = Desk(session, MODELS)
        for minute in islice(session.minutes(), 30):
            desk.close(minute)
            desk.run(minute.minute + timedelta(minutes=1))
        self.universe, self.cycles = session.universe, recorded_decisions(desk.objects, DAY)
        self.tape = RecordedTape(session.universe, recorded_minutes(desk.objects, DAY))
        proposals: list[Proposal] = []
        result = backtest(
            self.tape, lambda: MODELS, strategies(), DEMONSTRATION, said=lambda p: proposals.append(p)
        )
        self.trade: Trade = result.trades[0]
        (proposed,) = (p for p in proposals if p.order_id == self.trade.trade_id)
        self.proposal = proposed.evolve(state="CONCLUDED", outcome="FILLED", intent_id="N1")
        unfilled = (p.evolve(state="CONCLUDED", outcome="NOT_FILLED") for p in proposals)
        self.proposals = {p.signal.signal_id: p for p in unfilled}
        self.proposals[proposed.signal.signal_id] = self.proposal

    def held(self, **changes: object) -> Position:
        signal, trade = self.proposal.signal, self.trade
        fields = {
            "entry_intent_id": "N1",
            "tick_size": signal.tick_size,
            "quantity": trade.quantity,
            "entry_price": trade.entry_price,
            "entry_time": trade.entered_at,
            "entry_charges": trade.charges,
            "stop_loss_price": trade.stop_loss_price,
            "target_price": trade.target_price,
            "exit_by": signal.exit_by,
        }
        return position(trade.symbol, **(fields | changes))

    def compared(self, *kept: Position) -> DayParity:
        positions = {position.entry_intent_id: position for position in kept}
        day = RecordedDay("main", DAY, self.proposals, positions, {}, Opening(), ())
        settings = dict.fromkeys(self.cycles, DEMONSTRATION)
        return day_parity(day, self.tape, self.universe, self.cycles, strategies(), MODELS, settings)


@pytest.fixture(scope="module")
def recorded() -> Recorded:
    return Recorded()


def test_a_position_that_the_day_still_holds_and_no_bar_ends_is_held_overnight(recorded):
    assert recorded.trade.exit_reason == "END"
    found = recorded.compared(recorded.held())
    assert [trade.cause for trade in found.trades if trade.cause] == ["HELD_OVERNIGHT"]
    assert found.signals == ()
    assert (found.compared, found.unexplained) == (1, 0)


def test_a_stop_that_was_passed_and_not_obeyed_is_late_and_counts_as_unexplained(recorded):
    passed = recorded.held(stop_loss_price=recorded.trade.entry_price + Decimal(1))
    found = recorded.compared(passed)
    assert [trade.cause for trade in found.trades if trade.cause] == ["LATE"]
    assert found.unexplained == 1


def test_a_second_position_of_the_day_is_not_passed_over(recorded):
    again = recorded.held(position_id="P2", entry_intent_id="N2")
    found = recorded.compared(recorded.held(), again)
    assert (found.trades[-1].order_id, found.trades[-1].cause) == ("P2", "UNEXPLAINED")
    assert found.unexplained == 1
