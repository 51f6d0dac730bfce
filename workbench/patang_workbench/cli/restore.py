"""`patang restore`: rows of a table that was brought back, put back into the deployed desk's own."""

import argparse
import json
from collections import Counter

from patang.errors import PatangError
from patang_workbench.cli.deployed import add_stage_arguments, deployed_desk
from patang_workbench.cli.running import CommandError
from patang_workbench.deployment.restoring import Difference, Restored, RestoringError
from patang_workbench.deployment.standing import orders_open

__all__ = ["add_arguments", "run"]

_TABLES = {"desk": "DESK_TABLE", "audit": "AUDIT_TABLE"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = (
        "docs/runbooks/restore-from-pitr.md has the steps before and after. Nothing is ever deleted. 0: the "
        "rows are there. 1: refused, or some were written by somebody else meanwhile: run it again."
    )
    parser.add_argument("table", choices=sorted(_TABLES), help="which of the desk's tables")
    parser.add_argument("--from", dest="copy", required=True, metavar="TABLE", help="the restored table")
    parser.add_argument(
        "--partition", default="", metavar="PREFIX", help="only partitions that begin so (all)"
    )
    parser.add_argument("--changed", action="store_true", help="also rows that have changed since")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    add_stage_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Show what differs, ask, copy."""
    if options.json and not options.yes:
        raise CommandError("with --json nobody is asked, so say --yes")
    desk = deployed_desk(options.stage)
    _refuse_while_open(options)
    restored = Restored(desk.variable(_TABLES[options.table]), options.copy)
    try:
        found = restored.difference(desk.clock.now(), options.partition)
        wanted = len(found.missing) + (len(found.changed) if options.changed else 0)
        if not options.json:
            _show(found)
        if wanted and not options.yes:
            if input(f"Put {wanted} rows back? Type restore: ").strip() != "restore":
                raise CommandError("nothing was done")
            _refuse_while_open(options)
        done, left = restored.put_back(found, changed=options.changed)
    except RestoringError as error:
        raise CommandError(str(error)) from error
    told = {"missing": len(found.missing), "changed": len(found.changed), "since": found.since}
    if options.json:
        print(json.dumps(told | {"put_back": done, "left": left}))
    else:
        print(f"{done} rows were put back" + (f", {left} were written by somebody meanwhile" if left else ""))
    return 1 if left else 0


def _refuse_while_open(options: argparse.Namespace) -> None:
    """Raises CommandError while an order is on its way: what the desk knows of it must not be turned back."""
    try:
        found = orders_open(deployed_desk(options.stage).store)
    except PatangError as error:
        raise CommandError(f"nothing was done: nobody can tell whether orders are open: {error}") from error
    if found and options.changed:
        raise CommandError(f"nothing was done: orders are on their way or wait: {'; '.join(found)}")


def _show(found: Difference) -> None:
    for what, rows in (("gone", found.missing), ("changed since", [then for then, _ in found.changed])):
        kinds = Counter(row["PK"]["S"].partition("#")[0] for row in rows)
        for kind, times in sorted(kinds.items()):
            print(f"{times:6} {what}: {kind}")
    print(f"{found.since:6} only in the desk's own, which stay")
