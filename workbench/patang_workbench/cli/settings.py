"""`patang settings`: check, store and show the settings of a desk, and what they were."""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from patang.errors import PatangError
from patang.settings import Settings
from patang.settings.stored import StoredSettings, load_version, versions
from patang.settings.table import table
from patang_workbench.cli.deployed import add_stage_arguments, caller, deployed_desk
from patang_workbench.cli.running import CommandError
from patang_workbench.cli.settings_file import read_settings, template

__all__ = ["add_arguments", "run"]

_PUT = """A limit that the file loosens holds its old value until the next session: for the rest of the day,
unless the exchange has yet to open. A tightened one holds at once. The mode is changed only while nothing is
open."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    show = verbs.add_parser("show", help="print what is in force, and what waits for the next session")
    show.add_argument("--version", type=int, metavar="N", help="as version N asked for it")
    add_stage_arguments(show)
    show.set_defaults(do=_show)
    put = verbs.add_parser("put", help="validate a file and store it as the next version", epilog=_PUT)
    put.add_argument("file", type=Path, help="YAML; what it leaves out takes the safe default")
    put.add_argument("--note", default="", help="why, for the history and the audit log")
    add_stage_arguments(put)
    put.set_defaults(do=_put)
    history = verbs.add_parser("history", help="print who changed what, and when")
    history.add_argument("--limit", type=int, default=20, metavar="N", help="the newest N versions (20)")
    add_stage_arguments(history)
    history.set_defaults(do=_history)
    check = verbs.add_parser("check", help="validate a file, without a desk")
    check.add_argument("file", type=Path, help="YAML; what it leaves out takes the safe default")
    check.add_argument("--json", action="store_true", help="print JSON")
    check.set_defaults(do=_check)
    blank = verbs.add_parser("template", help="print the safe defaults as a file, each setting explained")
    blank.set_defaults(do=_template)
    listed = verbs.add_parser("table", help="print every setting as a row of the documentation's table")
    listed.set_defaults(do=_table)


def run(options: argparse.Namespace) -> int:
    """Carry out the verb."""
    try:
        code: int = options.do(options)
    except PatangError as error:
        raise CommandError(str(error)) from error
    return code


def _show(options: argparse.Namespace) -> int:
    desk = deployed_desk(options.stage)
    if options.version is None:
        changes = desk.settings_changes()
        _print(changes.in_force(), changes.stored(), changes.pending(), options)
        return 0
    stored = load_version(desk.store, options.version)
    if stored is None:
        raise CommandError(f"there is no version {options.version}: `patang settings history` lists them")
    _print(stored.wanted(), stored, {}, options)
    return 0


def _put(options: argparse.Namespace) -> int:
    settings = read_settings(options.file)
    changes = deployed_desk(options.stage).settings_changes()
    stored = changes.put(settings, caller(), options.note)
    _print(changes.in_force(), stored, changes.pending(), options)
    return 0


def _history(options: argparse.Namespace) -> int:
    found = versions(deployed_desk(options.stage).store, options.limit)
    if options.json:
        print(json.dumps([_told(stored) for stored in found]))
        return 0
    for stored in found:
        print(_headline(stored))
        for entry in stored.changes:
            print(f"  {entry.path}: {entry.old} -> {entry.new}")
    return 0


def _check(options: argparse.Namespace) -> int:
    settings = read_settings(options.file)
    if options.json:
        print(json.dumps(settings.model_dump(mode="json")))
    else:
        print(f"{options.file} is valid")
    return 0


def _template(_options: argparse.Namespace) -> int:
    sys.stdout.write(template())
    return 0


def _table(_options: argparse.Namespace) -> int:
    print("| setting | safe default | unit | range | loosened by | what it does |")
    print("|---|---|---|---|---|---|")
    for row in table():
        cells = (f"`{row.path}`", row.default, row.unit, row.allowed, row.looser, row.description)
        print(f"| {' | '.join(cells)} |")
    return 0


def _print(
    settings: Settings, stored: StoredSettings | None, pending: dict[str, Any], options: argparse.Namespace
) -> None:
    """The tree; in front of it, as comments, which version it is and what still waits."""
    values = settings.model_dump(mode="json")
    if options.json:
        print(json.dumps(values | _told(stored) | {"pending": pending}))
        return
    for line in _comments(stored, pending):
        print(f"# {line}")
    yaml.safe_dump(values, sys.stdout, sort_keys=False, allow_unicode=True)


def _comments(stored: StoredSettings | None, pending: dict[str, Any]) -> Iterator[str]:
    yield "the safe defaults: nothing is stored" if stored is None else _headline(stored)
    if stored is not None and stored.held_until is not None and pending:
        yield f"loosened, and in force from {stored.held_until:%Y-%m-%d %H:%M} on:"
        for path, value in pending.items():
            yield f"  {path}: {value}"


def _headline(stored: StoredSettings) -> str:
    when = "" if stored.written_at is None else f" of {stored.written_at:%Y-%m-%d %H:%M}"
    who = f" by {stored.written_by}" if stored.written_by else ""
    return f"version {stored.version}{when}{who}{f': {stored.note}' if stored.note else ''}"


def _told(stored: StoredSettings | None) -> dict[str, Any]:
    if stored is None:
        return {"version": 0}
    told = stored.model_dump(mode="json", include={"version", "written_at", "written_by", "note", "changes"})
    return told | {"pending_until": stored.held_until.isoformat() if stored.held_until else None}
