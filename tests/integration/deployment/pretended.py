"""A small stage whose templates a pretended CDK puts onto the emulator."""

import copy
import json
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

import boto3

from patang_workbench.cost.deployed import CostError, Deployed
from patang_workbench.cost.estimate import Estimate, Line
from patang_workbench.cost.month import Month, Use
from patang_workbench.cost.prices import unit_prices
from patang_workbench.deployment.programs import ProgramError
from patang_workbench.deployment.stage import Stage

_SOON = {"Delay": 1, "MaxAttempts": 20}
KEYS = ("PK", "SK", "GSI1PK", "GSI1SK")


def table(**more: Any) -> dict[str, Any]:
    return {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [
                {"AttributeName": "PK", "KeyType": "HASH"},
                {"AttributeName": "SK", "KeyType": "RANGE"},
            ],
            "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in KEYS],
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": "index1",
                    "KeySchema": [
                        {"AttributeName": "GSI1PK", "KeyType": "HASH"},
                        {"AttributeName": "GSI1SK", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
            **more,
        },
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
    }


def templates(stage: str) -> dict[str, dict[str, Any]]:
    """Stacks by name, the data stack first."""
    names = ("DeskTable", "AuthTable", "AuditTable", "StoreBucket", "NotifyTopicArn", "AlarmTopicArn")
    outputs: dict[str, Any] = {name: {"Value": name.lower()} for name in names}
    outputs |= {
        "DeskTable": {"Value": {"Ref": "Desk"}},
        "SecretPrefix": {"Value": f"patang/{stage}"},
        "SecretKeyArn": {"Value": {"Fn::GetAtt": ["Key", "Arn"]}},
        "ApiUrl": {"Value": "https://desk.example.com"},
        "OrderEgressIp": {"Value": "203.0.113.7"},
    }
    key = {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {}}, "DeletionPolicy": "Retain"}
    return {
        f"patang-{stage}-data": {"Resources": {"Desk": table(), "Key": key}, "Outputs": outputs},
        f"patang-{stage}-trading": {
            "Resources": {
                "Orders": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": f"orders-{stage}"}},
                "Own": {
                    "Type": "AWS::SecretsManager::Secret",
                    "Properties": {"Name": f"patang/{stage}/mcp/request-state", "SecretString": "s"},
                },
            },
            "Outputs": {"OrderQueueUrl": {"Value": {"Ref": "Orders"}}},
        },
    }


def assembled(folder: Path, stacks: Mapping[str, Mapping[str, Any]]) -> None:
    """A cloud assembly of these templates, each stack after the one before it."""
    artifacts: dict[str, Any] = {}
    for name, body in stacks.items():
        (folder / f"{name}.template.json").write_text(json.dumps(body))
        (folder / f"{name}.assets.json").write_text(json.dumps({"files": {}}))
        artifacts[name] = {
            "type": "aws:cloudformation:stack",
            "properties": {"templateFile": f"{name}.template.json"},
            "dependencies": list(artifacts),
        }
    (folder / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))


class PretendedCdk:
    """In the place of Programs: the same calls, templates from here, stacks by CloudFormation's own calls.

    `asked` is every call of the CDK's command, `fails` makes the next ones end badly.
    """

    def __init__(self) -> None:
        self.stacks = {stage: templates(stage) for stage in ("paper", "live")}
        self.asked: list[tuple[str, ...]] = []
        self.made: list[tuple[str, bool, tuple[str, ...]]] = []
        self.fails = False
        self.address_hours = Decimal(2_000)
        self.not_to_be_said: str | None = None
        self.meanwhile = lambda: None

    def __call__(self) -> "PretendedCdk":
        return self

    def month(self, deployed: Deployed, day: date) -> Estimate:
        """An estimate of one public address, held for so many hours."""
        if self.not_to_be_said is not None:
            raise CostError(self.not_to_be_said)
        price = unit_prices()["public_ipv4_hour"]
        return Estimate(Month.at(day), (Line(price, (Use(price.name, "address", self.address_hours),)),))

    def check(self) -> str:
        return "1"

    def synthesise(
        self, stage: Stage, said: Mapping[str, str], folder: Path, *, assets: bool, also: Sequence[str] = ()
    ) -> None:
        if "wrong" in said:
            raise ProgramError("the templates could not be made")
        self.made.append((stage.stage, assets, tuple(also)))
        assembled(folder, copy.deepcopy(self.stacks[stage.stage]))
        self.meanwhile()

    def cdk(
        self, verb: str, folder: Path, arguments: Sequence[str], region: str, output: IO[str] | None = None
    ) -> int:
        self.asked.append((verb, *arguments))
        if self.fails:
            return 1
        formation = boto3.client("cloudformation", region_name=region)
        manifest = json.loads((folder / "manifest.json").read_text())
        for name in manifest["artifacts"] if verb == "deploy" else ():
            body = (folder / f"{name}.template.json").read_text()
            there = [s["StackName"] for s in formation.describe_stacks()["Stacks"]]
            if name not in there:
                formation.create_stack(StackName=name, TemplateBody=body)
                formation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig=_SOON)
            elif formation.get_template(StackName=name)["TemplateBody"] != json.loads(body):
                formation.update_stack(StackName=name, TemplateBody=body)
                formation.get_waiter("stack_update_complete").wait(StackName=name, WaiterConfig=_SOON)
        for name in arguments if verb == "destroy" else ():
            if not name.startswith("--"):
                formation.delete_stack(StackName=name)
                formation.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig=_SOON)
        return 0
