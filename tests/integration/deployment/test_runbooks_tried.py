"""What runbooks tell to type, typed: the commands of their blocks, as they stand but for the names in <>, on
the emulator.
"""

import json
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import xform_name

from patang.app import Desk
from patang.identity.credentials import fingerprint
from patang.identity.sign_in import SESSION_LASTS
from patang.identity.stored import BrowserSession
from patang.keys import account_key
from patang.records import create
from patang_workbench.cli import main
from patang_workbench.cli.deployed import deployed_desk
from patang_workbench.deployment.programs import ROOT
from tests.integration.deployment.pretended import PretendedCdk, table
from tests.integration.deployment.test_doctor_of_a_deployment import recoverable, whole

BLOCK = re.compile(r"^```[a-z]*\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture
def desk(cdk: PretendedCdk) -> Desk:
    whole(cdk)
    data = cdk.stacks["paper"]["patang-paper-data"]
    data["Resources"]["Auth"] = table()
    data["Outputs"]["AuthTable"] = {"Value": {"Ref": "Auth"}}
    assert main(["deploy", "--yes"]) == 0
    desk = deployed_desk("paper")
    desk.accounts().register.add("main", "Main", "key", "secret", "AB1234", "owner")
    recoverable(desk, "DESK_TABLE", on=True)
    return desk


def typed(page: str, *beginning: str, **places: str) -> Any:
    """The command of a page's blocks that begins so, with what stands for its places, carried out: what AWS
    answers, or the exit code of `patang`."""
    text = (ROOT / f"docs/runbooks/{page}.md").read_text()
    lines = "\n".join(BLOCK.findall(text)).replace("\\\n", " ").splitlines()
    (line,) = (line for line in lines if line.split()[: len(beginning)] == list(beginning))
    for place, value in places.items():
        assert f"<{place}>" in line, f"{line} has no <{place}>"
        line = line.replace(f"<{place}>", value)
    assert "<" not in line, line
    program, *words = shlex.split(line)
    return main(words) if program == "patang" else asked(words)


def asked(words: list[str]) -> Any:
    service, action, *options = words
    client = boto3.client(service)
    waits = action == "wait"
    if waits:
        action, *options = options
    given = dict(zip((o.removeprefix("--") for o in options[::2]), options[1::2], strict=True))
    if waits:
        client.get_waiter(action.replace("-", "_")).wait(TableName=given["table-name"])
        return None
    method = action.replace("-", "_")
    shape = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method]).input_shape
    members = {xform_name(name, "-"): (name, member) for name, member in shape.members.items()}
    request = {members[name][0]: read(value, members[name][1]) for name, value in given.items()}
    return getattr(client, method)(**request)


def read(value: str, member: Any) -> Any:
    """A value as the AWS command takes it from the shell."""
    if member.type_name in ("structure", "map", "list"):
        return json.loads(value)
    return int(value) if member.type_name in ("integer", "long") else value


def test_every_session_of_the_pages_is_ended(desk: Desk) -> None:
    now = desk.clock.now()
    sessions = [
        BrowserSession(
            session_hash=fingerprint(secret),
            principal="owner",
            account="main",
            kite_user_id="AB1234",
            began_at=now,
            until=now + SESSION_LASTS,
        )
        for secret in ("one", "two")
    ]
    desk.auth_store.write(*map(create, sessions))
    auth = {"AuthTable": desk.variable("AUTH_TABLE")}
    found: list[Mapping[str, Any]] = typed("token-lost", "aws", "dynamodb", "scan", **auth)["Items"]

    assert [desk.sign_in().principal(secret) is None for secret in ("one", "two")] == [False, False]
    assert {row["PK"]["S"] for row in found} == {session.key().partition for session in sessions}
    for row in found:
        hashed = row["PK"]["S"].removeprefix("SESSION#")
        typed("token-lost", "aws", "dynamodb", "delete-item", **auth, hash=hashed)
    assert [desk.sign_in().principal(secret) is None for secret in ("one", "two")] == [True, True]


def test_what_seals_a_calls_state_is_changed_and_the_old_key_opens_for_a_while(desk: Desk) -> None:
    name = "patang/paper/mcp/request-state"
    boto3.client("secretsmanager").put_secret_value(SecretId=name, SecretString=json.dumps({"key": "old"}))
    told = typed("key-rotation", "aws", "secretsmanager", "get-secret-value", stage="paper")
    old = json.loads(told["SecretString"])["key"]
    new = "0" * 64
    places = {"stage": "paper", "64 new letters and digits": new, "the old key": old}
    typed("key-rotation", "aws", "secretsmanager", "put-secret-value", **places)

    assert deployed_desk("paper").request_state_keys() == (new, "old")


def test_a_key_that_somebody_wants_deleted_is_kept(desk: Desk) -> None:
    kms, key = boto3.client("kms"), desk.variable("SECRET_KEY_ID")
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    text = (ROOT / "docs/runbooks/key-rotation.md").read_text()
    for command in ("cancel-key-deletion", "enable-key"):
        (words,) = re.findall(rf"`aws (kms {command} [^`]*)`", text)
        asked(shlex.split(words.replace("KEY", key)))

    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"


def test_a_table_is_brought_back_and_its_rows_with_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    own = {"DeskTable": desk.variable("DESK_TABLE")}
    status = typed("restore-from-pitr", "aws", "dynamodb", "describe-continuous-backups", **own)
    recovery = status["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"
    typed("restore-from-pitr", "aws", "dynamodb", "restore-table-to-point-in-time", **own)
    typed("restore-from-pitr", "aws", "dynamodb", "wait")
    lost = account_key("main")
    boto3.client("dynamodb").delete_item(
        TableName=own["DeskTable"], Key={"PK": {"S": lost.partition}, "SK": {"S": lost.sort}}
    )
    assert deployed_desk("paper").accounts().list() == ()
    monkeypatch.setattr("builtins.input", lambda question: "restore")

    assert typed("restore-from-pitr", "patang", "restore", stage="paper") == 0
    assert [account.account for account in deployed_desk("paper").accounts().list()] == ["main"]


def test_a_registered_address_is_put_into_the_settings(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    assert main(["settings", "show", "--stage", "paper"]) == 0
    shown = capsys.readouterr().out.replace("registered_egress_ip: null", "registered_egress_ip: 203.0.113.7")
    Path("settings.yaml").write_text(shown)

    assert typed("first-deployment", "patang", "settings", "put") == 0
    assert deployed_desk("paper").settings_changes().in_force().registered_egress_ip == "203.0.113.7"
