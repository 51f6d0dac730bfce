"""`patang audit verify`: recompute the hash chain of a day, from the desk's API or from a file, or all that
the archive has, with its signed digests."""

import argparse
import json
import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from patang.audit.chain import Verification, verify
from patang.audit.entry import AuditEntry, AuditHead
from patang.market.sessions import IST
from patang_workbench.cli.audit_archive import add_archive_arguments, check_kept
from patang_workbench.cli.days import as_day
from patang_workbench.cli.running import CommandError, RunningDesk, add_desk_arguments

__all__ = ["add_arguments", "run"]

_PAGE = 200


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb `verify` and its options."""
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    check = verbs.add_parser(
        "verify", help="recompute every hash of a day", description="Recompute every hash."
    )
    check.add_argument("--account", help="the account (that of the running demo, else main)")
    check.add_argument("--date", type=as_day, metavar="DAY", help="the market's day (today)")
    check.add_argument("--file", type=Path, help="verify exported entries, a JSON object a line, instead")
    add_archive_arguments(check)
    add_desk_arguments(check)


def run(options: argparse.Namespace) -> int:
    """0 if the chain is whole, 1 with the first bad entry if it is not; for an archive, see check_kept."""
    if options.archive or options.stage:
        return check_kept(options)
    entries, head = _from_file(options.file) if options.file else _from_desk(options)
    result = verify(entries, head)
    _print(result, options)
    return 0 if result.ok else 1


def _print(result: Verification, options: argparse.Namespace) -> None:
    if options.json:
        print(json.dumps(asdict(result)))
    elif result.ok:
        print(f"{result.entries} entries, every hash and every link is right")
    else:
        print(f"broken at entry {result.first_bad}: {result.reason}", file=sys.stderr)


def _from_file(path: Path) -> tuple[list[AuditEntry], AuditHead]:
    """The entries of a file. It has no head of its own: what is cut off its end cannot be missed."""
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} cannot be read: {error}") from error
    entries = [_entry(line, f"{path}, line {number}") for number, line in enumerate(lines, 1) if line.strip()]
    if not entries:
        raise CommandError(f"{path} holds no audit entry")
    last = entries[-1]
    return entries, AuditHead(account=last.account, day=last.day, sequence=last.sequence, hash=last.hash)


def _entry(line: str, where: str) -> AuditEntry:
    try:
        return AuditEntry.model_validate_json(line)
    except ValueError as error:
        raise CommandError(f"{where} is not an audit entry: {line[:80]!r}") from error


def _from_desk(options: argparse.Namespace) -> tuple[list[AuditEntry], AuditHead | None]:
    """Every entry up to the head as it was when the first page was read."""
    desk = RunningDesk.found(options)
    account = options.account or desk.account or "main"
    day = options.date.isoformat() if options.date else desk.date or datetime.now(IST).date().isoformat()
    entries: list[AuditEntry] = []
    head: AuditHead | None = None
    while True:
        after = entries[-1].sequence if entries else 0
        page = desk.get("/api/audit/entries", account=account, date=day, after=after, limit=_PAGE)
        if not entries and page["head"] is not None:
            head = AuditHead.model_validate(page["head"])
        found = [AuditEntry.model_validate(entry) for entry in page["entries"]]
        if not found or head is None:
            return entries[: head.sequence] if head else entries, head
        entries += found
