"""`patang doctor --deployment` of a stage that stands on the emulator: what is wrong, one thing at a time."""

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from patang.app import Desk
from patang.settings import Settings
from patang_workbench.cli import main
from patang_workbench.cli.deployed import deployed_desk
from patang_workbench.deployment.programs import Programs
from tests.integration.deployment.pretended import PretendedCdk, table

ACCOUNT = "000000000000"
BUDGET = "patang-paper-month"
SECRET = "patang/paper/account/main"
# Who asks the emulator is its root user, and the test's cdk.json names no mailbox.
AS_IT_IS = {"aws", "owner"}

type Examined = Callable[[], dict[str, dict[str, Any]]]


def whole(cdk: PretendedCdk) -> None:
    """What of a data stack the doctor looks at, with the properties that the stage's own has."""
    data = cdk.stacks["paper"]["patang-paper-data"]
    data["Resources"] |= {
        "Desk": table(DeletionProtectionEnabled=True),
        "Audit": table(DeletionProtectionEnabled=True),
        "Store": {
            "Type": "AWS::S3::Bucket",
            "Properties": {"VersioningConfiguration": {"Status": "Enabled"}},
            "DeletionPolicy": "Retain",
        },
        "Notify": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "messages"}},
        "Alarms": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "alarms"}},
    }
    for output, resource in {
        "AuditTable": "Audit",
        "StoreBucket": "Store",
        "NotifyTopicArn": "Notify",
        "AlarmTopicArn": "Alarms",
    }.items():
        data["Outputs"][output] = {"Value": {"Ref": resource}}


