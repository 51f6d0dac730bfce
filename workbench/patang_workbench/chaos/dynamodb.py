"""The emulator's DynamoDB by its wire protocol alone: what boto3 adds to a call takes longer than it."""

import hashlib
import http.client
import json
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
        self._address = urlsplit(endpoint).netloc
        self._connection = http.client.HTTPConnection(self._address, timeout=30)
        self.refused = 0
        """Transactions that were cancelled: somebody else was first."""

    def get_item(self, **request: Any) -> dict[str, Any]:
        return self.call("GetItem", request)

    def batch_get_item(self, **request: Any) -> dict[str, Any]:
        return self.call("BatchGetItem", request)

    def query(self, **request: Any) -> dict[str, Any]:
        return self.call("Query", request)

    def transact_write_items(self, **request: Any) -> dict[str, Any]:
        return self.call("TransactWriteItems", request)

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Any operation of the service."""
        headers = {
            "Content-Type": _TYPE,
            "X-Amz-Target": f"DynamoDB_20120810.{operation}",
            "Authorization": _AUTHORISATION,
        }
        self._connection.request("POST", "/", json.dumps(request).encode(), headers)
        reply = self._connection.getresponse()
        body: dict[str, Any] = json.loads(reply.read() or b"{}")
        if reply.status == 200:
            return body
        code = str(body.get("__type", reply.status)).rpartition("#")[2]
        self.refused += code == "TransactionCanceledException"
        message = str(body.get("message") or body.get("Message") or "")
        error: Any = {
            "Error": {"Code": code, "Message": message},
            "CancellationReasons": body.get("CancellationReasons", []),
            "ResponseMetadata": {"HTTPStatusCode": reply.status},
        }
        raise ClientError(error, operation)


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
