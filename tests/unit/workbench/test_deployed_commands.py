"""`patang accounts` and `patang settings` against a desk's tables on a pretended AWS."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from patang.app import Desk
from patang.keys import OPEN_POSITIONS
from patang.market.sessions import IST
from patang.ports import Key, Put
from patang.settings import Settings
from patang_workbench.cli import accounts, main, settings
from patang_workbench.cli.settings_file import read_settings
from tests.fakes import FixedClock

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


def test_an_account_is_changed_and_taken_off_and_people_are_let_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATANG_API_SECRET", "very-secret")

    def said(*words: str) -> Any:
        assert main(["accounts", *words, "--json"]) == 0
        out = capsys.readouterr().out
        assert "secret" not in out
        return json.loads(out.splitlines()[-1])

    said("add", "main", "--api-key", "k", "--user-id", "AB1234")
    assert said("rename", "main", "Slow money")[0]["label"] == "Slow money"
    monkeypatch.setenv("PATANG_API_SECRET", "another")
    assert said("credentials", "main", "--api-key", "k2")[0]["api_key"] == "k2"
    assert desk.secrets.get("patang/paper/account/main") == {"api_secret": "another"}
    assert said("disable", "main")[0]["enabled"] is False
    assert said("enable", "main")[0]["enabled"] is True
    stranger = ["accounts", "add", "second", "--api-key", "k", "--user-id", "CD5678"]
    assert main(stranger) == 1
    assert "patang accounts allow CD5678" in capsys.readouterr().err
    assert len(said("allow", "CD5678", "--owner", "owner")) == 2
    assert main(stranger) == 0
    assert said("withdraw", "CD5678")[-1] == {"kite_user_id": "CD5678", "owner": "owner", "allowed": False}
    assert [row["enabled"] for row in said("list")] == [True, False]
    assert said("delete", "main") == [{"account": "main", "removed": True}]
    assert [row["account"] for row in said("list")] == ["second"]
    assert desk.secrets.get("patang/paper/account/main") is None


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


def test_who_changed_what_and_when_is_told(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "desk.yaml"
    for text, note in (("{}", "begin"), ("options: {last_entry: 14:00, first_entry: 09:40}", "shorter")):
        file.write_text(text)
        assert main(["settings", "put", str(file), "--note", note]) == 0
    capsys.readouterr()
    assert main(["settings", "history", "--json"]) == 0
    newest, first = json.loads(capsys.readouterr().out)
    assert (newest["version"], newest["note"], first["version"]) == (2, "shorter", 1)
    assert newest["written_by"].startswith("arn:aws:")
    assert {"path": "options.last_entry", "old": "14:45", "new": "14:00"} in newest["changes"]
    assert main(["settings", "history", "--limit", "1"]) == 0
    assert "options.first_entry: 09:20 -> 09:40" in capsys.readouterr().out
    assert main(["settings", "show", "--version", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["options"]["last_entry"] == "14:45"
    assert main(["settings", "show", "--version", "7"]) == 1
    assert "no version 7" in capsys.readouterr().err


def test_a_limit_that_waits_is_shown(desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    desk.clock = FixedClock(datetime(2026, 8, 18, 10, 0, tzinfo=IST))
    file = tmp_path / "desk.yaml"
    for percent in (1, 3):
        file.write_text(f"risk: {{risk_per_trade_pct: {percent}}}")
        assert main(["settings", "put", str(file)]) == 0
    capsys.readouterr()
    assert main(["settings", "show"]) == 0
    out = capsys.readouterr().out
    assert "in force from 2026-08-19 00:00" in out
    assert "#   risk.risk_per_trade_pct: 3" in out
    assert "risk_per_trade_pct: '1'" in out


def test_the_template_is_the_safe_defaults(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["settings", "template"]) == 0
    file = tmp_path / "desk.yaml"
    file.write_text(capsys.readouterr().out)
    assert read_settings(file) == Settings()
    assert main(["settings", "check", str(file)]) == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("risk:\n  min_confidence: 1.5\n", "risk.min_confidence = 1.5"),
        ("riks: {}\n", "riks"),
        ("mode: simulator\n", "kite.root"),
        ("a: [", "cannot be read"),
        ("mode: paper\nmode: live\n", "mode is said twice"),
        ("[paper]", "the whole = ['paper']"),
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
