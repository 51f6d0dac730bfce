"""`patang accounts` and `patang settings` against a desk's tables on a pretended AWS."""

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from patang.app import Desk
from patang.keys import OPEN_POSITIONS
from patang.ports import Key, Put
from patang_workbench.cli import accounts, main, settings

_KEYS = ("PK", "SK", "GSI1PK", "GSI1SK")


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-south-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        boto3.client("dynamodb").create_table(
            TableName="desk-table",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[
                {"AttributeName": "PK", "KeyType": "HASH"},
                {"AttributeName": "SK", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in _KEYS],
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
        variables = {"DESK_TABLE": "desk-table", "SECRET_PREFIX": "patang/paper", "STAGE": "paper"}
        found = Desk(variables)
        for module in (accounts, settings):
            monkeypatch.setattr(module, "deployed_desk", lambda _stage: found)
        yield found


def test_an_account_is_registered_and_listed_without_its_secret(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATANG_API_SECRET", "very-secret")
    assert main(["accounts", "add", "main", "--api-key", "k", "--user-id", "AB1234"]) == 0
    assert main(["accounts", "list", "--json"]) == 0
    out = capsys.readouterr().out
    assert "very-secret" not in out
    (row,) = json.loads(out.splitlines()[-1])
    assert (row["account"], row["kite_user_id"]) == ("main", "AB1234")
    assert desk.secrets.get("patang/paper/account/main") == {"api_secret": "very-secret"}


def test_a_name_that_cannot_be_is_said(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATANG_API_SECRET", "very-secret")
    assert main(["accounts", "add", "Main Account", "--api-key", "k", "--user-id", "AB1234"]) == 1
    assert "'Main Account'" in capsys.readouterr().err


def test_settings_are_stored_whole_and_shown(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "desk.yaml"
    file.write_text("risk:\n  max_concurrent_positions: 3\n")
    assert main(["settings", "put", str(file)]) == 0
    capsys.readouterr()
    assert main(["settings", "show", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["risk"]["max_concurrent_positions"] == 3
    assert shown["mode"] == "paper"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("risk:\n  min_confidence: 1.5\n", "risk.min_confidence = 1.5"),
        ("riks: {}\n", "riks"),
        ("mode: simulator\n", "kite.root"),
        ("a: [", "cannot be read"),
    ],
)
def test_wrong_settings_name_the_field_and_store_nothing(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    file = tmp_path / "desk.yaml"
    file.write_text(text)
    assert main(["settings", "put", str(file)]) == 1
    assert said in capsys.readouterr().err
    assert desk.store.get(Key("SETTINGS", "current")) is None


def test_the_mode_is_not_changed_while_something_is_held(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.store.write(Put(Key("ACCOUNT#main", "POSITION#P1"), {"revision": 1}, Key(OPEN_POSITIONS, "main#P1")))
    file = tmp_path / "desk.yaml"
    file.write_text("mode: live\n")
    assert main(["settings", "put", str(file)]) == 1
    assert "1 positions or orders are open in mode paper" in capsys.readouterr().err


class NoStack:
    """CloudFormation in an account where nothing is deployed."""

    def describe_stacks(self, **_request: str) -> None:
        raise ClientError(
            {"Error": {"Code": "ValidationError", "Message": "does not exist"}}, "DescribeStacks"
        )


def test_a_stage_that_is_not_deployed_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(boto3, "client", lambda _service: NoStack())
    assert main(["settings", "show", "--stage", "live"]) == 1
    assert "patang-live-data cannot be read" in capsys.readouterr().err
