"""What keeps a stage from being deployed, or from working once it is: looked at beforehand."""

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from patang_workbench.cost.prices import REGION as PRICED
from patang_workbench.deployment.account import AccountError, StageAccount
from patang_workbench.deployment.programs import ProgramError, Programs
from patang_workbench.deployment.stage import Stage
from patang_workbench.doctor.findings import Finding

__all__ = ["deployment_findings", "docker_finding"]

# A minute's cycle, the lane, the guard, the queues' readers and the pages beside each other; research comes
# on top. A new account may have 10, where a page that is opened can hold up a sale.
_CONCURRENT: Final = 50
_BOOTSTRAP_LEAST: Final = 6


def deployment_findings(stage: Stage, account: StageAccount, programs: Programs) -> list[Finding]:
    """The tools here, the account and its quotas, the stacks, and what the settings leave unsaid."""
    found = [
        _asked("cdk", lambda: _tools(programs)),
        docker_finding(),
        _asked("aws", lambda: _caller(account)),
    ]
    if found[-1].status == "fail":
        return found
    found += [
        _asked("region", lambda: _region(stage, account)),
        _asked("bootstrap", lambda: _bootstrap(stage, account)),
        _asked("concurrency", lambda: _concurrency(stage, account)),
        _asked("stacks", lambda: _stacks(stage, account)),
    ]
    return [*found, _owner(stage)]


def docker_finding() -> Finding:
    """Whether the images of a deployment can be built here; `CDK_DOCKER` names another program for it."""
    wanted = os.environ.get("CDK_DOCKER", "docker")
    if shutil.which(wanted) is None:
        to_do = "install it, or name another by CDK_DOCKER (podman, finch)"
        return Finding("docker", "fail", f"{wanted} is not here: the ingester's image cannot be built", to_do)
    return Finding("docker", "ok", wanted)


def _asked(name: str, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except (AccountError, ProgramError) as error:
        return Finding(name, "fail", str(error), "see that AWS answers: `aws sts get-caller-identity`")


def _tools(programs: Programs) -> Finding:
    try:
        text = f"the CDK's command is {programs.check()}, as locked, on Node {programs.node()}"
        return Finding("cdk", "ok", text)
    except ProgramError as error:
        return Finding("cdk", "fail", str(error), "run `make setup` in a checkout of the project")


def _caller(account: StageAccount) -> Finding:
    who = account.caller
    if who["Arn"].endswith(":root"):
        to_do = "make a user or a role for deploying, and put the root's keys away"
        return Finding("aws", "warn", f"account {who['Account']} as its root user", to_do)
    return Finding("aws", "ok", f"account {who['Account']} as {who['Arn']}")


def _region(stage: Stage, account: StageAccount) -> Finding:
    status = account.region_status()
    if status in (None, "not-opted-in"):
        found = f"{stage.region} is not open to this account ({status or 'AWS knows no such region'})"
        return Finding("region", "fail", found, "enable it under Account, AWS Regions; it takes some minutes")
    if stage.region != PRICED:
        to_do = "what `patang cost` says is of another region; the broker and the exchanges are in Mumbai"
        return Finding("region", "warn", f"{stage.region} has no prices here, {PRICED} has", to_do)
    return Finding("region", "ok", f"{stage.region} is open to this account")


def _bootstrap(stage: Stage, account: StageAccount) -> Finding:
    version = account.bootstrap_version()
    to_do = f"`cdk bootstrap aws://{account.caller['Account']}/{stage.region}`, once an account and region"
    if version is None:
        return Finding("bootstrap", "fail", f"{stage.region} of this account is not bootstrapped", to_do)
    if version < _BOOTSTRAP_LEAST:
        return Finding("bootstrap", "fail", f"version {version}, {_BOOTSTRAP_LEAST} is the least", to_do)
    return Finding("bootstrap", "ok", f"version {version}")


def _concurrency(stage: Stage, account: StageAccount) -> Finding:
    wanted = _CONCURRENT + (stage.research_workers if stage.research else 0)
    there = account.concurrency()
    text = f"{there} functions may run at the same time in this account, {wanted} are wanted"
    if there < wanted:
        to_do = "ask for more, which is free: Service Quotas, Lambda, Concurrent executions (L-B99A9384)"
        return Finding("concurrency", "warn", text, to_do)
    return Finding("concurrency", "ok", text)


def _stacks(stage: Stage, account: StageAccount) -> Finding:
    stacks = account.stacks()
    if not stacks:
        return Finding("stacks", "warn", "none is deployed", f"`patang deploy --stage {stage.stage}`")
    told = ", ".join(f"{name.removeprefix('patang-')} {s['StackStatus']}" for name, s in stacks.items())
    if any("FAILED" in s["StackStatus"] or s["StackStatus"] == "ROLLBACK_COMPLETE" for s in stacks.values()):
        to_do = "docs/runbooks/upgrade.md says what each state means and what to do"
        return Finding("stacks", "fail", told, to_do)
    newest = max(s.get("LastUpdatedTime", s["CreationTime"]) for s in stacks.values())
    days = (datetime.now(UTC) - newest).days
    return Finding("stacks", "ok", f"{told}; last changed {days} days ago")


def _owner(stage: Stage) -> Finding:
    if not stage.channels:
        to_do = f"say owner_email in cdk.json, stages.{stage.stage}, and deploy"
        return Finding("owner", "warn", "nobody is told anything: neither mail nor telephone is given", to_do)
    if stage.owner_phone is not None:
        to_do = (
            "raise it if messages stop: SNS, Mobile text messaging, account spending limit; routes within "
            "India want a registered sender (DLT)"
        )
        return Finding("owner", "warn", "SMS ends silently at the account's limit, 1 USD a month", to_do)
    return Finding("owner", "ok", f"told by {stage.channels}")
