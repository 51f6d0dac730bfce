"""The lane's FIFO queue: order in a group, what comes back, and what is left when a message is given up."""

import json
from typing import Any

import boto3
import pytest

from patang.adapters.aws.dynamodb import DynamoStore
from patang.adapters.aws.sqs import SqsIntentQueue
from patang.execution.amendments import enqueue, remind
from tests.unit.execution.lane_cases import calls_counted, deliver, new_intent, stored
from tests.unit.execution.trading_desk import Killed, TradingDesk

RECEIVED_AT_MOST = 3


class FifoQueue:
    """The queue as the template has it, but that a message is visible again at once."""

    def __init__(self) -> None:
        self.sqs: Any = boto3.client("sqs")
        self.dead = self._make("dead.fifo", {})
        arn = self.sqs.get_queue_attributes(QueueUrl=self.dead, AttributeNames=["QueueArn"])
        policy = {"deadLetterTargetArn": arn["Attributes"]["QueueArn"], "maxReceiveCount": RECEIVED_AT_MOST}
        self.url = self._make("orders.fifo", {"VisibilityTimeout": "0", "RedrivePolicy": json.dumps(policy)})

    def _make(self, name: str, attributes: dict[str, str]) -> str:
        made = self.sqs.create_queue(
            QueueName=name,
            Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "false"} | attributes,
        )
        return str(made["QueueUrl"])

    def receive(self, url: str) -> dict[str, Any] | None:
        found = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1).get("Messages", [])
        return found[0] if found else None

    def run(self, desk: TradingDesk) -> list[str]:
        """Hands each message to the lane as the event source does: deleted unless the lane has died."""
        outcomes = []
        while (message := self.receive(self.url)) is not None:
            try:
                outcomes.append(desk.lane().process(json.loads(message["Body"])))
            except Killed:
                outcomes.append("killed")
                desk.pass_time(60)
                continue
            self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return outcomes


@pytest.fixture
def desk(table: str) -> TradingDesk:
    return TradingDesk(store=DynamoStore(boto3.client("dynamodb"), table))


def test_a_message_that_comes_back_after_a_crash_sends_nothing_again(desk: TradingDesk) -> None:
    queue = FifoQueue()
    intent = new_intent(desk, "EXIT")
    enqueue(SqsIntentQueue(queue.sqs, queue.url), intent)
    calls = calls_counted(desk)
    begun = desk.fuse.steps
    # The token, the claim, the call: killed when the broker has the order and nobody knows it.
    desk.fuse.kill = lambda step: "after" if step == begun + 3 else ""

    assert queue.run(desk) == ["killed", "ACKED"]
    assert calls == ["place"]
    assert [row["tag"] for row in desk.exchange.book.values()].count(intent.intent_id) == 1


def test_the_same_intent_told_again_and_again_is_one_order(desk: TradingDesk) -> None:
    queue = FifoQueue()
    lane_queue = SqsIntentQueue(queue.sqs, queue.url)
    intent = new_intent(desk, "EXIT")
    calls = calls_counted(desk)
    for _ in range(5):
        enqueue(lane_queue, intent)
        remind(lane_queue, intent, desk.clock.now())
        desk.pass_time(10)

    outcomes = queue.run(desk)

    assert len(outcomes) == 1 + 5, "the queue swallows an id it has seen, and lets each reminder through"
    assert set(outcomes) == {"ACKED"}
    assert calls == ["place"]


def test_an_intent_whose_lanes_all_die_is_given_up_by_the_queue_and_not_by_the_desk(
    desk: TradingDesk,
) -> None:
    queue = FifoQueue()
    lane_queue = SqsIntentQueue(queue.sqs, queue.url)
    first, second = new_intent(desk, "GTT_DELETE"), new_intent(desk, "CANCEL")
    for intent in (first, second):
        enqueue(lane_queue, intent)
    calls = calls_counted(desk)
    desk.fuse.kill = lambda step: "before" if stored(desk, first).state == "NEW" else ""

    outcomes = queue.run(desk)
    dead = queue.receive(queue.dead)

    assert outcomes[:RECEIVED_AT_MOST] == ["killed"] * RECEIVED_AT_MOST
    assert dead is not None
    assert json.loads(dead["Body"])["intent_id"] == first.intent_id
    assert calls == []
    assert stored(desk, first).state == "NEW"

    desk.fuse.kill = lambda step: ""
    desk.queue.messages.clear()
    desk.intent_sweep().run("main", desk.market_time)
    reminded = [body["intent_id"] for _, _, body in desk.queue.messages]
    assert first.intent_id in reminded
    assert deliver(desk, first) == "COMPLETE"
    assert calls.count("delete_gtt") == 1
