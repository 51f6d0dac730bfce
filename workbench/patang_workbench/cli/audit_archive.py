"""`patang audit verify --archive FOLDER` and `--stage STAGE`: the signed digests and what they name."""

import argparse
import json
import sys
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from patang.adapters.aws.dynamodb import DynamoStore
from patang.adapters.aws.kms import KmsSigner
from patang.adapters.folder import FolderObjects
from patang.adapters.signatures import ecdsa_holds
from patang.adapters.system import SystemClock
from patang.audit.archive_check import ArchiveCheck, check_archive
from patang.audit.digest import DigestedHead, fingerprint, public_key_of
from patang.audit.log import AuditLog
from patang.errors import BadInput
from patang.market.sessions import IST
from patang_workbench.cli.days import as_day
from patang_workbench.cli.deployed import stack_outputs
from patang_workbench.cli.running import CommandError
from patang_workbench.deployment.account import AccountError
from patang_workbench.deployment.locked_archive import LockedArchive

__all__ = ["add_archive_arguments", "check_kept"]

_DIGITS: Final = 64


@dataclass(frozen=True, slots=True)
class _Found:
    """What was checked. `compared`: the keys were held against one that does not lie in the archive."""

    check: ArchiveCheck
    compared: bool


def add_archive_arguments(parser: argparse.ArgumentParser) -> None:
    """Where an archive is, and what is known of it."""
    group = parser.add_argument_group("the archive, with its signed digests")
    where = group.add_mutually_exclusive_group()
    where.add_argument("--archive", type=Path, metavar="FOLDER", help="a copy of it: aws s3 sync s3://...")
    where.add_argument("--stage", choices=("paper", "live"), help="that of a deployed stage, where it lies")
    group.add_argument(
        "--key",
        action="append",
        default=[],
        metavar="KEY",
        help="who may sign: a PEM file or a fingerprint (with --stage, the stage's key)",
    )
    group.add_argument(
        "--through", type=as_day, metavar="DAY", help="the last day whose digest must be there (yesterday)"
    )


def check_kept(options: argparse.Namespace) -> int:
    """0 if everything in the archive is what was signed, else 1 with a line for each thing that is not."""
    found = _of_folder(options) if options.archive else _of_stage(options)
    check = found.check
    if options.json:
        print(json.dumps(_as_json(found)))
    elif check.ok:
        print(
            f"{check.digests} digests, {check.files} files, {check.entries} entries: every signature, every "
            f"hash and every link is right, to {check.last}"
        )
        for key in check.keys:
            print(f"signed by the key {key}")
        if not found.compared:
            print("that key lies in the archive itself: name the one that you know by --key")
    else:
        print("\n".join(check.problems), file=sys.stderr)
    return 0 if check.ok else 1


def _as_json(found: _Found) -> dict[str, Any]:
    check = found.check
    return {
        "ok": check.ok,
        "digests": check.digests,
        "files": check.files,
        "entries": check.entries,
        "last": None if check.last is None else check.last.isoformat(),
        "keys": list(check.keys),
        "keys_compared": found.compared,
        "problems": list(check.problems),
    }


def _of_folder(options: argparse.Namespace) -> _Found:
    if not options.archive.is_dir():
        raise CommandError(f"{options.archive} is no folder: copy the archive's bucket there first")
    trusted = _trusted(options)
    check = check_archive(
        FolderObjects(options.archive), ecdsa_holds, trusted=trusted or None, through=_through(options)
    )
    return _Found(check, bool(trusted))


def _of_stage(options: argparse.Namespace) -> _Found:
    outputs = stack_outputs(f"patang-{options.stage}-data")
    try:
        archive = LockedArchive(boto3.client("s3"), outputs["AuditArchiveBucket"])
        own = fingerprint(KmsSigner(boto3.client("kms"), outputs["AuditKeyArn"]).public_key())
        check = check_archive(
            archive, ecdsa_holds, trusted=[own, *_trusted(options)], through=_through(options)
        )
        table = DynamoStore(boto3.client("dynamodb"), outputs["AuditTable"])
        problems = (*check.problems, *archive.written_over(), *_changed_in(table, check))
    except (AccountError, BotoCoreError, ClientError) as error:
        raise CommandError(f"the audit archive of {options.stage} cannot be read: {error}") from error
    return _Found(replace(check, problems=problems), compared=True)


def _changed_in(table: DynamoStore, check: ArchiveCheck) -> list[str]:
    """Chains of the desk's own table that are not what was signed of them."""
    log = AuditLog(table, table)

    def hash_there(head: DigestedHead) -> str | None:
        page = log.page(head.account, head.day, after=head.sequence - 1, limit=1)
        return page[0].hash if page and page[0].sequence == head.sequence else None

    return [
        f"the desk's table: entry {head.sequence} of {head.account} on {head.day} is not what was signed"
        for head in check.heads
        if hash_there(head) != head.hash
    ]


def _through(options: argparse.Namespace) -> date:
    """Yesterday's digest was written in any case: the archive runs after the close."""
    given: date | None = options.through
    return given or SystemClock().now().astimezone(IST).date() - timedelta(days=1)


def _trusted(options: argparse.Namespace) -> list[str]:
    return [_fingerprint(text) for text in options.key]


def _fingerprint(text: str) -> str:
    if len(text) == _DIGITS and all(digit in "0123456789abcdef" for digit in text):
        return text
    try:
        return fingerprint(public_key_of(Path(text).read_bytes()))
    except (OSError, BadInput) as error:
        raise CommandError(f"--key {text} is no fingerprint (64 digits) and no PEM file: {error}") from error
