"""Each function on the way from a tick to a fill fails once: what is lost is a minute, never an order."""

import pytest

from patang.approvals.proposal import Proposal
from tests.integration.failures.room import Room
from tests.integration.failures.waiting import until


@pytest.mark.parametrize(("function", "op"), [("risk", "gate"), ("signals", None)])
def test_a_cycle_that_fails_is_one_minute_without_a_decision(room: Room, function: str, op: str) -> None:
    room.faults.tell(function, "before", op)
    room.minute()
    assert room.decided(room.moment) == "FAILED"

    room.faults.end(function)
    room.minute()
    assert room.decided(room.moment) == "SUCCEEDED"
    assert room.rang() == {f"{function}-errors", "trading-cycle-failed"}


def test_a_proposal_whose_answer_was_lost_is_made_once(room: Room) -> None:
    room.faults.tell("risk", "after", "assess")
    signal = room.signal("TCS")
    assert room.assess(signal) == []
    room.faults.end("risk")

    (order_id,) = room.assess(signal)
    assert room.assess(signal) == [order_id]
    room.start(order_id)
    proposal = room.concluded(order_id)
    assert len(room.orders(proposal.intent_id)) == 1
    room.minute()
    assert room.rang() == {"risk-errors"}


@pytest.mark.parametrize("step", ["construct", "validate", "recheck"])
def test_a_step_that_fails_ends_its_order(room: Room, step: str) -> None:
    """Before it does anything, and when it has done everything: nothing is bought, no capital is held."""
    proposals = failed(room, step)

    assert [proposal.outcome for proposal in proposals] == ["FAILED"] * 2
    assert [proposal.intent_id for proposal in proposals] == [None] * 2
    assert not {proposal.order_id for proposal in proposals} & room.reserved()
    assert room.rang() == {"order-workflow-errors"}


@pytest.mark.parametrize(
    ("step", "sent"),
    [
        # The owner's answer was on its way already.
        ("request_approval", (0, 1)),
        ("submit", (0, 1)),
        # What it was told is written down by a sweep.
        ("conclude", (1, 1)),
    ],
)
def test_an_order_that_was_sent_when_its_step_failed_is_not_sent_again(
    room: Room, step: str, sent: tuple[int, int]
) -> None:
    proposals = failed(room, step)
    room.minutes(2)

    assert tuple(len(room.orders(proposal.intent_id)) for proposal in proposals) == sent
    until(lambda: len(room.positions()) == sum(sent), "the fills")
    workflow = {"order-workflow-failed"} if step == "conclude" else set()
    assert room.rang() == {"order-workflow-errors"} | workflow


def failed(room: Room, step: str) -> list[Proposal]:
    """Two orders, of which one meets a step that fails before, the other one that fails after its work."""
    ended = []
    for when, symbol in (("before", "INFY"), ("after", "RELIANCE")):
        room.faults.tell("order_workflow", when, step)
        order_id = room.order(symbol)
        room.concluded(order_id)
        room.faults.end("order_workflow")
        ended.append(order_id)
    room.minute()
    return [room.proposal(order_id) for order_id in ended]
