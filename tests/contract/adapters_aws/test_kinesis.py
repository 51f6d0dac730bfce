"""The tick stream on Kinesis: nothing lost, nothing needlessly twice, and every key on its shard."""

import hashlib
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from patang.adapters.aws.kinesis import KinesisReader, KinesisStream
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


class ShardedClient:
    """A stream as the service keeps it: records by the shards' hash ranges, limits of a call, resharding."""

    def __init__(self, shards: int) -> None:
        edges = [n * 2**128 // shards for n in range(shards + 1)]
        self.open = {f"shard-{n}": (edges[n], edges[n + 1]) for n in range(shards)}
        self.kept: dict[str, list[bytes]] = {}
        self.calls: list[int] = []
        self.refusals = 0

    def split(self, shard: str) -> None:
        start, end = self.open.pop(shard)
        middle = (start + end) // 2
        self.open |= {f"{shard}a": (start, middle), f"{shard}b": (middle, end)}

    def get_paginator(self, _: str) -> "ShardedClient":
        return self

    def paginate(self, **_: str) -> list[dict[str, Any]]:
        shards = [
            {
                "ShardId": shard,
                "HashKeyRange": {"StartingHashKey": str(start)},
                "SequenceNumberRange": {},
            }
            for shard, (start, _) in self.open.items()
        ]
        return [{"Shards": shards}]

    def put_records(self, StreamName: str, Records: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 (boto3's)
        assert len(Records) <= 500
        assert sum(len(record["Data"]) + len(record["PartitionKey"]) for record in Records) <= 5 * 2**20
        self.calls.append(len(Records))
        return {"Records": [self._put(record) for record in Records]}

    def _put(self, record: dict[str, Any]) -> dict[str, str]:
        if self.refusals:
            self.refusals -= 1
            return {"ErrorCode": "ProvisionedThroughputExceededException"}
        place = record.get("ExplicitHashKey")
        if place is None:
            place = int(hashlib.md5(record["PartitionKey"].encode()).hexdigest(), 16)
        (shard,) = [name for name, (start, end) in self.open.items() if start <= int(place) < end]
        self.kept.setdefault(shard, []).append(record["Data"])
        return {"ShardId": shard, "SequenceNumber": "1"}


NAMES = [f"STOCK{n}" for n in range(200)]


def test_keys_of_a_lane_lead_to_the_same_shard() -> None:
    client = ShardedClient(5)
    stream = KinesisStream(client, "ticks")
    lanes = {name: stream.lane(name) for name in NAMES}
    stream.put([(name, name.encode()) for name in NAMES])
    assert {name: shard for shard, names in client.kept.items() for name in map(bytes.decode, names)} == lanes
    assert len(set(lanes.values())) == 5


def test_the_lanes_are_those_of_the_stand_in_for_the_service() -> None:
    client = boto3.client("kinesis")
    client.create_stream(StreamName="ticks", ShardCount=4)
    stream, reader = KinesisStream(client, "ticks"), KinesisReader(client, "ticks")
    stream.put([(name, name.encode()) for name in NAMES])
    for shard in reader.shards():
        for _, data in reader.read(shard, None, str(2**200)):
            assert stream.lane(data.decode()) == shard


def test_a_reshard_is_noticed_by_the_first_put_and_everything_goes_out_again() -> None:
    client = ShardedClient(2)
    stream = KinesisStream(client, "ticks")
    before = {name: stream.lane(name) for name in NAMES}
    client.split("shard-0")
    client.kept.clear()
    with pytest.raises(TryAgain, match="other shards now"):
        stream.put([(name, name.encode()) for name in NAMES])
    client.kept.clear()
    stream.put([(name, name.encode()) for name in NAMES])
    for shard, names in client.kept.items():
        assert {stream.lane(name.decode()) for name in names} == {shard}
    assert {before[name.decode()] for name in client.kept["shard-0a"] + client.kept["shard-0b"]} == {
        "shard-0"
    }


def test_a_mark_reaches_every_shard_though_they_have_just_changed() -> None:
    client = ShardedClient(2)
    stream = KinesisStream(client, "ticks")
    stream.mark(b"one")
    client.split("shard-1")
    stream.mark(b"two")
    assert {shard for shard, kept in client.kept.items() if b"two" in kept} == set(client.open)


def test_shards_that_cannot_be_listed_are_asked_for_again() -> None:
    class Away(ShardedClient):
        def paginate(self, **_: str) -> list[dict[str, Any]]:
            raise ClientError({"Error": {"Code": "InternalFailure"}}, "ListShards")

    with pytest.raises(TryAgain, match="cannot be listed"):
        KinesisStream(Away(1), "ticks").lane("NIFTY")


def test_a_call_keeps_within_the_limits_of_one() -> None:
    client = ShardedClient(1)
    KinesisStream(client, "ticks").put([("NIFTY", bytes(24_000))] * 700)
    assert sum(client.calls) == 700
    KinesisStream(client, "ticks").put([("NIFTY", b"small")] * 1_100)
    assert client.calls[-3:] == [500, 500, 100]


def test_what_is_refused_is_put_once() -> None:
    client = ShardedClient(1)
    client.refusals = 120
    KinesisStream(client, "ticks").put([("NIFTY", str(n).encode()) for n in range(100)])
    assert sorted(client.kept["shard-0"]) == sorted(str(n).encode() for n in range(100))
