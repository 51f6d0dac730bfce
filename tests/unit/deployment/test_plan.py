"""A plan of templates beside what an account has."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from patang_workbench.deployment.plan import Plan, made_plan
from patang_workbench.deployment.stage import Stage

QUEUE = {"Type": "AWS::SQS::Queue", "Properties": {}}
STREAM = {"Type": "AWS::Kinesis::Stream", "Properties": {"ShardCount": 1}}
NAME = "patang-paper-trading"


class Synthesis:
    """Writes one stack of a queue and a stream."""

    def synthesise(self, stage: Stage, said: Mapping[str, str], folder: Path, *, assets: bool) -> None:
        body = {"Resources": {"Orders": QUEUE, "Ticks": STREAM}}
        (folder / "t.json").write_text(json.dumps(body))
        (folder / f"{NAME}.assets.json").write_text('{"files": {}}')
        artifact = {"type": "aws:cloudformation:stack", "properties": {"templateFile": "t.json"}}
        (folder / "manifest.json").write_text(json.dumps({"artifacts": {NAME: artifact}}))


class Account:
    """What it has, by stack: a status and the resources."""

    def __init__(self, **stacks: tuple[str, dict[str, Any]]) -> None:
        self.stage = Stage()
        self.caller = {"Account": "111122223333", "Arn": "arn"}
        self._stacks = {f"patang-paper-{name}": stack for name, stack in stacks.items()}

    def stacks(self) -> dict[str, Mapping[str, Any]]:
        return {name: {"StackStatus": status} for name, (status, _) in self._stacks.items()}

    def template(self, stack: str) -> Mapping[str, Any]:
        return {"Resources": self._stacks[stack][1]}


def plan(folder: Path, **stacks: tuple[str, dict[str, Any]]) -> Plan:
    return made_plan(Synthesis(), Account(**stacks), {}, folder, assets=False)  # type: ignore[arg-type]  # stand-ins


WHOLE = {"Orders": QUEUE, "Ticks": STREAM}


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"])
def test_a_stack_that_stands_with_the_same_template_is_left(tmp_path: Path, status: str) -> None:
    assert plan(tmp_path, trading=(status, WHOLE)).is_none


@pytest.mark.parametrize("status", ["CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"])
def test_a_first_deployment_that_failed_is_made_again(tmp_path: Path, status: str) -> None:
    found = plan(tmp_path, trading=(status, WHOLE))

    assert found.changes[0].new
    assert found.costs() == ["  1 (now 0) tick stream: each shard, by the hour"]


def test_a_stack_that_the_settings_do_not_ask_for_is_named_and_still_costs(tmp_path: Path) -> None:
    research = ("CREATE_COMPLETE", {"Key": {"Type": "AWS::KMS::Key"}})
    found = plan(tmp_path, trading=("CREATE_COMPLETE", WHOLE), research=research)

    assert (found.left, found.is_none) == (("patang-paper-research",), True)
    assert found.as_json()["billed"]["AWS::KMS::Key"] == {
        "now": 1, "then": 1, "what": "key, by the month",
    }  # fmt: skip
