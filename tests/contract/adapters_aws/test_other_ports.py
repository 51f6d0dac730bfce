"""Queues, store, secrets and topic on a pretended AWS."""

import base64
import json
from types import SimpleNamespace

import boto3
import pytest

from patang.adapters.aws.s3 import S3Objects
from patang.adapters.aws.secretsmanager import SecretsManager
from patang.adapters.aws.sns import SnsMessenger
from patang.adapters.aws.sqs import SqsDeadLetters, SqsIntentQueue, SqsUpdateQueue


def test_objects_are_kept_listed_and_missed() -> None:
    client = boto3.client("s3")
    client.create_bucket(Bucket="store", CreateBucketConfiguration={"LocationConstraint": "ap-south-1"})
    objects = S3Objects(client, "store")
    objects.put("minutes/a.json", b"{}")
    assert objects.get("minutes/a.json") == b"{}"
    assert objects.get("minutes/b.json") is None
    assert objects.list("minutes/") == ["minutes/a.json"]


def test_a_secret_is_created_then_replaced() -> None:
    secrets = SecretsManager(boto3.client("secretsmanager"))
    assert secrets.get("patang/paper/account/main") is None
    secrets.put("patang/paper/account/main", {"access_token": "a"})
    secrets.put("patang/paper/account/main", {"access_token": "b"})
    assert secrets.get("patang/paper/account/main") == {"access_token": "b"}


def test_a_subject_with_rupees_still_leaves() -> None:
    sns, sqs = boto3.client("sns"), boto3.client("sqs")
    topic = sns.create_topic(Name="notify")["TopicArn"]
    queue = sqs.create_queue(QueueName="outbox")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    SnsMessenger(sns, topic).deliver(
        "Buy for ₹9,000?\n" + "x" * 200, "yes or no", frozenset({"email", "sms"})
    )
    message = json.loads(sqs.receive_message(QueueUrl=queue)["Messages"][0]["Body"])
    assert message["Message"] == "yes or no"


@pytest.mark.parametrize(
    ("subject", "sent"),
    [(" a\ttab\r\nand lines ", "a tab and lines"), ("\n", "Patang"), ("", "Patang"), ("x" * 200, "x" * 100)],
)
def test_a_subject_is_one_that_sns_takes(subject: str, sent: str) -> None:
    """Printable ASCII that does not begin with a space, or the message is refused whole."""
    asked: list[str] = []
    client = SimpleNamespace(publish=lambda **call: asked.append(call["Subject"]))
    SnsMessenger(client, "topic").deliver(subject, "text", frozenset({"email"}))
    assert asked == [sent]


def test_a_message_for_one_way_goes_no_other() -> None:
    """By the filters that the deployment gives its subscriptions."""
    sns, sqs = boto3.client("sns"), boto3.client("sqs")
    topic = sns.create_topic(Name="ways")["TopicArn"]
    boxes = {}
    for way in ("email", "sms"):
        url = sqs.create_queue(QueueName=way)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        policy = json.dumps({"way": [way]})
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"FilterPolicy": policy})
        boxes[way] = url
    messenger = SnsMessenger(sns, topic)
    messenger.deliver("both", "1", frozenset({"email", "sms"}))
    messenger.deliver("mail", "2", frozenset({"email"}))
    messenger.deliver("phone", "3", frozenset({"sms"}))
    found = {
        way: [
            json.loads(message["Body"])["Message"]
            for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
        ]
        for way, url in boxes.items()
    }
    assert found == {"email": ["1", "2"], "sms": ["1", "3"]}


def test_who_is_subscribed_is_listed_without_telling_where() -> None:
    sns = boto3.client("sns")
    topic = sns.create_topic(Name="listed")["TopicArn"]
    alarms = sns.create_topic(Name="alarms")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="owner@example.com")
    sns.subscribe(TopicArn=topic, Protocol="sms", Endpoint="+919812345678")
    found = {each.channel: each for each in SnsMessenger(sns, topic, alarms).subscriptions()}
    assert {each.topic for each in found.values()} == {"messages"}
    assert (found["email"].place, found["sms"].place) == ("o***@example.com", "***678")


def test_intents_leave_in_order_and_updates_in_batches() -> None:
    sqs = boto3.client("sqs")
    fifo = sqs.create_queue(QueueName="orders.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    plain = sqs.create_queue(QueueName="updates")["QueueUrl"]
    queue = SqsIntentQueue(sqs, fifo)
    queue.enqueue("main#exit", "i1", {"intent_id": "i1"})
    queue.enqueue("main#exit", "i1", {"intent_id": "i1"})
    queue.enqueue("main#exit", "i2", {"intent_id": "i2"})
    seen = sqs.receive_message(QueueUrl=fifo, MaxNumberOfMessages=10)["Messages"]
    assert [json.loads(message["Body"])["intent_id"] for message in seen] == ["i1", "i2"]
    SqsUpdateQueue(sqs, plain).send([{"n": n} for n in range(23)])
    count = sqs.get_queue_attributes(QueueUrl=plain, AttributeNames=["ApproximateNumberOfMessages"])
    assert count["Attributes"]["ApproximateNumberOfMessages"] == "23"


def test_a_dead_letter_keeps_its_bytes() -> None:
    sqs = boto3.client("sqs")
    url = sqs.create_queue(QueueName="dead")["QueueUrl"]
    SqsDeadLetters(sqs, url).send("features", b"\x00garbage", "not a tick record")
    letter = json.loads(sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"])
    assert base64.b64decode(letter["data"]) == b"\x00garbage"
    assert letter["reason"] == "not a tick record"
