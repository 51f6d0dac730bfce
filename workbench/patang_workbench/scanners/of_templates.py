"""Scanners of the synthesised templates: cfn-lint, checkov, and asl-validator for their state machines."""

import json
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from patang_workbench.scanners.findings import Finding
from patang_workbench.scanners.programs import BESIDE, INFRASTRUCTURE, NODE_MODULES, ScannerError, run

__all__ = [
    "asl_validator",
    "cfn_lint",
    "checkov",
    "checkov_templates",
    "definitions",
    "nag_reasons",
    "templates_of",
]

_STAGED: Final = re.compile(r"^patang-(?:paper|live)-")
_FILLED: Final = {"AWS::Partition": "aws", "AWS::Region": "ap-south-1", "AWS::AccountId": "000000000000"}
_SOME_ARN: Final = "arn:aws:lambda:ap-south-1:000000000000:function:some"
_INVALID: Final = re.compile(r'^\W*State machine definition "(?P<file>.+)" is invalid:$')


def templates_of(assembly: Path) -> tuple[Path, ...]:
    """The templates of a cloud assembly."""
    return tuple(sorted(assembly.glob("*.template.json")))


def cfn_lint(templates: Sequence[Path]) -> Iterator[Finding]:
    """Raises ScannerError."""
    command = [BESIDE / "cfn-lint", "--format", "json", "--", *templates]
    # Its exit code is the sum of the levels that it found.
    for found in json.loads(run(command, good=tuple(range(16))).stdout):
        path = found["Location"].get("Path") or []
        resource = str(path[1]) if len(path) > 1 and path[0] == "Resources" else "*"
        yield Finding("cfn-lint", found["Rule"]["Id"], _place(found["Filename"], resource), found["Message"])


def checkov_templates(templates: Sequence[Path]) -> Iterator[Finding]:
    """Raises ScannerError."""
    for path, found in checkov("cloudformation", templates, Path("/")):
        logical = found["resource"].rpartition(".")[2]
        yield Finding("checkov", found["check_id"], _place(path.name, logical), found["check_name"])


def checkov(framework: str, files: Sequence[Path], root: Path) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Its failed checks, each with its file. It asks nobody for rules. Raises ScannerError."""
    command: list[str | Path] = [INFRASTRUCTURE / "checkov", "--framework", framework]
    command += ["--skip-download", "--compact", "--quiet", "--output", "json"]
    for file in files:
        command += ["--file", file]
    answer = json.loads(run(command, good=(0, 1), folder=root).stdout)
    for report in answer if isinstance(answer, list) else [answer]:
        # Where nothing failed it prints the summary alone.
        if report.get("summary", report).get("parsing_errors"):
            raise ScannerError(
                f"checkov could not read all of {[str(file) for file in files]} as {framework}"
            )
        for found in report.get("results", {}).get("failed_checks", []):
            yield Path(found["file_abs_path"]), found


def definitions(templates: Sequence[Path]) -> dict[str, str]:
    """The definition of each state machine by `<stack>:<logical id>`, with some name where none is known."""
    found: dict[str, str] = {}
    for path in templates:
        for logical, resource in json.loads(path.read_text())["Resources"].items():
            if resource["Type"] == "AWS::StepFunctions::StateMachine":
                found[_place(path.name, logical)] = _text(resource["Properties"]["DefinitionString"])
    return found


def asl_validator(machines: Mapping[str, str]) -> Iterator[Finding]:
    """Raises ScannerError."""
    with tempfile.TemporaryDirectory() as scratch:
        files = {str(Path(scratch) / f"{number}.json"): place for number, place in enumerate(machines)}
        for file, place in files.items():
            Path(file).write_text(machines[place])
        command: list[str | Path] = [
            BESIDE / "node",
            NODE_MODULES / "asl-validator/dist/bin/asl-validator.js",
        ]
        for file in files:
            command += ["--json-path", file]
        place = ""
        done = run(command, good=(0, 1))
        for line in (done.stdout + done.stderr).splitlines():
            invalid = _INVALID.match(line.strip())
            if invalid:
                place = files[invalid["file"]]
            elif place and line.strip():
                rule, _, text = line.strip().partition(": ")
                yield Finding("asl-validator", rule, place, text)


def nag_reasons(assembly: Path) -> dict[tuple[str, str], str]:
    """What is accepted of cdk-nag's findings in an assembly: the reason by rule and construct."""
    found: dict[tuple[str, str], str] = {}
    for path in sorted(assembly.glob("*.metadata.json")):
        for construct, entries in json.loads(path.read_text()).items():
            for entry in entries:
                if entry["type"] == "aws:cdk:acknowledged-rules":
                    for rule, why in entry["data"].items():
                        found[rule.partition("::")[2], construct] = why
    return found


def _place(file: str, resource: str) -> str:
    stack = _STAGED.sub("", Path(file).name.removesuffix(".template.json"))
    return f"{stack}:{resource}"


def _text(value: Any) -> str:
    match value:
        case str():
            return value
        case {"Fn::Join": [delimiter, parts]}:
            return str(delimiter).join(_text(part) for part in parts)
        case {"Ref": name} if name in _FILLED:
            return _FILLED[name]
        case _:
            return _SOME_ARN
