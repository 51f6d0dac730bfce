"""A stage's life on the emulator, by the guides and with the project's own templates and code: deployed,
used, changed, updated, destroyed, deployed again, given up. What the desk knows is there at every step.
"""

import contextlib
import io
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from patang.app import Desk
from patang.market.sessions import IST
from patang_workbench.cli import main, staged
from patang_workbench.cli.deployed import deployed_desk
from patang_workbench.deployment import checks
from patang_workbench.local_stack.emulator import Emulator
from tests.integration.deployment.conftest import with_docker
from tests.integration.deployment.whole_stage import LocalCdk, Tree

STACKS = ["patang-paper-data", "patang-paper-trading", "patang-paper-access", "patang-paper-operations"]
HEARTBEAT = "patang-paper-heartbeat"
# Said each time, as one that stands in cdk.json would be: the templates are made twice and no more.
SETTING = ("-c", "log_retention_days=7")
SECRET = "patang/paper/account/main"


@dataclass
class Life:
    """What was seen on the way, by the step."""

    emulator: Emulator
    cdk: LocalCdk
    told: dict[str, dict[str, Any]]
    codes: dict[str, int]
    rows: dict[str, dict[str, list[str]]]
    here: dict[str, dict[str, set[str]]]
    answers: dict[str, dict[str, Any]]
    retention: dict[str, int]
    chains: dict[str, int]


def tables(emulator: Emulator, outputs: dict[str, str]) -> dict[str, list[str]]:
    """Every row of the three tables, and every object of the bucket, as text."""
    dynamodb, s3 = emulator.client("dynamodb"), emulator.client("s3")
    found = {
        name: sorted(
            json.dumps(row, sort_keys=True) for row in dynamodb.scan(TableName=outputs[name])["Items"]
        )
        for name in ("DeskTable", "AuthTable", "AuditTable")
    }
    objects = s3.list_objects_v2(Bucket=outputs["StoreBucket"]).get("Contents", [])
    found["StoreBucket"] = sorted(
        s3.get_object(Bucket=outputs["StoreBucket"], Key=o["Key"])["Body"].read().decode() for o in objects
    )
    return found


def everything(emulator: Emulator) -> dict[str, set[str]]:
    """What there is at the emulator that costs money or holds something, by kind, by its physical name."""
    ask = emulator.client
    keys = ask("kms").list_keys()["Keys"]
    buckets = {entry["Name"] for entry in ask("s3").list_buckets()["Buckets"]}
    functions = ask("lambda").get_paginator("list_functions").paginate()
    alarms = ask("cloudwatch").get_paginator("describe_alarms").paginate()
    return {
        "AWS::DynamoDB::Table": set(ask("dynamodb").list_tables()["TableNames"]),
        "AWS::S3::Bucket": {b for b in buckets if not b.startswith(("cdk-", "patang-templates"))},
        "AWS::KMS::Key": {entry["KeyId"] for entry in keys},
        "AWS::Kinesis::Stream": set(ask("kinesis").list_streams()["StreamNames"]),
        "AWS::SQS::Queue": set(ask("sqs").list_queues().get("QueueUrls", [])),
        "AWS::Lambda::Function": {f["FunctionName"] for page in functions for f in page["Functions"]},
        "AWS::SNS::Topic": {t["TopicArn"] for t in ask("sns").list_topics()["Topics"]},
        "AWS::CloudWatch::Alarm": {a["AlarmName"] for page in alarms for a in page["MetricAlarms"]},
        "AWS::StepFunctions::StateMachine": {
            m["stateMachineArn"] for m in ask("stepfunctions").list_state_machines()["stateMachines"]
        },
        "AWS::ApiGatewayV2::Api": {a["ApiId"] for a in ask("apigatewayv2").get_apis()["Items"]},
        "AWS::SecretsManager::Secret": {
            s["Name"] for s in ask("secretsmanager").list_secrets()["SecretList"]
        },
        "AWS::ECS::Service": set(ask("ecs").list_clusters()["clusterArns"]),
        "AWS::CloudWatch::Dashboard": {
            d["DashboardName"] for d in ask("cloudwatch").list_dashboards()["DashboardEntries"]
        },
    }


