"""Faults of deployed functions: the templates made ready for them, and who is told to have one."""

import json
import re
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from patang.settings import LONGEST_APPROVAL_SECONDS
from patang_workbench.local_stack.assembly import synthesise

__all__ = ["Faults"]

# A function that fails in a state which waits for a token ends it at once, in the cloud. The emulator waits
# for the token until the state's time-out: for the owner's answer, or the lane's.
_LONG_WAIT = re.compile(rf'(\\"TimeoutSeconds\\":)(?:{LONGEST_APPROVAL_SECONDS + 15}|60)\b')
_WAITED = 6
_ENTRY = Path(__file__).with_name("faulty_entry.py")


@dataclass(frozen=True)
class Faults:
    """A function is named as in functions/. `folder` is where they look what is told."""

    folder: Path

    def synthesise(self, root: Path, assembly: Path) -> None:
        """The templates as they are, but for the entry of each function of the desk."""
        self.folder.mkdir(parents=True)
        synthesise(root, assembly)
        for path in assembly.glob("*.template.json"):
            template = json.loads(path.read_text())
            for resource in template["Resources"].values():
                handler = str(resource.get("Properties", {}).get("Handler", ""))
                if resource["Type"] == "AWS::Lambda::Function" and handler.startswith("functions."):
                    self._prepare(resource["Properties"], assembly)
            path.write_text(_LONG_WAIT.sub(rf"\g<1>{_WAITED}", json.dumps(template)))

    def tell(
        self, function: str, kind: Literal["before", "after", "throttled"], op: str | None = None
    ) -> None:
        """From its next call on it fails before it does anything, after it has done everything, or has every
        request to a table refused. `op`: only when it is asked for that."""
        (self.folder / function).write_text(kind if op is None else f"{kind}:{op}")

    def end(self, function: str) -> None:
        """It works again."""
        (self.folder / function).unlink(missing_ok=True)

    def end_all(self) -> None:
        for path in self.folder.iterdir():
            path.unlink()

    def failures(self, function: str) -> int:
        """How often it has failed since all faults were ended last."""
        told = self.folder / f"{function}.failed"
        return len(told.read_text().split()) if told.exists() else 0

    def refused(self) -> Counter[str]:
        """How many reads and writes tables have refused, all functions together, since the last asking."""
        told = Counter[str]()
        for path in self.folder.glob("*.refused"):
            told.update(path.read_text().split())
            path.unlink()
        return told

    def _prepare(self, function: dict, assembly: Path) -> None:
        archive = assembly / f"asset.{function['Code']['S3Key']}"
        with zipfile.ZipFile(archive, "a") as content:
            if _ENTRY.name not in content.namelist():
                content.write(_ENTRY, _ENTRY.name)
        function["Handler"] = f"{_ENTRY.stem}.handler"
        function["Environment"]["Variables"]["FAULTS"] = str(self.folder)
