"""Running a scanner of another environment than this one, and reading what it wrote."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from patang_workbench.deployment.programs import ROOT

__all__ = ["BESIDE", "CODE", "INFRASTRUCTURE", "NODE_MODULES", "ScannerError", "run"]

BESIDE: Final = Path(sys.executable).parent
CODE: Final = ROOT / ".security/code/bin"
INFRASTRUCTURE: Final = ROOT / ".security/infrastructure/bin"
NODE_MODULES: Final = ROOT / ".security/node_modules"


class ScannerError(RuntimeError):
    """A scanner is not there, or ended without an answer: nothing is known, which is not the same as nothing
    found.
    """


def run(
    command: Sequence[str | Path], *, good: tuple[int, ...], folder: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    """What it said. `good` are the exit codes of an answer. Raises ScannerError on any other."""
    program = Path(command[0])
    if not program.exists():
        raise ScannerError(f"{program.name} is not installed: run `make security`")
    path = f"{program.parent}{os.pathsep}{BESIDE}{os.pathsep}{os.environ.get('PATH', '')}"
    done = subprocess.run(  # noqa: S603 (commands are lists that are written in this package)
        [str(word) for word in command],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in good:
        raise ScannerError(
            f"{program.name} ended with {done.returncode} and no answer:\n"
            f"{(done.stdout + done.stderr)[-2000:]}"
        )
    return done
