"""The official suites as programs of others: started from where `make conformance` put them, and read by what
they write down."""

import json
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import pytest

__all__ = ["EXPECTED_FAILURES", "INSTALLED", "ROOT", "Ended", "Run", "node", "required", "suite"]

ROOT = Path(__file__).parents[2]
INSTALLED = ROOT / ".conformance/node_modules"
EXPECTED_FAILURES = ROOT / "tests/conformance/expected-failures.yaml"
_MOST_SECONDS = 240.0
# No colours, no keychain and no browser of the machine's.
_PLAIN = {"NO_COLOR": "1", "MCP_INSPECTOR_SECRET_STORE": "file", "BROWSER": "true"}


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

    def told(self, what: str, wanted: AbstractSet[str] | None = None) -> str:
        """A line of figures for people: of the scenarios that are `wanted` (all of them), and of the rest."""
        every = set(self.checks)
        wanted = every if wanted is None else wanted
        rest = every - wanted
        checks = [status for name in wanted & every for status in self.checks[name].values()]
        line = (
            f"{what}: {len(wanted & self.passed)} of {len(wanted)} scenarios pass, "
            f"{checks.count('SUCCESS')} checks succeed and {checks.count('FAILURE')} fail"
        )
        return f"{line}; not scored: {len(rest & self.passed)} of {len(rest)}" if rest else line


@dataclass(frozen=True)
class Ended:
    """How a program ended, and what it wrote."""

    exit_code: int
    out: str
    err: str


def node(
    program: str, *arguments: str, shown: Callable[[str], object] | None = None, **environment: str
) -> Ended:
    """A program of .conformance, run to its end; `shown` gets the page that it asks a person to open.

    Fails the test where the program is missing, or asks nobody although somebody is there.
    """
    path = INSTALLED / ".bin" / program
    if not path.exists():
        pytest.fail(f"{program} is not installed: make conformance installs it below .conformance")
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen(
            [str(ROOT / ".venv/bin/node"), str(path), *arguments],
            env={**os.environ, "PATH": f"{ROOT / '.venv/bin'}:{os.environ['PATH']}"} | _PLAIN | environment,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
        )
        try:
            if shown is not None:
                shown(_page(process, out, err))
            exit_code = process.wait(_MOST_SECONDS)
        finally:
            process.kill()
            process.wait()
        return Ended(exit_code, _read(out), _read(err))


def _page(process: subprocess.Popen[bytes], *said: TextIO) -> str:
    deadline = time.monotonic() + _MOST_SECONDS
    while time.monotonic() < deadline:
        ended = process.poll() is not None
        text = "".join(map(_read, said))
        if found := re.search(r"https?://\S+/authorize\?\S+", text):
            return found[0]
        if ended:
            break
        time.sleep(0.05)
    pytest.fail(f"it asked nobody to open a page:\n{text}")


def _read(file: TextIO) -> str:
    # The program writes to the same open file: reading must not move its place.
    return os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0).decode()


def suite(kind: str, *arguments: str, into: Path, shown: Callable[[str], object] | None = None) -> Run:
    """`conformance KIND ...`, its results written below `into`."""
    done = node("conformance", kind, *arguments, "--output-dir", str(into), shown=shown)
    checks = {}
    for results in sorted(into.glob("**/checks.json")):
        name = re.sub(r"-\d{4}-\d\d-\d\dT[\d-]+Z$", "", str(results.parent.relative_to(into)))
        worst = sorted(json.loads(results.read_text()), key=lambda check: check["status"] == "FAILURE")
        checks[name.removeprefix(f"{kind}-")] = {check["id"]: check["status"] for check in worst}
    return Run(done.exit_code, done.out + done.err, checks)


def required(revision: str, leg: str) -> set[str]:
    """The scenarios that conforming to a revision takes, as the suite's own list of it has them."""
    text = (INSTALLED / f"@modelcontextprotocol/conformance/requirements/{revision}.yaml").read_text()
    [part] = re.findall(rf"^{leg}:\n((?:  - .+\n)+)", text, re.MULTILINE)
    return {line.removeprefix("  - ").strip() for line in part.splitlines()}
