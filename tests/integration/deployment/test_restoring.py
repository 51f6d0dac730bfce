"""docs/runbooks/restore-from-pitr.md on the emulator: a table is brought back beside the desk's own, and what
is wanted of it is put back by `patang restore`.
"""

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from patang.accounts.account import Account
from patang.app import Desk
from patang.execution.intent import OrderIntent
from patang.keys import account_key, ingester_lease_key, rate_tokens_key
from patang.records import create, load
from patang_workbench.cli import main
from patang_workbench.cli.deployed import deployed_desk
from tests.integration.deployment.pretended import PretendedCdk
from tests.integration.deployment.test_guides import an_order

COPY = "restored"

__all__ = ["an_order"]

type Restore = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def desk(cdk: PretendedCdk) -> Desk:
    """With two accounts, a lease and rate tokens; `restored` is the table as it is then."""
    assert main(["deploy", "--yes"]) == 0
    desk = deployed_desk("paper")
    for name, user in (("main", "AB1234"), ("slow", "AB1234")):
        desk.accounts().register.add(name, name.title(), "key", "secret", user, "owner")
    for key in (ingester_lease_key(), rate_tokens_key("main", "orders")):
        put(desk, {"PK": {"S": key.partition}, "SK": {"S": key.sort}, "held": {"S": "then"}})
    boto3.client("dynamodb").restore_table_to_point_in_time(
        SourceTableName=desk.variable("DESK_TABLE"), TargetTableName=COPY, UseLatestRestorableTime=True
    )
    return desk


@pytest.fixture
def restore(desk: Desk, capsys: pytest.CaptureFixture[str]) -> Restore:
    def run(*more: str) -> tuple[int, dict[str, Any]]:
        capsys.readouterr()
        code = main(["restore", "desk", "--from", COPY, "--yes", "--json", *more])
        return code, json.loads(capsys.readouterr().out)

    return run


def put(desk: Desk, row: dict[str, Any]) -> None:
    boto3.client("dynamodb").put_item(TableName=desk.variable("DESK_TABLE"), Item=row)


def lost(desk: Desk, account: str) -> None:
    key = account_key(account)
    boto3.client("dynamodb").delete_item(
        TableName=desk.variable("DESK_TABLE"), Key={"PK": {"S": key.partition}, "SK": {"S": key.sort}}
    )


def label(desk: Desk, account: str) -> str:
    found = load(desk.store, Account, account_key(account))
    assert found is not None
    return found.label


def test_what_is_gone_comes_back_and_what_has_changed_stays(desk: Desk, restore: Restore) -> None:
    lost(desk, "slow")
    desk.accounts().register.rename("main", "Renamed", "owner")
    code, told = restore()

    assert (code, told["missing"], told["put_back"], told["left"]) == (0, 1, 1, 0)
    assert told["changed"] == 1
    assert told["since"] == 1, "the event of renaming"
    assert (label(desk, "slow"), label(desk, "main")) == ("Slow", "Renamed")
    assert restore()[1]["put_back"] == 0


def test_what_has_changed_comes_back_where_it_is_asked_for_and_counts_as_a_new_write(
    desk: Desk, restore: Restore
) -> None:
    before = load(desk.store, Account, account_key("main"))
    assert before is not None
    desk.accounts().register.rename("main", "Spoilt", "owner")
    spoilt = load(desk.store, Account, account_key("main"))
    assert spoilt is not None
    assert restore("--changed")[1]["put_back"] == 1
    now = load(desk.store, Account, account_key("main"))

    assert now is not None
    assert (now.label, now.revision) == ("Main", spoilt.revision + 1)
    assert now.evolve(revision=0) == before.evolve(revision=0)


def test_what_was_true_for_a_moment_is_never_put_back(desk: Desk, restore: Restore) -> None:
    for key in (ingester_lease_key(), rate_tokens_key("main", "orders")):
        row = {"PK": {"S": key.partition}, "SK": {"S": key.sort}}
        put(desk, {**row, "held": {"S": "now"}})
    dynamodb = boto3.client("dynamodb")
    expired = {"PK": {"S": "OLD"}, "SK": {"S": "1"}, "ttl": {"N": "1000"}}
    dynamodb.put_item(TableName=COPY, Item=expired)
    code, told = restore("--changed")

    assert (code, told["missing"], told["changed"], told["put_back"]) == (0, 0, 0, 0)


def test_only_the_partitions_that_are_asked_for(desk: Desk, restore: Restore) -> None:
    lost(desk, "slow")
    assert restore("--partition", "SETTINGS")[1]["missing"] == 0
    assert restore("--partition", "ACCOUNTS")[1]["put_back"] == 1


def test_while_an_order_is_on_its_way_nothing_is_turned_back(
    desk: Desk, restore: Restore, an_order: OrderIntent, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.store.write(create(an_order))
    lost(desk, "slow")
    assert main(["restore", "desk", "--from", COPY, "--changed", "--yes"]) == 1
    assert an_order.intent_id in capsys.readouterr().err
    assert restore()[1]["put_back"] == 1


def test_a_person_sees_what_differs_before_he_says_restore(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lost(desk, "slow")
    said = iter(["yes", "restore"])
    monkeypatch.setattr("builtins.input", lambda question: next(said))
    assert main(["restore", "desk", "--from", COPY]) == 1
    assert "1 gone: ACCOUNTS" in capsys.readouterr().out
    assert load(desk.store, Account, account_key("slow")) is None
    assert main(["restore", "desk", "--from", COPY]) == 0
    assert "1 rows were put back" in capsys.readouterr().out


def test_a_table_that_is_not_there_is_said(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["restore", "desk", "--from", "nowhere", "--yes"]) == 1
    assert "nowhere cannot be read" in capsys.readouterr().err
