"""Stream, queues, store, secrets and topic on a pretended AWS."""

import base64
import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from patang.adapters.aws.kinesis import KinesisReader, KinesisStream
from patang.adapters.aws.s3 import S3Objects
from patang.adapters.aws.secretsmanager import SecretsManager
from patang.adapters.aws.sns import SnsNotifier
from patang.adapters.aws.sqs import SqsDeadLetters, SqsIntentQueue, SqsUpdateQueue
from patang.errors import BadInput, TryAgain


def test_the_stream_is_read_again_between_two_sequence_numbers() -> None:
    client = boto3.client("kinesis")
    client.create_stream(StreamName="ticks", ShardCount=1)
    stream, reader = KinesisStream(client, "ticks"), KinesisReader(client, "ticks")
    stream.put([("NIFTY", b"one"), ("NIFTY", b"two"), ("NIFTY", b"three")])
    stream.mark(b"marker")
    (shard,) = reader.shards()
    everything = list(reader.read(shard, None, str(2**200)))
    assert [data for _, data in everything] == [b"one", b"two", b"three", b"marker"]
    between = reader.read(shard, everything[0][0], everything[3][0])
    assert [data for _, data in between] == [b"two", b"three"]


class FailingClient:
    """A client whose calls fail as the real service's would; moto takes any sequence number."""

    def __init__(self, failures: int, code: str) -> None:
        self.failures = failures
        self.code = code
        self.put: list[bytes] = []

    def get_shard_iterator(self, **request: Any) -> None:
        raise ClientError({"Error": {"Code": self.code}}, "GetShardIterator")

    def put_records(self, StreamName: str, Records: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 (boto3's)
        self.failures -= 1
        if self.failures >= 0:
            raise ClientError({"Error": {"Code": self.code}}, "PutRecords")
        # The last one is refused once more: a call may take a part.
        refused = len(Records) > 1
        self.put += [record["Data"] for record in (Records[:-1] if refused else Records)]
        results = [{} for _ in Records]
        if refused:
            results[-1] = {"ErrorCode": "ProvisionedThroughputExceededException"}
        return {"FailedRecordCount": int(refused), "Records": results}


def test_a_place_that_the_stream_does_not_know_is_said() -> None:
    reader = KinesisReader(FailingClient(0, "InvalidArgumentException"), "ticks")
    with pytest.raises(BadInput, match="does not know the place"):
        list(reader.read("shard-0", "4959", "5000"))


def test_what_was_refused_is_put_again_and_nothing_twice() -> None:
    client = FailingClient(1, "ProvisionedThroughputExceededException")
    KinesisStream(client, "ticks").put([("NIFTY", b"one"), ("NIFTY", b"two"), ("NIFTY", b"three")])
    assert client.put == [b"one", b"two", b"three"]


def test_a_stream_that_stays_away_is_said() -> None:
    client = FailingClient(99, "InternalFailure")
    with pytest.raises(TryAgain, match="1 records did not get onto the stream ticks"):
        KinesisStream(client, "ticks").put([("NIFTY", b"one")])


def test_a_marker_reaches_every_shard() -> None:
    client = boto3.client("kinesis")
    client.create_stream(StreamName="ticks", ShardCount=3)
    KinesisStream(client, "ticks").mark(b"marker")
    reader = KinesisReader(client, "ticks")
    found = [[data for _, data in reader.read(shard, None, str(2**200))] for shard in reader.shards()]
    assert found == [[b"marker"]] * 3


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
    SnsNotifier(sns, topic).send("Buy for ₹9,000?\n" + "x" * 200, "yes or no")
    message = json.loads(sqs.receive_message(QueueUrl=queue)["Messages"][0]["Body"])
    assert message["Message"] == "yes or no"


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
