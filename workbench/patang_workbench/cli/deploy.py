"""`patang deploy`: a stage into the owner's AWS account, with what will cost money said first."""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

from patang.adapters.system import SystemClock
from patang.app import Desk
from patang.errors import PatangError, SettingsError
from patang_workbench.cli.running import CommandError
from patang_workbench.cli.staged import Guide, add_guide_arguments, guide
from patang_workbench.cost.deployed import CostError, Deployed
from patang_workbench.cost.estimate import estimate
from patang_workbench.cost.prices import REGION
from patang_workbench.deployment.checks import docker_finding
from patang_workbench.deployment.first_settings import begin_settings
from patang_workbench.deployment.plan import Plan, made_plan
from patang_workbench.deployment.standing import orders_open

__all__ = ["add_arguments", "run"]

_DEAREST = 4
_RUNBOOK = Path("docs/runbooks/upgrade.md")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = (
        "It refuses while an order is on its way or waits for a yes. 0: deployed, or nothing had changed. "
        "1: refused, or it failed."
    )
    add_guide_arguments(parser, asks="deploy at once")


def run(options: argparse.Namespace) -> int:
    """Show what will change and cost, ask, deploy, and say what is left for a person to do."""
    with guide(options) as here:
        here.tell_where()
        _refuse_unready(here)
        _refuse_while_open(here)
        plan = made_plan(here.programs, here.account, here.said, here.folder, assets=True)
        _show(here, plan)
        if plan.lost:
            raise CommandError(
                f"nothing was done: state would be lost from sight: {'; '.join(plan.lost)}. "
                f"{_RUNBOOK} says how such a change is made"
            )
        if not plan.is_none:
            here.ask(f"Deploy stage {here.stage.stage}?", "deploy")
            # The question may have waited for long.
            _refuse_while_open(here)
            if here.cdk("deploy", "--all", "--require-approval", "never", "--progress", "events"):
                raise CommandError(f"the deployment failed, its words are above; {_RUNBOOK} says what to do")
        outputs = here.account.outputs()
        begun = _begin(here)
        if here.json:
            done = {"stage": here.stage.stage, "outputs": outputs, "settings_begun": begun}
            print(json.dumps(plan.as_json() | done))
        else:
            here.tell(*_what_is_left(plan, outputs))
        return 0


def _refuse_unready(here: Guide) -> None:
    """Raises CommandError for what the CDK would only find out on the way."""
    docker = docker_finding()
    if docker.status == "fail":
        raise CommandError(f"nothing was done: {docker.found}; {docker.to_do}")
    if here.account.bootstrap_version() is None:
        place = f"aws://{here.account.caller['Account']}/{here.stage.region}"
        raise CommandError(
            f"nothing was done: {place} was never bootstrapped: once an account and region run "
            f"`PATH=$PWD/.venv/bin:$PATH cdk bootstrap {place}`"
        )


def _refuse_while_open(here: Guide) -> None:
    """Raises CommandError while orders are on their way, and for a desk that trades for real on a stage of
    mode paper."""
    desk = here.desk()
    if desk is None:
        return
    try:
        found = orders_open(desk.store)
    except PatangError as error:
        raise CommandError(f"nothing was done: nobody can tell whether orders are open: {error}") from error
    if found:
        raise CommandError(
            f"nothing was done: {len(found)} orders are on their way or wait: {'; '.join(found)}. "
            "Wait until they have ended, or `patang halt` and cancel them"
        )
    if here.stage.mode == "paper" and _mode_of(desk) == "live":
        raise CommandError(
            f"nothing was done: the desk of stage {here.stage.stage} trades for real, and cdk.json says mode "
            "paper: correct the one that is wrong"
        )


def _mode_of(desk: Desk) -> str | None:
    """The mode in force; None where the stored settings are wrong, which a deployment may be to cure."""
    try:
        return desk.settings_changes().in_force().mode
    except SettingsError:
        return None


def _show(here: Guide, plan: Plan) -> None:
    here.tell(*map(str, plan.changes))
    here.tell(*(f"{name} stays as it is: the settings do not ask for it any more" for name in plan.left))
    if plan.is_none:
        here.tell("nothing would change")
        return
    here.tell("", "What costs money for being there, used or not:", *(f"  {line}" for line in plan.costs()))
    here.tell(*_month(here), "")
    if not all(change.new for change in plan.changes):
        here.cdk("diff", "--all", "--no-change-set")


def _month(here: Guide) -> list[str]:
    """What the stage would cost a month with what is used of it, beside its budget."""
    stage = here.stage
    budget = f"budget {stage.monthly_budget_usd} USD (monthly_budget_usd)"
    try:
        found = estimate(Deployed.read(here.folder), SystemClock().now().date())
    except CostError as error:
        return [f"What it would cost a month cannot be said: {error}; {budget}"]
    most = ", ".join(f"{name} {usd:.2f}" for name, usd in found.services()[:_DEAREST])
    elsewhere = "" if stage.region == REGION else f" at the prices of {REGION}"
    lines = [
        f"A month in all, before tax{elsewhere}: about {found.due:.2f} USD, most of it {most}; {budget}",
        f"`patang cost --stage {stage.stage}` has it item by item",
    ]
    if found.due > stage.monthly_budget_usd:
        lines.insert(1, "That is more than the budget.")
    return lines


def _begin(here: Guide) -> int | None:
    """The version with which the desk's settings have begun now, if they have."""
    desk = here.desk()
    if desk is None:
        raise CommandError("the stacks are deployed, but their outputs are missing: run `patang diff`")
    try:
        stored = begin_settings(desk.settings_changes(), here.stage, here.account.caller["Arn"])
    except PatangError as error:
        raise CommandError(f"deployed, but the desk's settings cannot be begun: {error}") from error
    return None if stored is None else stored.version


def _what_is_left(plan: Plan, outputs: Mapping[str, str]) -> list[str]:
    lines = [f"{name} {value}" for name, value in sorted(outputs.items())]
    if any(change.new for change in plan.changes):
        url = outputs.get("ApiUrl", "<ApiUrl>")
        lines += [
            "",
            "What is left to you (docs/runbooks/first-deployment.md):",
            "  confirm the subscriptions that SNS has sent by mail, then `patang notifications confirm`",
            f"  in the Kite app: redirect URL {url}/kite/callback, postback URL {url}/postback",
            *_address_to_register(outputs),
            "  `patang accounts add`, log in, `patang doctor --stage`",
        ]
    return lines


def _address_to_register(outputs: Mapping[str, str]) -> list[str]:
    address = outputs.get("OrderEgressIp")
    if address is None:
        return ["  no address to register: egress is none, and this stage cannot trade for real"]
    return [f"  register {address} with the broker, and set it as registered_egress_ip"]
