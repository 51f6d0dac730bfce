"""`patang destroy`: a stage out of the owner's AWS account, and what of it stays."""

import argparse
import json
from collections.abc import Sequence

from patang.errors import PatangError
from patang_workbench.cli.running import CommandError
from patang_workbench.cli.staged import Guide, add_guide_arguments, guide
from patang_workbench.deployment.account import PARTS, Kept
from patang_workbench.deployment.standing import everything_open

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = (
        "It refuses while anything is open. Tables, bucket, key and the registered address stay in either "
        "case; docs/runbooks/tear-down.md says how they go too. 0: destroyed. 1: refused, or it failed."
    )
    parser.add_argument(
        "--data",
        action="store_true",
        help="the data stack too: what it holds stays, but no later deployment knows it any more",
    )
    add_guide_arguments(parser, asks="destroy at once")


def run(options: argparse.Namespace) -> int:
    """Show what goes and what stays, ask, destroy."""
    with guide(options) as here:
        here.tell_where()
        deployed = here.account.stacks()
        going = [name for name in _latest_first(here) if name in deployed and _goes(name, data=options.data)]
        if not going:
            raise CommandError(f"of stage {here.stage.stage} nothing is deployed that would go")
        _refuse_while_open(here)
        # Asked for now: who made a secret is known while the stacks are there.
        kept = [entry for name in deployed for entry in here.account.kept(name)]
        secrets = here.account.secrets_made_at_run_time()
        here.tell("These stacks go, with what is not named below:", *(f"  {name}" for name in going))
        _tell_what_stays(here, kept, secrets)
        here.ask(f"Destroy stage {here.stage.stage}?", f"destroy {here.stage.stage}")
        _refuse_while_open(here)
        _destroy(here, going)
        if here.json:
            stays = [{"stack": entry.stack, "type": entry.kind, "name": entry.name} for entry in kept]
            print(json.dumps({"destroyed": going, "stays": stays, "secrets_made_at_run_time": secrets}))
        return 0


def _latest_first(here: Guide) -> list[str]:
    return [f"{here.stage.prefix}-{part}" for part in reversed(PARTS)]


def _goes(stack: str, *, data: bool) -> bool:
    return data or not stack.endswith("-data")


def _refuse_while_open(here: Guide) -> None:
    desk = here.desk()
    if desk is None:
        return
    try:
        found = everything_open(desk)
    except PatangError as error:
        raise CommandError(f"nothing was done: nobody can tell what is open: {error}") from error
    if found:
        raise CommandError(
            f"nothing was done: nobody would look after {'; '.join(found)}. "
            "`patang flatten` sells what the desk holds; GTTs are deleted at the broker"
        )


def _tell_what_stays(here: Guide, kept: Sequence[Kept], secrets: Sequence[str]) -> None:
    here.tell("These stay, and cost money until you delete them (docs/runbooks/tear-down.md):")
    here.tell(*(f"  {entry.kind} {entry.name}" for entry in kept))
    if secrets:
        here.tell("Secrets that the desk made at run time stay too, 0.40 USD a month each:")
        here.tell(*(f"  {name}" for name in secrets))
    else:
        here.tell("The desk has made no secret at run time.")


def _destroy(here: Guide, going: Sequence[str]) -> None:
    """By the CDK, in its order. Raises CommandError if it fails."""
    research = f"{here.stage.prefix}-research" in going
    here.programs.synthesise(
        here.stage, here.said, here.folder, assets=False, also=["research=true"] if research else []
    )
    protected = [name for name in going if name.endswith("-data")]
    for name in protected:
        here.account.unprotect(name)
    if here.cdk("destroy", *going, "--exclusively", "--force"):
        raise CommandError("the stage was not destroyed whole, the CDK's words are above: run it again")
    left = [name for name in here.account.stacks() if name in going]
    if left:
        raise CommandError(f"these stacks are still there: {', '.join(left)}: look at their events")
