"""Every command that a runbook gives exists with the options it gives: `patang` by its own parser, `aws` by
the service models that botocore carries, which are what the AWS command is made of.

What stands in a line of text may leave arguments out (`patang reconcile`, "then `delete-table`"); what stands
in a block is meant to be typed and has to be whole.
"""

import argparse
import re
import shlex
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name

from infra.bundles import ROOT
from patang_workbench.cli import _parser

FOLDER = ROOT / "docs/runbooks"
PAGES = sorted(FOLDER.rglob("*.md"))
FENCED = re.compile(r"^```[a-z]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
ASSIGNMENT = re.compile(r"[A-Z_]+=\S*")
PLACE = re.compile(r"<[^<>]*>|\$\([^()]*\)|\$\{?\w+\}?")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
GLOBAL = {"--region", "--profile", "--output", "--query", "--cli-binary-format", "--no-paginate"}
S3 = {
    "sync": {"--delete", "--exclude", "--include"},
    "cp": {"--recursive"},
    "rm": {"--recursive"},
    "ls": set(),
}
LOGS = {"tail": {"--since", "--follow", "--filter-pattern"}}
# Typed after the options.
OUTFILE = {("lambda", "invoke")}
CDK = {"bootstrap": set(), "gc": {"--unstable"}, "import": set(), "diff": set()}


def commands(text: str) -> list[tuple[list[str], bool]]:
    """(words, whether it is to be typed as it stands) of each command of these three programs in a page."""
    blocks = "\n".join(FENCED.findall(text)).replace("\\\n", " ")
    spans = INLINE.findall(FENCED.sub("", text))
    found = []
    for lines, whole in ((blocks.splitlines(), True), (spans, False)):
        for line in lines:
            for part in re.split(r"\s(?:&&|\|\||\||;|>)\s", PLACE.sub("X", line)):
                words = shlex.split(part, comments=True)
                while words and ASSIGNMENT.fullmatch(words[0]):
                    words.pop(0)
                if len(words) > 1 and words[0] in ("patang", "aws", "cdk"):
                    found.append((words, whole))
    return found


def loosened(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Nothing is required, and no value is looked at: a placeholder stands in many places."""
    for action in parser._actions:
        action.required = False
        if isinstance(action, argparse._SubParsersAction):
            for each in action.choices.values():
                loosened(each)
        elif not action.option_strings and action.nargs is None:
            action.nargs = "?"
        if not isinstance(action, argparse._SubParsersAction):
            action.type = None
            action.choices = None
    for group in parser._mutually_exclusive_groups:
        group.required = False
    return parser


def wrong_with_patang(words: list[str], *, whole: bool) -> str | None:
    parser = _parser()
    if not whole or "X" in words:
        parser = loosened(parser)
    try:
        parser.parse_args([word for word in words if word != "..."])
    except SystemExit as ended:
        return None if ended.code == 0 else "patang does not understand it"
    return None


def wrong_with_aws(words: list[str], *, whole: bool) -> str | None:
    service, *rest = words
    if service in ("s3", "logs") and rest and rest[0] in (S3 if service == "s3" else LOGS):
        known = {**S3, **LOGS}[rest[0]]
        strange = {word for word in rest[1:] if word.startswith("--")} - known - GLOBAL
        return f"{service} {rest[0]} has no {sorted(strange)}" if strange else None
    try:
        service = {"s3api": "s3"}.get(service, service)
        model = botocore.session.get_session().get_service_model(service)
    except botocore.exceptions.UnknownServiceError:
        return f"there is no service {service}"
    if rest[:1] == ["wait"]:
        waiters = botocore.session.get_session().get_waiter_model(service).waiter_names
        known_waits = {xform_name(name, "-") for name in waiters}
        return None if rest[1] in known_waits else f"{service} does not wait for {rest[1]}"
    operations = {xform_name(name, "-"): name for name in model.operation_names}
    if not rest or rest[0] not in operations:
        return f"{service} has no {rest[:1]}"
    return wrong_with_operation(model.operation_model(operations[rest[0]]), service, rest, whole=whole)


def wrong_with_operation(operation: Any, service: str, words: list[str], *, whole: bool) -> str | None:
    shape = operation.input_shape
    members = {} if shape is None else {f"--{xform_name(n, '-')}": m for n, m in shape.members.items()}
    members |= {
        f"--no-{name.removeprefix('--')}": m for name, m in members.items() if m.type_name == "boolean"
    }
    given = [word.partition("=")[0] for word in words[1:] if word.startswith("--")]
    strange = [name for name in given if name not in members and name not in GLOBAL]
    if strange:
        return f"{service} {words[0]} has no {strange}"
    values = len([word for word in words[1:] if not word.startswith("--") and word != "..."])
    takers = len([n for n in given if n in GLOBAL or members[n].type_name != "boolean"])
    if values < takers and "..." not in words:
        return f"an option of {service} {words[0]} has no value"
    if not whole:
        return None
    if values < takers + ((service, words[0]) in OUTFILE):
        return f"{service} {words[0]} has no file to write to"
    required = {f"--{xform_name(n, '-')}" for n in (shape.required_members if shape else ())}
    missing = sorted(required - set(given))
    return f"{service} {words[0]} needs {missing}" if missing else None


def wrong_with(words: list[str], *, whole: bool) -> str | None:
    program, *rest = words
    if program == "patang":
        return wrong_with_patang(rest, whole=whole)
    if program == "aws":
        return wrong_with_aws(rest, whole=whole)
    strange = {word.partition("=")[0] for word in rest[1:] if word.startswith("--")} - CDK.get(rest[0], set())
    return f"the CDK has no {rest[0]} {sorted(strange)}" if rest[0] not in CDK or strange else None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(FOLDER)))
def test_every_link_of_a_runbook_leads_somewhere(page: Path) -> None:
    targets = [target for target in LINK.findall(page.read_text()) if "://" not in target]
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(FOLDER)))
def test_every_command_of_a_runbook_exists_with_its_options(
    page: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = [
        f"{' '.join(words)}: {why}"
        for words, whole in commands(page.read_text())
        if (why := wrong_with(words, whole=whole)) is not None
    ]
    assert wrong == [], capsys.readouterr().err


def test_the_runbooks_have_commands_and_most_of_them_are_looked_at() -> None:
    found = [words for page in PAGES for words, _ in commands(page.read_text())]
    assert len([words for words in found if words[0] == "patang"]) > 80
    assert len([words for words in found if words[0] == "aws"]) > 50


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("patang flatter", "does not understand"),
        ("patang accounts change main", "does not understand"),
        ("patang halt --acount main", "does not understand"),
        ("aws dynamo update-table", "no service"),
        ("aws dynamodb restore-table --table-name t", "has no"),
        ("aws dynamodb update-table --tablename t", "has no"),
        ("aws kms schedule-key-deletion --key-id --pending-window-in-days 30", "has no value"),
        ("aws dynamodb wait table-there", "does not wait for"),
        ("cdk destroyed", "has no"),
        ("cdk gc --all", "has no"),
    ],
)
def test_a_wrong_command_is_found(line: str, why: str, capsys: pytest.CaptureFixture[str]) -> None:
    (found,) = commands(f"do `{line}` now")
    assert why in str(wrong_with(found[0], whole=False))


@pytest.mark.parametrize(
    "line",
    [
        "patang notifications confirm",
        "patang accounts credentials",
        "aws lambda invoke --function-name f",
        "aws dynamodb delete-table",
        "aws dynamodb export-table-to-point-in-time --table-arn a",
    ],
)
def test_in_a_block_a_command_has_to_be_whole(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    (found,) = commands(f"```\n{line}\n```\n")
    assert found[1]
    assert wrong_with(*found[:1], whole=True) is not None
    assert wrong_with(*found[:1], whole=False) is None
