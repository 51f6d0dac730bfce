"""`patang diff`: what a deployment would change, without changing anything."""

import argparse
import json

from patang_workbench.cli.staged import add_guide_arguments, guide
from patang_workbench.deployment.plan import made_plan

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = (
        "0: nothing would change. 1: something would, or it could not be found out (with --json: no output)."
    )
    add_guide_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Tell what differs; the CDK's own, longer words follow where something does."""
    with guide(options) as here:
        here.tell_where()
        plan = made_plan(here.programs, here.account, here.said, here.folder, assets=False)
        here.tell(*map(str, plan.changes), *(f"would let go: {line}" for line in plan.lost))
        if here.json:
            print(json.dumps(plan.as_json()))
        elif not plan.is_none:
            # Without a change set: looking makes nothing in the account.
            here.cdk("diff", "--all", "--no-change-set")
        return 0 if plan.is_none else 1
