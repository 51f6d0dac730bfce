"""A workflow that is driven again from any step, by a redrive or by hand: one question, one order.

Step Functions' redrive repeats the failed step, with a new task token where the step waits.
"""

import itertools

import pytest

from patang.approvals.proposal import Proposal
from patang.keys import proposal_key
from patang.records import load
from tests.unit.execution.samples import equity_signal, open_account, proposal_of, propose
from tests.unit.execution.stages import quote_at
from tests.unit.execution.trading_desk import Killed, TradingDesk

ORDER = ("main", "o-s-infy")
STEPS = ("construct", "validate", "request_approval", "recheck", "submit")


class Workflow:
    """The state machine: a step that dies is taken again by a redrive, with another token."""

    def __init__(self, desk: TradingDesk) -> None:
        self.desk = desk
        self.tokens = itertools.count(1)

    def take(self, step: str) -> None:
        flow = self.desk.flow()
        waits = step in ("request_approval", "submit")
        more = (f"{step}-{next(self.tokens)}",) if waits else ()
        getattr(flow, step)(*ORDER, *more)
        if step == "request_approval":
            approve(self.desk)
        if step == "submit":
            deliver(self.desk)


def approve(desk: TradingDesk) -> str:
    proposal = load(desk.store, Proposal, proposal_key(*ORDER))
    assert proposal is not None
    return desk.approvals().decide(*ORDER, "approve", proposal.terms_digest or "", "owner", desk.clock.now())


def deliver(desk: TradingDesk) -> None:
    """Every message of the queue, as often as it was put there."""
    for _, _, body in list(desk.queue.messages):
        desk.lane().process(body)


def proposed() -> TradingDesk:
    desk, signal = TradingDesk(), equity_signal()
    open_account(desk.store)
    quote_at(desk, signal, signal.entry_price)
    propose(desk.store, proposal_of(signal, 20))
    return desk


@pytest.fixture
def desk() -> TradingDesk:
    return proposed()


@pytest.mark.parametrize("again_from", STEPS)
def test_a_redrive_from_any_step_asks_once_and_orders_once(desk: TradingDesk, again_from: str) -> None:
    workflow = Workflow(desk)
    for step in STEPS:
        workflow.take(step)
    for step in STEPS[STEPS.index(again_from) :]:
        workflow.take(step)
    assert len(desk.exchange.orders()) == 1
    assert len([text for _, text in desk.notifier.sent if "/approvals/" in text]) == 1
    assert desk.events().count("APPROVAL_APPROVED") == 1
    assert len(desk.intents()) == 1


@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize("fate", ["before", "after"])
@pytest.mark.parametrize("dies_at", STEPS)
def test_a_step_that_dies_and_is_redriven_orders_once(
    desk: TradingDesk, dies_at: str, fate: str, nth: int
) -> None:
    """Killed before or after each of the first three things that the step does to the world."""
    workflow = Workflow(desk)
    for step in STEPS:
        killed_at = desk.fuse.steps + nth if step == dies_at else 0
        desk.fuse.kill = lambda count, killed_at=killed_at: fate if count == killed_at else ""
        try:
            workflow.take(step)
        except Killed:
            desk.fuse.kill = lambda count: ""
            workflow.take(step)
    desk.fuse.kill = lambda count: ""
    desk.clock.advance(30)
    deliver(desk)
    desk.reconciler().run(desk.market_time)
    assert len(desk.exchange.orders()) <= 1
    assert len(desk.intents()) == 1
    assert desk.events().count("APPROVAL_APPROVED") == 1


def test_approved_twice_at_once_is_approved_once(desk: TradingDesk) -> None:
    workflow = Workflow(desk)
    for step in STEPS:
        workflow.take(step)
    assert approve(desk) == "ALREADY_DECIDED"
    deliver(desk)
    assert len(desk.exchange.orders()) == 1
