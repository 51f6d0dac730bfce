"""What of a stage there is in the owner's AWS account, asked with the owner's own credentials."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from patang_workbench.deployment.changes import retained
from patang_workbench.deployment.stage import Stage

__all__ = ["PARTS", "AccountError", "Kept", "StageAccount"]

# In the order in which they are deployed.
PARTS: Final = ("data", "trading", "access", "operations", "research")
_BOOTSTRAP: Final = "/cdk-bootstrap/hnb659fds/version"
_GONE: Final = ("DELETE_COMPLETE", "REVIEW_IN_PROGRESS")


class AccountError(RuntimeError):
    """AWS could not be asked, or refused; the text has its words."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A resource that outlives its stack."""

    stack: str
    kind: str
    name: str


class StageAccount:
    """One stage in one account and region. Every method raises AccountError if AWS does not answer it."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._session = boto3.Session(region_name=stage.region)

    @cached_property
    def caller(self) -> Mapping[str, str]:
        """`Account` and `Arn` of who asks."""
        found: Mapping[str, str] = self._ask("sts", "get_caller_identity")
        return found

    def bootstrap_version(self) -> int | None:
        """Of the CDK's own stack in this account and region; None where it was never bootstrapped."""
        try:
            return int(self._ask("ssm", "get_parameter", Name=_BOOTSTRAP)["Parameter"]["Value"])
        except AccountError as error:
            if _code(error) == "ParameterNotFound":
                return None
            raise

    def concurrency(self) -> int:
        """Functions that may run at the same time in this account and region."""
        return int(self._ask("lambda", "get_account_settings")["AccountLimit"]["ConcurrentExecutions"])

    def region_status(self) -> str | None:
        """opt-in-not-required, opted-in or not-opted-in; None where AWS knows no such region."""
        regions = self._ask("ec2", "describe_regions", AllRegions=True)["Regions"]
        return next((r["OptInStatus"] for r in regions if r["RegionName"] == self.stage.region), None)

    def budget(self) -> tuple[Decimal, Decimal] | None:
        """What the budget allows a month and what this month has cost so far, USD; None without one."""
        named = {"AccountId": self.caller["Account"], "BudgetName": f"{self.stage.prefix}-month"}
        try:
            found = self._ask("budgets", "describe_budget", **named)["Budget"]
        except AccountError as error:
            if _code(error) == "NotFoundException":
                return None
            raise
        spent = found.get("CalculatedSpend", {}).get("ActualSpend", {}).get("Amount", "0")
        return Decimal(found["BudgetLimit"]["Amount"]), Decimal(spent)

    def secrets(self) -> dict[str, bool]:
        """The stage's secrets by name, and whether each is scheduled for deletion."""
        own = {"Key": "name", "Values": [f"{self.stage.secret_prefix}/"]}
        found = self._pages(
            "secretsmanager", "list_secrets", "SecretList", Filters=[own], IncludePlannedDeletion=True
        )
        return {entry["Name"]: "DeletedDate" in entry for entry in found}

    def unguarded(self, stack: str) -> list[str]:
        """What a stack keeps for good and could be lost all the same, in words: tables and buckets by their
        names, keys by their ids."""
        return [
            f"{kept.name} {weakness}"
            for kept in self.kept(stack)
            if (weakness := self._weakness(kept.kind, kept.name)) is not None
        ]

    def recoverable(self, table: str) -> bool:
        """Whether a table can be brought back to any moment of the last 35 days."""
        found = self._ask("dynamodb", "describe_continuous_backups", TableName=table)
        backups = found["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
        return bool(backups.get("PointInTimeRecoveryStatus") == "ENABLED")

    def stacks(self) -> dict[str, Mapping[str, Any]]:
        """The stage's deployed stacks by name, as CloudFormation describes them."""
        found = {}
        for name in (f"{self.stage.prefix}-{part}" for part in PARTS):
            try:
                (stack,) = self._ask("cloudformation", "describe_stacks", StackName=name)["Stacks"]
            except AccountError as error:
                if _code(error) == "ValidationError":
                    continue
                raise
            if stack["StackStatus"] not in _GONE:
                found[name] = stack
        return found

    def template(self, stack: str) -> Mapping[str, Any]:
        """The template that a stack was deployed with."""
        body = self._ask("cloudformation", "get_template", StackName=stack)["TemplateBody"]
        parsed: Mapping[str, Any] = json.loads(body) if isinstance(body, str) else body
        return parsed

    def outputs(self) -> dict[str, str]:
        """What all of the stage's stacks print, by name."""
        return {
            output["OutputKey"]: output["OutputValue"]
            for stack in self.stacks().values()
            for output in stack.get("Outputs", [])
        }

    def kept(self, stack: str) -> list[Kept]:
        """What of a deployed stack is retained when the stack goes."""
        physical = dict(self._physical(stack))
        return [
            Kept(stack, str(resource["Type"]), physical.get(name, name))
            for name, resource in retained(self.template(stack)).items()
        ]

    def secrets_made_at_run_time(self) -> list[str]:
        """Names of the stage's secrets that no stack made: accounts' API secrets, the day's tokens."""
        made = {name for stack in self.stacks() for _, name in self._physical(stack)}
        own = {"Key": "name", "Values": [f"{self.stage.secret_prefix}/"]}
        found = self._pages("secretsmanager", "list_secrets", "SecretList", Filters=[own])
        return sorted(s["Name"] for s in found if not {s["ARN"], s["Name"]} & made)

    def unprotect(self, stack: str) -> None:
        """Lets a stack be deleted that is protected against it."""
        self._ask(
            "cloudformation",
            "update_termination_protection",
            StackName=stack,
            EnableTerminationProtection=False,
        )

    def _weakness(self, kind: str, name: str) -> str | None:
        match kind:
            case "AWS::DynamoDB::Table":
                table = self._ask("dynamodb", "describe_table", TableName=name)["Table"]
                return None if table.get("DeletionProtectionEnabled") else "can be deleted"
            case "AWS::S3::Bucket":
                versions = self._ask("s3", "get_bucket_versioning", Bucket=name)
                return None if versions.get("Status") == "Enabled" else "keeps no versions"
            case "AWS::KMS::Key":
                state = self._ask("kms", "describe_key", KeyId=name)["KeyMetadata"]["KeyState"]
                return None if state == "Enabled" else f"is {state}"
            case _:
                return None

    def _physical(self, stack: str) -> Iterator[tuple[str, str]]:
        pages = self._pages(
            "cloudformation", "list_stack_resources", "StackResourceSummaries", StackName=stack
        )
        return ((p["LogicalResourceId"], p.get("PhysicalResourceId", "")) for p in pages)

    def _pages(self, service: str, action: str, part: str, **request: Any) -> list[dict[str, Any]]:
        try:
            pages = self._session.client(service).get_paginator(action).paginate(**request)
            return [entry for page in pages for entry in page[part]]
        except (BotoCoreError, ClientError) as error:
            raise AccountError(f"{service} does not answer {action}: {error}") from error

    def _ask(self, service: str, action: str, **request: Any) -> Any:
        try:
            return getattr(self._session.client(service), action)(**request)
        except (BotoCoreError, ClientError) as error:
            raise AccountError(f"{service} does not answer {action}: {error}") from error


def _code(error: AccountError) -> str:
    cause = error.__cause__
    return str(cause.response["Error"]["Code"]) if isinstance(cause, ClientError) else ""
