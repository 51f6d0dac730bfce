"""What `patang doctor --deployment` finds of tools, account and settings."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from patang_workbench.cli import doctor, main
from patang_workbench.deployment import checks
from patang_workbench.deployment.account import AccountError
from patang_workbench.deployment.programs import ProgramError
from patang_workbench.deployment.stage import Stage


class Account:
    """An account that is well; what a test changes is not."""

    def __init__(self, **changes: Any) -> None:
        self.caller: Mapping[str, str] = {
            "Account": "111122223333",
            "Arn": "arn:aws:iam::111122223333:user/me",
        }
        self.version: int | None = 21
        self.there = 1_000
        self.status = "UPDATE_COMPLETE"
        self.region: str | None = "opt-in-not-required"
        for name, value in changes.items():
            setattr(self, name, value)

    def bootstrap_version(self) -> int | None:
        return self.version

    def region_status(self) -> str | None:
        return self.region

    def concurrency(self) -> int:
        return self.there

    def stacks(self) -> dict[str, Mapping[str, Any]]:
        made = datetime.now(UTC) - timedelta(days=3)
        stack = {"StackStatus": self.status, "CreationTime": made}
        return {"patang-paper-data": stack} if self.status else {}


class Tools:
    def check(self) -> str:
        return "2.1146.1"

    def node(self) -> str:
        return "24.19.0"


@pytest.fixture(autouse=True)
def docker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CDK_DOCKER", raising=False)
    monkeypatch.setattr(checks.shutil, "which", lambda name: f"/usr/bin/{name}")


MAIL = {"owner_email": "you@example.com"}


def found(account: Account, tools: Any = None, **stage: Any) -> dict[str, tuple[str, str, str]]:
    entries = checks.deployment_findings(Stage(**(MAIL | stage)), account, tools or Tools())  # type: ignore[arg-type]  # a stand-in
    return {entry.name: (entry.status, entry.found, entry.to_do) for entry in entries}


def test_a_stage_that_can_be_deployed_has_nothing_to_do() -> None:
    told = found(Account())
    assert {status for status, _, _ in told.values()} == {"ok"}
    assert set(told) == {
        "cdk", "docker", "aws", "region", "bootstrap", "concurrency", "stacks", "owner",
    }  # fmt: skip
    assert told["cdk"][1] == "the CDK's command is 2.1146.1, as locked, on Node 24.19.0"
    assert told["stacks"][1] == "paper-data UPDATE_COMPLETE; last changed 3 days ago"


@pytest.mark.parametrize(
    ("account", "stage", "name", "status", "words"),
    [
        ({"version": None}, {}, "bootstrap", "fail", "cdk bootstrap aws://111122223333/ap-south-1"),
        ({"version": 5}, {}, "bootstrap", "fail", "version 5, 6 is the least"),
        ({"region": None}, {}, "region", "fail", "AWS knows no such region"),
        ({"region": "not-opted-in"}, {}, "region", "fail", "enable it under Account"),
        ({}, {"region": "ap-south-2"}, "region", "warn", "ap-south-2 has no prices here"),
        ({"there": 10}, {}, "concurrency", "warn", "10 functions may run at the same time"),
        ({"there": 60}, {"research": True}, "concurrency", "warn", "70 are wanted"),
        ({"status": ""}, {}, "stacks", "warn", "patang deploy --stage paper"),
        ({"status": "UPDATE_ROLLBACK_FAILED"}, {}, "stacks", "fail", "docs/runbooks/upgrade.md"),
        ({"status": "ROLLBACK_COMPLETE"}, {}, "stacks", "fail", "paper-data ROLLBACK_COMPLETE"),
        ({}, {"owner_email": None}, "owner", "warn", "stages.paper"),
        ({}, {"owner_phone": "+919812345678"}, "owner", "warn", "1 USD a month"),
        (
            {"caller": {"Account": "1", "Arn": "arn:aws:iam::1:root"}}, {}, "aws", "warn", "root user",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_what_to_do(
    account: dict[str, Any], stage: dict[str, Any], name: str, status: str, words: str
) -> None:
    told = found(Account(**account), **stage)
    assert told[name][0] == status
    assert words in " ".join(told[name])
    assert {other for other, entry in told.items() if entry[0] != "ok"} == {name}


def test_without_docker_or_the_locked_command_no_deployment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks.shutil, "which", lambda name: None)
    monkeypatch.setenv("CDK_DOCKER", "podman")

    class Other:
        def check(self) -> str:
            raise ProgramError("the CDK's command is 3.0.0, locked is 2.1146.1: run `make setup`")

    told = found(Account(), Other())
    assert told["docker"][:2] == ("fail", "podman is not here: the ingester's image cannot be built")
    assert told["cdk"][:2] == ("fail", "the CDK's command is 3.0.0, locked is 2.1146.1: run `make setup`")


def test_an_account_that_does_not_answer_is_a_finding_and_not_a_trace() -> None:
    class Silent(Account):
        def concurrency(self) -> int:
            raise AccountError("lambda does not answer get_account_settings: AccessDenied")

    assert found(Silent())["concurrency"][:2] == (
        "fail", "lambda does not answer get_account_settings: AccessDenied",
    )  # fmt: skip


def test_the_command_prints_it_and_fails_where_something_does(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    account = Account(status="")
    monkeypatch.setattr(doctor, "StageAccount", lambda stage: account)
    monkeypatch.setattr(doctor, "Programs", Tools)
    assert main(["doctor", "--deployment", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["ok"], told["purchases"]) == (True, [])
    account.version = None
    assert main(["doctor", "--deployment", "--stage", "live"]) == 1
    assert "fail  bootstrap: ap-south-1 of this account is not bootstrapped" in capsys.readouterr().out
    assert main(["doctor", "--deployment", "--settings", "desk.yaml"]) == 1
