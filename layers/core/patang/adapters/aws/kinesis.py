"""The tick stream on Kinesis: putting, marking every shard, and reading again."""

import hashlib
import time
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from patang.errors import BadInput, TryAgain

__all__ = ["KinesisReader", "KinesisStream"]

# Of one call, and what is left free below its limit of 5 MiB for the keys.
_RECORDS_A_CALL = 500
_BYTES_A_CALL = 4_500_000
_WAITS = (0.05, 0.2, 0.8)
_LOOKS_AT_THE_SHARDS = 3

type _Entry = dict[str, Any]


class _Shards:
    """Which shard has which part of the hash keys, as of one look."""

    def __init__(self, shards: Iterable[dict[str, Any]]) -> None:
        ranges = sorted((int(shard["HashKeyRange"]["StartingHashKey"]), shard["ShardId"]) for shard in shards)
        self.starts = [start for start, _ in ranges]
        self.ids = [shard for _, shard in ranges]

    def of(self, entry: _Entry) -> str:
        hash_key = entry.get("ExplicitHashKey")
        place = int(hash_key) if hash_key is not None else _hash_key(entry["PartitionKey"])
        return str(self.ids[bisect_right(self.starts, place) - 1])


class KinesisStream:
    """TickStream. `client` is a boto3 Kinesis client.

    Every accepted record's reply names its shard: one that is not the shard we know for its key tells that
    the stream was resharded, and what was put together for a shard may belong to two by now. The shards are
    then looked at anew and the caller is told to put it again, which readers take as repeats.
    """

    def __init__(self, client: Any, stream: str) -> None:
        self._client = client
        self._stream = stream
        self._known: _Shards | None = None

    def lane(self, key: str) -> str:
        return self._shards().of({"PartitionKey": key})

    def put(self, records: Sequence[tuple[str, bytes]]) -> None:
        entries = [{"PartitionKey": key, "Data": data} for key, data in records]
        for call in _calls(entries):
            if not self._put(call):
                raise TryAgain(f"the stream {self._stream} has other shards now: what was put goes out again")

    def mark(self, data: bytes) -> None:
        for _ in range(_LOOKS_AT_THE_SHARDS):
            starts = self._shards().starts
            if self._put(
                [{"PartitionKey": "marker", "ExplicitHashKey": str(start), "Data": data} for start in starts]
            ):
                return
        raise TryAgain(f"the shards of the stream {self._stream} change faster than a mark reaches them")

    def _shards(self) -> _Shards:
        if self._known is None:
            try:
                self._known = _Shards(_open_shards(self._client, self._stream))
            except (BotoCoreError, ClientError) as error:
                raise TryAgain(
                    f"the shards of the stream {self._stream} cannot be listed: {error}"
                ) from error
        return self._known

    def _put(self, entries: list[_Entry]) -> bool:
        """Puts what is left until all is in; a call may take a part and refuse the rest.

        False if anything went to another shard than the one that was known for it.
        """
        astray = False
        for wait in (*_WAITS, None):
            results = self._results(entries)
            refused = [entry for entry, result in results if "ErrorCode" in result]
            astray |= any(self._is_astray(entry, result) for entry, result in results)
            if astray:
                self._known = None
            if not refused:
                return not astray
            entries = refused
            if wait is not None:
                time.sleep(wait)
        raise TryAgain(f"{len(entries)} records did not get onto the stream {self._stream}")

    def _is_astray(self, entry: _Entry, result: dict[str, Any]) -> bool:
        return "ShardId" in result and self._known is not None and result["ShardId"] != self._known.of(entry)

    def _results(self, entries: list[_Entry]) -> list[tuple[_Entry, dict[str, Any]]]:
        try:
            reply = self._client.put_records(StreamName=self._stream, Records=entries)
        except (BotoCoreError, ClientError) as error:
            return [(entry, {"ErrorCode": str(error)}) for entry in entries]
        return list(zip(entries, reply["Records"], strict=True))


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


def _calls(entries: Iterable[_Entry]) -> Iterator[list[_Entry]]:
    """The entries in as few calls as the limits of one allow."""
    call: list[_Entry] = []
    size = 0
    for entry in entries:
        if call and (len(call) == _RECORDS_A_CALL or size + len(entry["Data"]) > _BYTES_A_CALL):
            yield call
            call, size = [], 0
        call.append(entry)
        size += len(entry["Data"])
    if call:
        yield call


def _hash_key(partition_key: str) -> int:
    """As the service maps a partition key onto the hash keys."""
    return int.from_bytes(hashlib.md5(partition_key.encode(), usedforsecurity=False).digest())
