"""The tick stream on Kinesis: putting, marking every shard, and reading again."""

import time
from collections.abc import Iterator, Sequence
from itertools import batched
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from patang.errors import BadInput, TryAgain

__all__ = ["KinesisReader", "KinesisStream"]

_RECORDS_A_CALL = 500
_WAITS = (0.05, 0.2, 0.8)


class KinesisStream:
    """TickStream. `client` is a boto3 Kinesis client."""

    def __init__(self, client: Any, stream: str) -> None:
        self._client = client
        self._stream = stream
        self._shard_hashes: list[str] | None = None

    def put(self, records: Sequence[tuple[str, bytes]]) -> None:
        entries = [{"PartitionKey": key, "Data": data} for key, data in records]
        for batch in batched(entries, _RECORDS_A_CALL, strict=False):
            self._put(list(batch))

    def mark(self, data: bytes) -> None:
        if self._shard_hashes is None:
            shards = _open_shards(self._client, self._stream)
            self._shard_hashes = [shard["HashKeyRange"]["StartingHashKey"] for shard in shards]
        self._put(
            [
                {"PartitionKey": "marker", "ExplicitHashKey": hash_key, "Data": data}
                for hash_key in self._shard_hashes
            ]
        )

    def _put(self, entries: list[dict[str, Any]]) -> None:
        """Puts what is left until all is in; a call may take a part and refuse the rest."""
        for wait in (*_WAITS, None):
            entries = self._refused(entries)
            if not entries:
                return
            if wait is not None:
                time.sleep(wait)
        raise TryAgain(f"{len(entries)} records did not get onto the stream {self._stream}")

    def _refused(self, entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
        try:
            reply = self._client.put_records(StreamName=self._stream, Records=entries)
        except (BotoCoreError, ClientError):
            return entries
        return [
            entry for entry, result in zip(entries, reply["Records"], strict=True) if "ErrorCode" in result
        ]


class KinesisReader:
    """StreamReader. `client` is a boto3 Kinesis client."""

    def __init__(self, client: Any, stream: str) -> None:
        self._client = client
        self._stream = stream

    def shards(self) -> list[str]:
        return [shard["ShardId"] for shard in _open_shards(self._client, self._stream)]

    def read(self, shard: str, after: str | None, until: str) -> Iterator[tuple[str, bytes]]:
        start: dict[str, Any] = {"ShardIteratorType": "TRIM_HORIZON"}
        if after is not None:
            start = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": after}
        iterator = self._position(shard, start)
        while iterator is not None:
            reply = self._client.get_records(ShardIterator=iterator)
            for record in reply["Records"]:
                if int(record["SequenceNumber"]) >= int(until):
                    return
                yield record["SequenceNumber"], record["Data"]
            if not reply["Records"] and not reply.get("MillisBehindLatest"):
                return
            iterator = reply.get("NextShardIterator")

    def _position(self, shard: str, start: dict[str, Any]) -> str | None:
        try:
            reply = self._client.get_shard_iterator(StreamName=self._stream, ShardId=shard, **start)
        except ClientError as error:
            if error.response["Error"]["Code"] != "InvalidArgumentException":
                raise
            raise BadInput(f"{self._stream}/{shard} does not know the place {start}") from error
        iterator: str | None = reply["ShardIterator"]
        return iterator


def _open_shards(client: Any, stream: str) -> list[dict[str, Any]]:
    pages = client.get_paginator("list_shards").paginate(StreamName=stream)
    shards = [shard for page in pages for shard in page["Shards"]]
    return [shard for shard in shards if "EndingSequenceNumber" not in shard["SequenceNumberRange"]]