@pytest.fixture
def desk(cdk: PretendedCdk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A stage that is well: heard, registered, with its secret, watched and safe."""
    whole(cdk)
    assert main(["deploy", "--yes"]) == 0
    desk = deployed_desk("paper")
    desk.accounts().register.add("main", "Main", "key", "very-secret", "AB1234", "owner")
    desk.settings_changes().put(Settings(registered_egress_ip="203.0.113.7"), "owner")
    for name in ("DESK_TABLE", "AUDIT_TABLE"):
        recoverable(desk, name, on=True)
    sns = boto3.client("sns")
    for topic in ("NOTIFY_TOPIC_ARN", "ALARM_TOPIC_ARN"):
        # A queue needs no confirmation and is heard like a mailbox that has given it.
        queue = boto3.client("sqs").create_queue(QueueName=f"heard-{topic[:6].lower()}")["QueueUrl"]
        arn = f"arn:aws:sqs:ap-south-1:{ACCOUNT}:{queue.rsplit('/', 1)[1]}"
        sns.subscribe(TopicArn=desk.variable(topic), Protocol="sqs", Endpoint=arn)
    make_budget("35")
    return desk


@pytest.fixture
def examined(capsys: pytest.CaptureFixture[str], desk: Desk) -> Examined:
    capsys.readouterr()

    def ask() -> dict[str, dict[str, Any]]:
        code = main(["doctor", "--deployment", "--json"])
        told = json.loads(capsys.readouterr().out)
        found = {entry["name"]: entry for entry in told["checks"]}
        assert code == (1 if "fail" in {entry["status"] for entry in found.values()} else 0)
        assert told["ok"] is (code == 0)
        assert "very-secret" not in json.dumps(told)
        return found

    return ask


def recoverable(desk: Desk, table_name: str, *, on: bool) -> None:
    boto3.client("dynamodb").update_continuous_backups(
        TableName=desk.variable(table_name),
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": on},
    )


def make_budget(limit: str) -> None:
    amount = {"Amount": limit, "Unit": "USD"}
    budget = {"BudgetName": BUDGET, "BudgetType": "COST", "TimeUnit": "MONTHLY", "BudgetLimit": amount}
    boto3.client("budgets").create_budget(AccountId=ACCOUNT, Budget=budget)


def test_a_stage_that_is_well_has_nothing_to_do(examined: Examined) -> None:
    found = examined()
    assert {name for name, entry in found.items() if entry["status"] != "ok"} == AS_IT_IS
    assert set(found) >= {"subscriptions", "registered_ip", "secrets", "budget", "data", "region", "stacks"}
    assert found["registered_ip"]["found"].startswith("203.0.113.7, as you said")
    assert found["secrets"]["found"] == "2, of which 1 were made at run time"
    assert found["budget"]["found"] == "35 USD a month, 0.00 are spent"


def unheard(desk: Desk) -> None:
    sns = boto3.client("sns")
    for entry in sns.list_subscriptions_by_topic(TopicArn=desk.variable("ALARM_TOPIC_ARN"))["Subscriptions"]:
        sns.unsubscribe(SubscriptionArn=entry["SubscriptionArn"])


def other_address(desk: Desk) -> None:
    desk.settings_changes().put(Settings(registered_egress_ip="198.51.100.1"), "owner")


def no_address(desk: Desk) -> None:
    desk.settings_changes().put(Settings(), "owner")


def other_address_live(desk: Desk) -> None:
    desk.settings_changes().put(Settings(mode="live", registered_egress_ip="198.51.100.1"), "owner")


def secret_gone(desk: Desk) -> None:
    boto3.client("secretsmanager").delete_secret(SecretId=SECRET, ForceDeleteWithoutRecovery=True)


def secret_going(desk: Desk) -> None:
    boto3.client("secretsmanager").delete_secret(SecretId=SECRET, RecoveryWindowInDays=30)


def secret_of_nobody(desk: Desk) -> None:
    desk.secrets.put("patang/paper/account/gone", {"api_secret": "very-secret"})


def no_budget(desk: Desk) -> None:
    boto3.client("budgets").delete_budget(AccountId=ACCOUNT, BudgetName=BUDGET)


def other_budget(desk: Desk) -> None:
    no_budget(desk)
    make_budget("500")


def no_recovery(desk: Desk) -> None:
    recoverable(desk, "AUDIT_TABLE", on=False)


def can_be_deleted(desk: Desk) -> None:
    boto3.client("dynamodb").update_table(
        TableName=desk.variable("DESK_TABLE"), DeletionProtectionEnabled=False
    )


def no_versions(desk: Desk) -> None:
    suspended = {"Status": "Suspended"}
    boto3.client("s3").put_bucket_versioning(
        Bucket=desk.variable("STORE_BUCKET"), VersioningConfiguration=suspended
    )


def key_going(desk: Desk) -> None:
    key = desk.variable("SECRET_KEY_ID")
    boto3.client("kms").schedule_key_deletion(KeyId=key, PendingWindowInDays=7)


@pytest.mark.parametrize(
    ("harm", "name", "status", "words"),
    [
        (unheard, "subscriptions", "fail", "nobody hears alarms"),
        (other_address, "registered_ip", "warn", "orders leave from 203.0.113.7, and 198.51.100.1"),
        (no_address, "registered_ip", "warn", "register 203.0.113.7 in your app"),
        (other_address_live, "registered_ip", "fail", "once a week at most"),
        (secret_gone, "secrets", "fail", "patang accounts credentials main"),
        (secret_going, "secrets", "fail", f"restore-secret --secret-id {SECRET}"),
        (secret_of_nobody, "secrets", "warn", "patang/paper/account/gone"),
        (no_budget, "budget", "fail", "nobody watches the bill"),
        (other_budget, "budget", "warn", "the account's is 500 USD, cdk.json says 35"),
        (no_recovery, "data", "fail", "has no point-in-time recovery"),
        (can_be_deleted, "data", "fail", "can be deleted"),
        (no_versions, "data", "fail", "keeps no versions"),
        (key_going, "data", "fail", "is PendingDeletion"),
    ],
)
def test_what_is_wrong_with_what_stands_is_found_with_what_to_do(
    examined: Examined, desk: Desk, harm: Callable[[Desk], None], name: str, status: str, words: str
) -> None:
    harm(desk)
    found = examined()
    assert found[name]["status"] == status, found[name]
    assert words in f"{found[name]['found']} {found[name]['what_to_do']}"
    assert found[name]["what_to_do"]
    assert {other for other, entry in found.items() if entry["status"] != "ok"} == {*AS_IT_IS, name}


def test_stacks_that_make_no_desk_are_a_finding(examined: Examined, cdk: PretendedCdk) -> None:
    boto3.client("cloudformation").delete_stack(StackName="patang-paper-trading")
    found = examined()
    assert found["desk"]["status"] == "fail"
    assert "docs/runbooks/upgrade.md" in found["desk"]["what_to_do"]
    assert Programs().check() in found["cdk"]["found"]
