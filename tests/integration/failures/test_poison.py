"""What cannot be read is kept with its bytes, rings once, and stands in nobody's way."""

import base64

from tests.integration.failures.room import Room

GARBAGE = b"\x00this is no tick record\xff\xfe"


def test_a_record_that_is_no_tick_record_stops_no_minute(room: Room) -> None:
    kinesis, stream = room.stack.emulator.client("kinesis"), room.stack.outputs["TickStream"]
    kinesis.put_record(StreamName=stream, Data=GARBAGE, PartitionKey="NIFTY")
    room.minutes(2)

    assert room.decided(room.moment) == "SUCCEEDED"
    assert room.rang() == {"dead-letters"}
    assert room.ringing() == {"dead-letters"}, "until somebody has looked"
    letters = room.letters(2)
    assert {base64.b64decode(letter["data"]) for letter in letters} == {GARBAGE}
    assert len(letters) == 2, "one of each reader of the stream"
    room.quieten()
    assert room.rang() == set()


def test_messages_that_nobody_can_read_delay_no_order(room: Room) -> None:
    sqs, outputs = room.stack.emulator.client("sqs"), room.stack.outputs
    sqs.send_message(
        QueueUrl=outputs["OrderQueueUrl"],
        MessageBody="no intent",
        MessageGroupId="main#entry",
        MessageDeduplicationId="poison",
    )
    sqs.send_message(QueueUrl=outputs["OrderUpdatesQueueUrl"], MessageBody="[1, 2")
    proposal = room.concluded(room.order("TCS"))

    assert len(room.orders(proposal.intent_id)) == 1
    room.minute()
    (letter,) = room.letters(1)
    assert (letter["source"], base64.b64decode(letter["data"])) == ("order_updates", b"[1, 2")
    assert room.rang() == {"dead-letters", "lane-unreadable"}
