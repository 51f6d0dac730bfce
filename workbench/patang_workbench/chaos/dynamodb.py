"""The emulator's DynamoDB by its wire protocol alone: what boto3 adds to a call takes longer than it."""

import hashlib
import json
import socket
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from patang_workbench.local_stack.emulator import CREDENTIALS, REGION

__all__ = ["WireDynamo", "create_table"]

_TYPE = "application/x-amz-json-1.0"
# The emulator reads the region out of it and checks no signature.
_AUTHORISATION = (
    f"AWS4-HMAC-SHA256 Credential={CREDENTIALS['AWS_ACCESS_KEY_ID']}/20260101/{REGION}/dynamodb/aws4_request"
    ", SignedHeaders=host, Signature=0"
)


class WireDynamo:
    """The calls of DynamoStore, over one connection. Raises ClientError as boto3's client does."""

    def __init__(self, endpoint: str) -> None:
        parts = urlsplit(endpoint)
        self._address = parts.netloc
        self._peer = str(parts.hostname), int(parts.port or 80)
        self._connect()
        self.refused = 0
        """Transactions that were cancelled: somebody else was first."""

    def get_item(self, **request: Any) -> dict[str, Any]:
        return self.call("GetItem", request)

    def batch_get_item(self, **request: Any) -> dict[str, Any]:
        return self.call("BatchGetItem", request)

    def query(self, **request: Any) -> dict[str, Any]:
        return self.call("Query", _in_plain_conditions(request))

    def transact_write_items(self, **request: Any) -> dict[str, Any]:
        return self.call("TransactWriteItems", request)

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Any operation of the service."""
        content = json.dumps(request).encode()
        head = (
            f"POST / HTTP/1.1\r\nHost: {self._address}\r\nContent-Type: {_TYPE}\r\n"
            f"X-Amz-Target: DynamoDB_20120810.{operation}\r\nAuthorization: {_AUTHORISATION}\r\n"
            f"Content-Length: {len(content)}\r\n\r\n"
        )
        self._socket.sendall(head.encode() + content)
        status, text = self._reply()
        body: dict[str, Any] = json.loads(text or b"{}")
        if status == 200:
            return body
        code = str(body.get("__type", status)).rpartition("#")[2]
        self.refused += code == "TransactionCanceledException"
        message = str(body.get("message") or body.get("Message") or "")
        error: Any = {
            "Error": {"Code": code, "Message": message},
            "CancellationReasons": body.get("CancellationReasons", []),
            "ResponseMetadata": {"HTTPStatusCode": status},
        }
        raise ClientError(error, operation)

    def _connect(self) -> None:
        self._socket = socket.create_connection(self._peer, timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._lines = self._socket.makefile("rb")

    def _reply(self) -> tuple[int, bytes]:
        """Status and body. Raises ConnectionError if the emulator has hung up."""
        first = self._lines.readline().split()
        if len(first) < 2:
            raise ConnectionError(f"the emulator at {self._address} has closed the connection")
        length, last = 0, False
        while (line := self._lines.readline().strip()) != b"":
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
            elif name.lower() == b"connection":
                last = value.strip().lower() == b"close"
        body = self._lines.read(length)
        if last:
            self._connect()
        return int(first[1]), body


def _in_plain_conditions(request: dict[str, Any]) -> dict[str, Any]:
    """The query of DynamoStore in the API's other words for it: the same question, but the emulator parses an
    expression once more for every item of the partition.
    """
    names, values = request["ExpressionAttributeNames"], request["ExpressionAttributeValues"]
    conditions = {names["#partition"]: _condition("EQ", values[":partition"])}
    if ":prefix" in values:
        conditions[names["#sort"]] = _condition("BEGINS_WITH", values[":prefix"])
    said = {name: value for name, value in request.items() if "Expression" not in name}
    return said | {"KeyConditions": conditions}


def _condition(operator: str, value: Any) -> dict[str, Any]:
    return {"ComparisonOperator": operator, "AttributeValueList": [value]}


def create_table(client: WireDynamo, purpose: str, seed: str) -> str:
    """The name of a new table of the shape that DynamoStore works on."""
    name = f"{purpose}-{hashlib.sha256(seed.encode()).hexdigest()[:16]}"
    client.call(
        "CreateTable",
        {
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [
                {"AttributeName": "PK", "KeyType": "HASH"},
                {"AttributeName": "SK", "KeyType": "RANGE"},
            ],
            "AttributeDefinitions": [
                {"AttributeName": attribute, "AttributeType": "S"}
                for attribute in ("PK", "SK", "GSI1PK", "GSI1SK")
            ],
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": "index1",
                    "KeySchema": [
                        {"AttributeName": "GSI1PK", "KeyType": "HASH"},
                        {"AttributeName": "GSI1SK", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
        },
    )
    return name
