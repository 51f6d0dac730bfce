"""`patang graduation`: how far an account has come from paper to real money, and what a person waives."""

import argparse
import json

from patang.errors import BadInput
from patang.execution.graduation import LIVE_SESSIONS, Graduation
from patang_workbench.cli.deployed import add_stage_arguments, caller, deployed_desk
from patang_workbench.cli.running import CommandError

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--account", help="one account (all of the desk's)")
    parser.add_argument(
        "--waive",
        choices=("paper", "first-sessions"),
        help="excuse the account from its paper sessions, or from its small first live sessions",
    )
    parser.add_argument("--reason", default="", help="why, for the audit log; a waiver needs one")
    add_stage_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Show the progress, after waiving what is to be waived; 1 while an account may not trade live."""
    desk = deployed_desk(options.stage)
    known = [account.account for account in desk.accounts().list()]
    if options.account is not None and options.account not in known:
        raise CommandError(f"there is no account {options.account!r}; there are: {', '.join(known)}")
    as_of = desk.desk_view().moment()
    if options.waive is not None:
        if options.account is None:
            raise CommandError("name the account that something is waived for: --account")
        try:
            desk.graduations().waive(options.account, options.waive, options.reason, caller(), as_of)
        except BadInput as error:
            raise CommandError(str(error)) from error
    wanted = known if options.account is None else [options.account]
    found = [desk.graduations().progress(account, as_of.date()) for account in wanted]
    if options.json:
        print(json.dumps([_flat(progress) for progress in found], indent=2))
    else:
        for progress in found:
            _print(progress)
    return 1 if any(progress.stage == "PAPER" for progress in found) else 0


def _flat(progress: Graduation) -> dict[str, object]:
    return {
        "account": progress.account,
        "day": progress.day.isoformat(),
        "stage": progress.stage,
        "live_sessions": progress.live_sessions,
        "waived": list(progress.waived),
        "unmet": [condition.name for condition in progress.unmet],
        "conditions": [condition.model_dump() for condition in progress.conditions],
    }


def _print(progress: Graduation) -> None:
    waived = f", waived: {', '.join(progress.waived)}" if progress.waived else ""
    print(f"{progress.account}: {progress.stage}{waived}")
    for condition in progress.conditions:
        mark = "ok  " if condition.met else "open"
        print(f"  {mark} {condition.name}: {condition.found} (expected: {condition.expected})")
    print(f"  {progress.live_sessions} of the first {LIVE_SESSIONS} live sessions traded")
