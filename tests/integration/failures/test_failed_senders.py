"""The lane, the updates and the audit's linker fail: what they missed comes again, and counts once."""

import pytest

from patang_workbench.local_stack.stack import DESK_ACCOUNT
from tests.integration.failures.room import Room
from tests.integration.failures.waiting import until


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lane_that_dies_sends_once(room: Room, when: str) -> None:
    """Its message comes again, whether it had been sent or not."""
    room.faults.tell("order_lane", when)
    order_id = room.order("TCS")
    intent_id = until(lambda: room.proposal(order_id).intent_id, "the intent")
    if when == "after":
        until(lambda: room.orders(intent_id), "the order")
    room.minute()
    assert "order-lane-errors" in room.rang()

    room.faults.end("order_lane")
    until(lambda: room.orders(intent_id), "the order")
    room.minutes(2)
    assert len(room.orders(intent_id)) == 1
    until(room.positions, "the fill")
    (position,) = room.positions()
    assert position.symbol == "TCS"
    assert "orders-dead-letters" not in room.rang() | room.ringing()


def test_updates_that_nobody_takes_are_found_at_the_broker(room: Room) -> None:
    """The fill is known by the order book while updates fail, and counted once when they come again."""
    room.faults.tell("order_updates", "before")
    proposal = room.concluded(room.order("TCS"))
    room.minutes(2)
    assert "order-updates-errors" in room.rang()

    room.faults.end("order_updates")
    room.minutes(2)
    until(room.positions, "the fill")
    (position,) = room.positions()
    (order,) = room.orders(proposal.intent_id)
    assert position.quantity == order.filled_quantity
    assert "dead-letters" not in room.ringing()


def test_events_wait_for_the_linker_and_the_chain_holds(room: Room) -> None:
    log, day = room.stack.desk.audit_log(), room.stack.day
    room.faults.tell("audit_linker", "before")
    order_id = room.order("TCS")
    room.concluded(order_id)
    assert log.unlinked(DESK_ACCOUNT, day)
    room.minute()
    assert "audit-linker-errors" in room.rang()

    room.faults.end("audit_linker")
    until(lambda: not log.unlinked(DESK_ACCOUNT, day), "the chain")
    told = [entry.event() for entry in log.page(DESK_ACCOUNT, day, limit=1000)]
    kinds = [event.kind for event in told if event.details.get("order_id") == order_id]
    assert kinds.count("ORDER_CONSTRUCTED") == 1
    assert kinds.count("PROPOSAL_CONCLUDED") == 1
    assert log.verify(DESK_ACCOUNT, day).ok
