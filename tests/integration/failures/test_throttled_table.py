"""The desk's table refuses what it is asked: everything comes late, nothing twice."""

from tests.integration.failures.room import Room
from tests.integration.failures.waiting import until


def test_the_lane_cannot_write_and_the_order_is_sent_once_when_it_can(room: Room) -> None:
    room.faults.tell("order_lane", "throttled")
    order_id = room.order("TCS")
    room.minutes(2, failing="order_lane")
    intent_id = until(lambda: room.proposal(order_id).intent_id, "the intent")
    assert room.orders(intent_id) == []
    assert {"order-lane-errors", "table-throttled-reads"} <= room.rang()

    room.faults.end("order_lane")
    until(lambda: room.orders(intent_id), "the order")
    room.minute()
    assert len(room.orders(intent_id)) == 1


def test_features_cannot_claim_its_place_and_loses_no_minute(room: Room) -> None:
    room.faults.tell("features", "throttled")
    room.minutes(2, failing="features")
    rang = room.rang()
    assert "features-errors" in rang
    assert rang & {"table-throttled-reads", "table-throttled-writes"}

    room.faults.end("features")
    room.minutes(2)
    assert room.decided(room.moment) == "SUCCEEDED"