def chained(desk: Desk, least: int) -> int:
    """The entries of today's chain of the account once there are so many; fails if it is not whole."""
    deadline = time.monotonic() + 30
    while True:
        found = desk.audit_log().verify("main", desk.clock.now().astimezone(IST).date())
        if found.entries >= least or time.monotonic() > deadline:
            assert found.ok, found.reason
            return found.entries
        time.sleep(0.2)


def invoked(emulator: Emulator) -> dict[str, Any]:
    """What the deployed heartbeat answers now."""
    event = json.dumps({"scheduled_time": datetime.now(UTC).isoformat()})
    reply = emulator.client("lambda").invoke(FunctionName=HEARTBEAT, Payload=event)
    found: dict[str, Any] = json.loads(reply["Payload"].read())
    assert "FunctionError" not in reply, found
    return found


def kept_for_days(emulator: Emulator) -> int:
    name = f"/aws/lambda/{HEARTBEAT}"
    (group,) = emulator.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return int(group["retentionInDays"])


@pytest.fixture(scope="module")
def life(running: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    """Lived once; the tests below look back on it."""
    before = dict(os.environ)
    running.reset()
    folder = tmp_path_factory.mktemp("whole")
    cdk = LocalCdk(Tree(folder / "tree"), running, folder)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in running.client_environment().items():
            patch.setenv(name, value)
        for name in ("AWS_PROFILE", "CDK_DOCKER"):
            patch.delenv(name, raising=False)
        patch.setattr(staged, "Programs", cdk)
        patch.setattr(checks.shutil, "which", with_docker)
        running.client("ssm").put_parameter(
            Name="/cdk-bootstrap/hnb659fds/version", Value="21", Type="String"
        )
        yield live(Life(running, cdk, {}, {}, {}, {}, {}, {}, {}))
    os.environ.clear()
    os.environ.update(before)


def said(*words: str) -> tuple[int, dict[str, Any]]:
    """The exit code of a command and the JSON it printed."""
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        code = main(list(words))
    assert out.getvalue(), err.getvalue()
    return code, json.loads(out.getvalue())


def use(life: Life, outputs: dict[str, str]) -> None:
    """An account with its secret, a row of the auth table, an object: what a desk has after a day."""
    desk = deployed_desk("paper")
    desk.accounts().register.add("main", "Main", "a key", "a secret", "AB1234", "owner")
    token = {"PK": {"S": "TOKEN#1"}, "SK": {"S": "TOKEN"}}
    life.emulator.client("dynamodb").put_item(TableName=outputs["AuthTable"], Item=token)
    life.emulator.client("s3").put_object(
        Bucket=outputs["StoreBucket"], Key="trade_logs/trades_2026-08-18.json", Body=b"trades"
    )
    life.chains["first"] = chained(desk, 1)


def rename(life: Life, label: str, *, least: int) -> None:
    """One more event, which (audit_linker) has to chain to those before."""
    desk = deployed_desk("paper")
    desk.accounts().register.rename("main", label, "owner")
    life.chains[label] = chained(desk, least)


def live(life: Life) -> Life:
    def step(name: str, *words: str) -> dict[str, Any]:
        code, told = said(*words, "--json")
        life.codes[name], life.told[name] = code, told
        return told

    outputs = step("made", "deploy", "--yes")["outputs"]
    use(life, outputs)
    life.answers["first"], life.retention["first"] = invoked(life.emulator), kept_for_days(life.emulator)
    step("unchanged", "diff")
    life.cdk.tree.change("functions/heartbeat/handler.py", '{"ok": True}', '{"ok": True, "version": 2}')
    life.cdk.version = 2
    life.rows["before"] = tables(life.emulator, outputs)
    step("changed", "diff", *SETTING)
    step("updated", "deploy", "--yes", *SETTING)
    life.rows["after"] = tables(life.emulator, outputs)
    life.answers["second"], life.retention["second"] = invoked(life.emulator), kept_for_days(life.emulator)
    rename(life, "after the update", least=2)
    life.here["deployed"] = everything(life.emulator)
    step("destroyed", "destroy", "--yes", *SETTING)
    life.here["destroyed"] = everything(life.emulator)
    life.rows["destroyed"] = tables(life.emulator, outputs)
    step("again", "deploy", "--yes", *SETTING)
    rename(life, "deployed again", least=3)
    life.rows["again"] = tables(life.emulator, outputs)
    step("given up", "destroy", "--data", "--yes", *SETTING)
    life.here["given up"] = everything(life.emulator)
    life.rows["given up"] = tables(life.emulator, outputs)
    return life


def test_every_step_was_done_and_only_a_change_is_a_difference(life: Life) -> None:
    assert life.codes == {
        "made": 0, "unchanged": 0, "changed": 1, "updated": 0, "destroyed": 0, "again": 0, "given up": 0,
    }  # fmt: skip
    assert [stack["stack"] for stack in life.told["made"]["stacks"]] == STACKS
    assert life.told["unchanged"]["changed"] is False


def test_code_and_a_setting_are_changed_and_the_data_stack_is_not(life: Life) -> None:
    (data, trading, *_) = life.told["changed"]["stacks"]

    assert (data["added"], data["changed"], data["removed"], data["rest"]) == ([], [], [], [])
    assert [name for name in trading["changed"] if "HeartbeatFunction" in name]
    assert life.told["changed"]["would_let_go"] == []
    assert life.answers["first"]["ok"] is True
    assert "version" not in life.answers["first"]
    assert life.answers["second"] == life.answers["first"] | {"version": 2}
    assert (life.retention["first"], life.retention["second"]) == (30, 7)


def test_rows_objects_and_addresses_are_those_of_before_the_update(life: Life) -> None:
    assert all(life.rows["before"].values())
    assert life.rows["after"] == life.rows["before"]
    assert life.told["updated"]["outputs"] == life.told["made"]["outputs"]
    assert life.told["updated"]["settings_begun"] is None


def test_the_audit_chain_goes_on_over_an_update_and_over_destroying(life: Life) -> None:
    """The account is registered, renamed after the update, and again after the stage was destroyed."""
    first, *later = life.chains.values()

    assert first >= 1
    assert later == [first + 1, first + 2]


def test_stacks_go_the_last_first_and_the_data_stack_only_when_it_is_named(life: Life) -> None:
    assert life.told["destroyed"]["destroyed"] == list(reversed(STACKS[1:]))
    assert life.cdk.destroyed == [*reversed(STACKS[1:]), *reversed(STACKS)]


def test_destroying_lists_the_secrets_made_at_run_time_and_they_stay(life: Life) -> None:
    for step in ("destroyed", "given up"):
        assert life.told[step]["secrets_made_at_run_time"] == [SECRET]
        assert life.here[step]["AWS::SecretsManager::Secret"] == {SECRET}
    assert SECRET in life.here["deployed"]["AWS::SecretsManager::Secret"]


def test_whatever_is_left_was_named_and_nothing_of_the_replaceable_is(life: Life) -> None:
    named = {(entry["type"], entry["name"]) for entry in life.told["given up"]["stays"]}
    left = {
        (kind, name)
        for kind, names in life.here["given up"].items()
        for name in names
        if kind != "AWS::SecretsManager::Secret"
    }

    assert left == {entry for entry in named if entry[0] in life.here["given up"]}
    assert {kind for kind, _ in left} == {"AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::KMS::Key"}
    for kind in ("Function", "Queue", "Stream", "StateMachine", "Alarm", "Dashboard", "Service"):
        (found,) = (names for name, names in life.here["destroyed"].items() if name.endswith(f"::{kind}"))
        assert found == set(), kind
        (before,) = (names for name, names in life.here["deployed"].items() if name.endswith(f"::{kind}"))
        assert before, kind


def test_what_the_desk_knew_is_there_after_destroying_and_after_giving_up(life: Life) -> None:
    account = [row for row in life.rows["destroyed"]["DeskTable"] if "after the update" in row]

    assert account
    assert life.rows["destroyed"]["StoreBucket"] == life.rows["before"]["StoreBucket"]
    assert life.told["again"]["outputs"] == life.told["made"]["outputs"]
    assert set(life.rows["again"]["AuditTable"]) > set(life.rows["before"]["AuditTable"]) - heads(life)
    assert life.rows["given up"] == life.rows["again"]


def heads(life: Life) -> set[str]:
    """Rows of the audit table that move on with each entry."""
    return {row for row in life.rows["before"]["AuditTable"] if "HEAD" in row}
