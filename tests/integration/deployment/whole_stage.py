"""The project's own templates and code in the place of the pretended ones, deployed on the emulator.

`Tree` is a copy of what is deployed, so that a test can change a function's code; `LocalCdk` takes the place
of the CDK's command: the templates of `Tree` are made by `infra.app`, and the emulator gets them as `make
demo` gives them to it.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from patang_workbench.deployment.programs import ROOT, Programs
from patang_workbench.deployment.stage import Stage
from patang_workbench.local_stack.assembly import Assembly
from patang_workbench.local_stack.deployment import deploy
from patang_workbench.local_stack.emulator import ACCOUNT, REGION, Emulator

_COPIED = ("infra", "functions", "layers", "requirements")
_SHARED = ("model_artifacts", ".patang/assets", ".bootstrap")
_NOT_COPIED = shutil.ignore_patterns("__pycache__", "cdk.out", "*.egg-info")


class Tree:
    """A copy of what a deployment is made of, below `folder`."""

    def __init__(self, folder: Path) -> None:
        self.root = folder
        for name in _COPIED:
            shutil.copytree(ROOT / name, folder / name, ignore=_NOT_COPIED)
        shutil.copyfile(ROOT / "cdk.json", folder / "cdk.json")
        for name in _SHARED:
            if (ROOT / name).exists():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).symlink_to(ROOT / name)

    def change(self, file: str, before: str, after: str) -> None:
        """Puts words in the place of others that stand there once."""
        text = (self.root / file).read_text()
        assert text.count(before) == 1, f"{file} has {before!r} {text.count(before)} times"
        (self.root / file).write_text(text.replace(before, after))


class LocalCdk:
    """The calls of Programs. `destroyed` is what was deleted, in order.

    The templates of the same tree and settings are made once: that they are the same to the byte when they
    are made again is tests/infra/test_stability.py's. `version` is raised by who changes the tree.
    """

    def __init__(self, tree: Tree, emulator: Emulator, folder: Path) -> None:
        self.tree = tree
        self.version = 1
        self.destroyed: list[str] = []
        self._emulator = emulator
        self._folder = folder
        self._programs = Programs(tree.root)

    def __call__(self) -> "LocalCdk":
        return self

    def check(self) -> str:
        """The locked command's version."""
        return self._programs.check()

    def synthesise(
        self, stage: Stage, said: Mapping[str, str], folder: Path, *, assets: bool, also: Sequence[str] = ()
    ) -> None:
        """The templates without what the emulator does not take, as they are deployed there."""
        words = "-".join((str(self.version), *sorted(f"{k}={v}" for k, v in said.items()), *also))
        made = self._folder / words
        if not made.exists():
            self._programs.synthesise(stage, {**said, "flavour": "local"}, made, assets=True, also=also)
            manifest = json.loads((made / "manifest.json").read_text())
            for template in Assembly(made, ACCOUNT, REGION).templates:
                file = manifest["artifacts"][template.stack]["properties"]["templateFile"]
                (made / file).write_text(json.dumps(template.deployable()))
        shutil.copytree(made, folder, dirs_exist_ok=True)

    def cdk(
        self, verb: str, folder: Path, arguments: Sequence[str], region: str, output: IO[str] | None = None
    ) -> int:
        """Deploys all, or destroys what is named; the CDK's own words about a difference are left out."""
        assert region == REGION
        if verb == "deploy":
            parameters = {"ModelPath": str(ROOT / "model_artifacts")}
            deploy(self._emulator, Assembly(folder, ACCOUNT, REGION), parameters, lambda line: None)
        formation = self._emulator.client("cloudformation")
        for name in arguments if verb == "destroy" else ():
            if not name.startswith("--"):
                formation.delete_stack(StackName=name)
                formation.get_waiter("stack_delete_complete").wait(
                    StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
                )
                self.destroyed.append(name)
        return 0
