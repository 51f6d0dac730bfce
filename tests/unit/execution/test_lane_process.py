"""A process of the lane: what it loads, and what a warm-up leaves ready in it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from patang.adapters.aws.dynamodb import DynamoStore
from patang.app import Desk
from tests.unit.execution.samples import open_account

ROOT = Path(__file__).parents[3]
LOADED = """
import json, sys
from functions.order_lane.handler import desk
from patang.adapters.kite.broker import KiteBroker
from patang.adapters.kite.calls import kite_client
desk.order_lane()
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "ap-south-1",
    "POWERTOOLS_SERVICE_NAME": "order_lane",
    "STAGE": "paper",
    "DESK_TABLE": "desk",
    "STORE_BUCKET": "store",
    "ORDER_QUEUE_URL": "http://127.0.0.1:1/orders.fifo",
    "NOTIFY_TOPIC_ARN": "arn:aws:sns:ap-south-1:000000000000:notify",
    "SECRET_PREFIX": "patang/paper",
}


def test_a_fresh_lane_with_the_brokers_client_loads_no_twisted_and_nothing_of_research() -> None:
    """Twisted is installed here, so that an import of it would succeed."""
    path = os.pathsep.join((str(ROOT), str(ROOT / "layers/core")))
    done = subprocess.run(
        [sys.executable, "-c", LOADED],
        env={**ENVIRONMENT, "PATH": os.environ["PATH"], "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert {"patang", "kiteconnect", "boto3"} <= loaded
    assert not loaded & {"twisted", "autobahn", "numpy", "pyarrow", "xgboost", "pandas", "fastapi", "mcp"}


def test_a_warm_up_leaves_a_broker_for_each_account(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        client = boto3.client("dynamodb")
        client.create_table(
            TableName="desk",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[
                {"AttributeName": "PK", "KeyType": "HASH"},
                {"AttributeName": "SK", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("PK", "SK")],
        )
        open_account(DynamoStore(client, "desk"))
        before = client.scan(TableName="desk")["Items"]
        desk = Desk(ENVIRONMENT)
        desk.warm_lane()
        assert set(desk._brokers) == {("main", desk.standing_settings().mode)}
        assert client.scan(TableName="desk")["Items"] == before
