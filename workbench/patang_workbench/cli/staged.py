"""What `patang deploy`, `diff` and `destroy` share: which stage, asking for a yes, and what went wrong."""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from patang.app import Desk
from patang.errors import SettingsError
from patang_workbench.cli.deployed import deployed_desk
from patang_workbench.cli.running import CommandError
from patang_workbench.deployment.account import AccountError, StageAccount
from patang_workbench.deployment.programs import ROOT, ProgramError, Programs
from patang_workbench.deployment.stage import Stage, read_stage
from patang_workbench.local_stack.assembly import AssemblyError

__all__ = ["Guide", "add_guide_arguments", "guide"]


def add_guide_arguments(parser: argparse.ArgumentParser, *, asks: str | None = None) -> None:
    """Which stage, by which settings; `asks`: what is done without asking under --yes."""
    parser.add_argument("--stage", default="paper", choices=("paper", "live"), help="the stage (paper)")
    parser.add_argument(
        "-c",
        "--context",
        action="append",
        default=[],
        type=_pair,
        metavar="NAME=VALUE",
        help="a setting of the stage, before what cdk.json says",
    )
    if asks is not None:
        parser.add_argument("--yes", action="store_true", help=f"do not ask: {asks}")
    parser.add_argument("--json", action="store_true", help="print JSON; everything else goes to stderr")


class Guide:
    """One run of a guide: the stage's settings, its account, the CDK's programs, and where words go."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self.said = dict(options.context)
        self.folder = folder
        self.json = bool(options.json)
        self.sure = bool(getattr(options, "yes", False))
        self.programs = Programs()
        self.programs.check()
        self.stage: Stage = read_stage(ROOT / "cdk.json", {**self.said, "stage": options.stage})
        # The desk's own adapters take the region from here.
        os.environ["AWS_DEFAULT_REGION"] = os.environ["AWS_REGION"] = self.stage.region
        self.account = StageAccount(self.stage)

    @property
    def told_to(self) -> TextIO:
        """Where a person reads: with --json the output is the machine's."""
        return sys.stderr if self.json else sys.stdout

    def tell(self, *lines: str) -> None:
        """Lines for a person."""
        for line in lines:
            print(line, file=self.told_to, flush=True)

    def tell_where(self) -> None:
        """Which stage of which account, and who asks."""
        who = self.account.caller
        self.tell(
            f"stage {self.stage.stage} in {self.stage.region}, account {who['Account']}, as {who['Arn']}"
        )

    def ask(self, question: str, word: str) -> None:
        """Raises CommandError unless the person types `word`, or said --yes."""
        if self.sure:
            return
        if self.json:
            raise CommandError("nothing was done: with --json nobody is asked, so say --yes")
        try:
            answer = input(f"{question} Type {word}: ")
        except EOFError as error:
            raise CommandError("nothing was done: nobody answers here, so say --yes") from error
        if answer.strip() != word:
            raise CommandError("nothing was done")

    def desk(self) -> Desk | None:
        """The stage's desk; None where too little is deployed for one. Raises CommandError, AccountError."""
        if not {"DeskTable", "OrderQueueUrl"} <= self.account.outputs().keys():
            return None
        return deployed_desk(self.stage.stage)

    def cdk(self, verb: str, *arguments: str) -> int:
        """Runs the CDK's command on this run's templates; its exit code."""
        output = sys.stderr if self.json else None
        return self.programs.cdk(verb, self.folder, arguments, self.stage.region, output)


@contextmanager
def guide(options: argparse.Namespace) -> Iterator[Guide]:
    """A run, with a folder for its templates that goes with it. Raises CommandError if it cannot be."""
    runs = ROOT / ".patang" / "deployments"
    try:
        runs.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=runs) as folder:
            yield Guide(options, Path(folder))
    except (AccountError, AssemblyError, ProgramError, SettingsError) as error:
        raise CommandError(str(error)) from error


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is no NAME=VALUE")
    if name == "stage":
        raise argparse.ArgumentTypeError("the stage is said by --stage")
    return name, value
