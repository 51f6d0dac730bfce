"""`patang explain`: the numbers that decided on a signal, or what a cycle left alone and why."""

import argparse
import re
from typing import Any

from patang.desk_view.explained_text import cycle_text, signal_text
from patang.desk_view.explanations import CycleExplained, SignalExplained
from patang.errors import StopTrading
from patang_workbench.cli.deployed import deployed_desk
from patang_workbench.cli.running import CommandError, RunningDesk, add_desk_arguments

__all__ = ["add_arguments", "run"]

_CYCLE = re.compile(r"\d{4}-\d{2}-\d{2}-\d{4}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "what", metavar="SIGNAL_ID", help="a signal's id, or a cycle such as 2026-08-18-1000: its refusals"
    )
    parser.add_argument("--account", help="what this account made of it alone (all of yours)")
    parser.add_argument(
        "--stage",
        choices=("paper", "live"),
        help="read a deployed stage with your AWS credentials (without it: the desk's API, as `status` does)",
    )
    add_desk_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Print the explanation: 0; 1 if what is kept is not what the audit log sealed."""
    found = _from_stage(options) if options.stage else _from_api(options)
    if options.json:
        print(found.model_dump_json())
    else:
        print(cycle_text(found) if isinstance(found, CycleExplained) else signal_text(found))
    return 0 if _is_intact(found) else 1


def _from_api(options: argparse.Namespace) -> SignalExplained | CycleExplained:
    desk = RunningDesk.found(options)
    query: dict[str, Any] = {} if options.account is None else {"account": options.account}
    if _CYCLE.fullmatch(options.what):
        return CycleExplained.model_validate(desk.get(f"/api/explanations/cycles/{options.what}"))
    # As a parameter, not in the path: an id is made of a name from outside.
    answer = desk.get("/api/explanations/signal", signal_id=options.what, **query)
    return SignalExplained.model_validate(answer)


def _from_stage(options: argparse.Namespace) -> SignalExplained | CycleExplained:
    desk = deployed_desk(options.stage)
    kept = desk.explanations()
    known = [account.account for account in desk.accounts().list()]
    accounts = known if options.account is None else [options.account]
    if unknown := set(accounts) - set(known):
        raise CommandError(
            f"there is no account {unknown.pop()!r}: the desk has {', '.join(known) or 'none'}"
        )
    found: SignalExplained | CycleExplained | None
    try:
        if _CYCLE.fullmatch(options.what):
            found = kept.cycle(options.what)
        else:
            found = kept.signal(options.what, accounts)
    except StopTrading as error:
        raise CommandError(str(error)) from error
    if found is None:
        raise CommandError(f"{options.what!r} is no signal and no cycle that this desk has decided on")
    return found


def _is_intact(found: SignalExplained | CycleExplained) -> bool:
    seals = [found.seal]
    if isinstance(found, SignalExplained):
        seals += [account.seal for account in found.accounts]
    return all(seal is None or seal.intact for seal in seals)
