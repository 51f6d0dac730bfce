"""The official suites as programs of others: started from where `make conformance` put them, and read by what
they write down."""

import json
import os
import re
import subprocess
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

__all__ = ["EXPECTED_FAILURES", "INSTALLED", "ROOT", "Run", "node", "required", "suite"]

ROOT = Path(__file__).parents[2]
INSTALLED = ROOT / ".conformance/node_modules"
EXPECTED_FAILURES = ROOT / "conformance/expected-failures.yaml"


@dataclass(frozen=True)
class Run:
    """One run of a suite: `checks` has the status of every check of a scenario by its id, worst last."""

    exit_code: int
    said: str
    checks: Mapping[str, Mapping[str, str]]

    @property
    def failed(self) -> set[str]:
        """The scenarios with a check that failed."""
        return {name for name, checks in self.checks.items() if "FAILURE" in checks.values()}

    @property
    def passed(self) -> set[str]:
        """The scenarios without one."""
        return set(self.checks) - self.failed

    def told(self, what: str) -> str:
        """A line of figures for people."""
        statuses = Counter(status for checks in self.checks.values() for status in checks.values())
        counted = ", ".join(f"{count} {status.lower()}" for status, count in sorted(statuses.items()))
        return (
            f"{what}: {len(self.passed)} of {len(self.checks)} scenarios without a failed check ({counted})"
        )


def node(program: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A program of .conformance, run to its end. Fails the test where it is missing."""
    path = INSTALLED / ".bin" / program
    if not path.exists():
        pytest.fail(f"{program} is not installed: make conformance installs it below .conformance")
    return subprocess.run(
        [str(ROOT / ".venv/bin/node"), str(path), *arguments],
        env={**os.environ, "PATH": f"{ROOT / '.venv/bin'}:{os.environ['PATH']}", "NO_COLOR": "1"}
        | environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


def suite(kind: str, *arguments: str, into: Path, **environment: str) -> Run:
    """`conformance KIND ...`, its results written below `into`."""
    done = node("conformance", kind, *arguments, "--output-dir", str(into), **environment)
    checks = {}
    for results in sorted(into.glob("**/checks.json")):
        name = re.sub(r"-\d{4}-\d\d-\d\dT[\d-]+Z$", "", str(results.parent.relative_to(into)))
        worst = sorted(json.loads(results.read_text()), key=lambda check: check["status"] == "FAILURE")
        checks[name.removeprefix(f"{kind}-")] = {check["id"]: check["status"] for check in worst}
    return Run(done.returncode, done.stdout + done.stderr, checks)


def required(revision: str, leg: str) -> set[str]:
    """The scenarios that conforming to a revision takes, as the suite's own list of it has them."""
    text = (INSTALLED / f"@modelcontextprotocol/conformance/requirements/{revision}.yaml").read_text()
    [part] = re.findall(rf"^{leg}:\n((?:  - .+\n)+)", text, re.MULTILINE)
    return {line.removeprefix("  - ").strip() for line in part.splitlines()}
