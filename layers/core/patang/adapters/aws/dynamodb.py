"""StateStore on one DynamoDB table: PK and SK, the sparse index1 on GSI1PK and GSI1SK, TTL in `ttl`."""

import time
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

from patang.errors import BadInput, TryAgain
from patang.ports import Absent, Attributes, Delete, Expectation, Key, Matches, Put, Write, WriteConflict

__all__ = ["DynamoStore", "plain"]

_OWN_NAMES = frozenset({"PK", "SK", "GSI1PK", "GSI1SK", "ttl"})
# Seconds between tries: contention and throttling both pass in moments.
_WAITS = (0.02, 0.05, 0.1)
_READS_IN_A_BATCH = 100
_WRITES_IN_A_TRANSACTION = 100

_serializer = TypeSerializer()
_deserializer = TypeDeserializer()


class DynamoStore:
    """`client` is a boto3 DynamoDB client."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def get(self, key: Key) -> Attributes | None:
        reply = self._client.get_item(TableName=self._table, Key=_key(key), ConsistentRead=True)
        return plain(reply["Item"]) if "Item" in reply else None

    def get_many(self, keys: Sequence[Key]) -> list[Attributes | None]:
        # A batch that names a key twice is refused.
        wanted = list(dict.fromkeys(keys))
        found: dict[Key, Attributes] = {}
        for first in range(0, len(wanted), _READS_IN_A_BATCH):
            found |= self._batch(wanted[first : first + _READS_IN_A_BATCH])
        return [found.get(key) for key in keys]

    def query(
        self,
        partition: str,
        *,
        prefix: str = "",
        newest_first: bool = False,
        limit: int | None = None,
        after: str | None = None,
    ) -> list[Attributes]:
        request = _query(self._table, "PK", "SK", partition, prefix) | {
            "ConsistentRead": True,
            "ScanIndexForward": not newest_first,
        }
        if after is not None:
            request["ExclusiveStartKey"] = _key(Key(partition, after))
        return self._pages(request, limit)

    def query_index(self, partition: str, *, prefix: str = "") -> list[Attributes]:
        return self._pages(
            _query(self._table, "GSI1PK", "GSI1SK", partition, prefix) | {"IndexName": "index1"}, None
        )

    def write(self, *writes: Write) -> None:
        if len(writes) > _WRITES_IN_A_TRANSACTION:
            raise BadInput(
                f"{len(writes)} writes in one transaction; DynamoDB takes {_WRITES_IN_A_TRANSACTION}"
            )
        actions = [_action(self._table, write) for write in writes]
        for wait in (*_WAITS, None):
            failed = self._try(writes, actions)
            if failed is None:
                return
            # Another transaction held one of the items: it will be gone in a moment. A condition that did
            # not hold will not come true by itself.
            if failed or wait is None:
                raise WriteConflict(failed)
            time.sleep(wait)

    def _batch(self, keys: Sequence[Key]) -> dict[Key, Attributes]:
        """Those of the keys that exist."""
        found: dict[Key, Attributes] = {}
        left = [_key(key) for key in keys]
        for wait in (*_WAITS, None):
            reply = self._client.batch_get_item(
                RequestItems={self._table: {"Keys": left, "ConsistentRead": True}}
            )
            for item in reply["Responses"].get(self._table, ()):
                found[Key(item["PK"]["S"], item["SK"]["S"])] = plain(item)
            # Read too fast, or more than 16 MB: what was left out does not mean that it is not there.
            left = reply.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys", [])
            if not left:
                break
            if wait is None:
                raise TryAgain(
                    f"the table {self._table} left out {len(left)} of {len(keys)} items in each of "
                    f"{len(_WAITS) + 1} tries: it is throttled; try again in a moment"
                )
            time.sleep(wait)
        return found

    def _try(self, writes: tuple[Write, ...], actions: list[dict[str, Any]]) -> list[Key] | None:
        """None when written, else the keys whose expectation failed (none of them: contention)."""
        try:
            self._client.transact_write_items(TransactItems=actions)
        except ClientError as error:
            if error.response["Error"]["Code"] != "TransactionCanceledException":
                raise
            codes = [reason.get("Code") for reason in error.response.get("CancellationReasons", [])]
            failed = [
                write.key
                for write, code in zip(writes, codes, strict=True)
                if code == "ConditionalCheckFailed"
            ]
            if not failed and "TransactionConflict" not in codes:
                raise
            return failed
        return None

    def _pages(self, request: dict[str, Any], limit: int | None) -> list[Attributes]:
        found: list[Attributes] = []
        while True:
            if limit is not None:
                request["Limit"] = limit - len(found)
            reply = self._client.query(**request)
            found += [plain(item) for item in reply["Items"]]
            if "LastEvaluatedKey" not in reply or (limit is not None and len(found) >= limit):
                return found
            request["ExclusiveStartKey"] = reply["LastEvaluatedKey"]


def plain(item: Attributes) -> dict[str, Any]:
    """An item in DynamoDB's own notation as plain JSON types, without the table's key attributes."""
    return {
        name: _plain_value(_deserializer.deserialize(value))
        for name, value in item.items()
        if name not in _OWN_NAMES
    }


def _plain_value(value: Any) -> Any:
    match value:
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case list():
            return [_plain_value(entry) for entry in value]
        case dict():
            return {name: _plain_value(entry) for name, entry in value.items()}
        case _:
            return value


def _typed(value: Any) -> Any:
    return _serializer.serialize(_storable(value))


def _storable(value: Any) -> Any:
    match value:
        case float():
            return Decimal(repr(value))
        case list() | tuple():
            return [_storable(entry) for entry in value]
        case dict():
            return {name: _storable(entry) for name, entry in value.items()}
        case _:
            return value


def _key(key: Key) -> dict[str, Any]:
    return {"PK": {"S": key.partition}, "SK": {"S": key.sort}}


def _query(table: str, partition_name: str, sort_name: str, partition: str, prefix: str) -> dict[str, Any]:
    request: dict[str, Any] = {
        "TableName": table,
        "KeyConditionExpression": "#partition = :partition",
        "ExpressionAttributeNames": {"#partition": partition_name},
        "ExpressionAttributeValues": {":partition": {"S": partition}},
    }
    if prefix:
        request["KeyConditionExpression"] += " AND begins_with(#sort, :prefix)"
        request["ExpressionAttributeNames"]["#sort"] = sort_name
        request["ExpressionAttributeValues"][":prefix"] = {"S": prefix}
    return request


def _action(table: str, write: Write) -> dict[str, Any]:
    condition = {"TableName": table} | _condition(write.expect)
    match write:
        case Delete(key):
            return {"Delete": condition | {"Key": _key(key)}}
        case Put(key, attributes, index, _, expires_at):
            item = {name: _typed(value) for name, value in attributes.items()} | _key(key)
            if index is not None:
                item |= {"GSI1PK": {"S": index.partition}, "GSI1SK": {"S": index.sort}}
            if expires_at is not None:
                item["ttl"] = {"N": str(expires_at)}
            return {"Put": condition | {"Item": item}}


def _condition(expect: Expectation) -> dict[str, Any]:
    match expect:
        case None:
            return {}
        case Absent():
            return {"ConditionExpression": "attribute_not_exists(PK)"}
        case Matches(values):
            return {
                "ConditionExpression": " AND ".join(f"#e{n} = :e{n}" for n in range(len(values))),
                "ExpressionAttributeNames": {f"#e{n}": name for n, name in enumerate(values)},
                "ExpressionAttributeValues": {f":e{n}": _typed(v) for n, v in enumerate(values.values())},
            }
