"""moto in process: boto3 against a pretended AWS, no network."""

from collections.abc import Iterator
from threading import RLock

import boto3
import pytest
from moto import mock_aws
from moto.dynamodb.models import DynamoDBBackend

from tests.contract.adapters_aws.quick_moto import make_quick


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "ap-south-1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    make_quick(monkeypatch)
    _make_whole(monkeypatch)
    with mock_aws():
        yield


@pytest.fixture
def table() -> str:
    boto3.client("dynamodb").create_table(
        TableName="desk",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[
            {"AttributeName": "PK", "KeyType": "HASH"},
            {"AttributeName": "SK", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in ("PK", "SK", "GSI1PK", "GSI1SK")
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "index1",
                "KeySchema": [
                    {"AttributeName": "GSI1PK", "KeyType": "HASH"},
                    {"AttributeName": "GSI1SK", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    return "desk"


def _make_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """DynamoDB carries a transaction out whole. moto lets other threads in, between a transaction's
    conditions and its writes, and takes theirs back with its own where it fails."""
    alone, carry_out = RLock(), DynamoDBBackend.transact_write_items

    def whole(backend: DynamoDBBackend, transact_items: list[dict[str, object]]) -> None:
        with alone:
            carry_out(backend, transact_items)

    monkeypatch.setattr(DynamoDBBackend, "transact_write_items", whole)
