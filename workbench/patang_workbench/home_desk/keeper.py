"""Which of several processes on one folder works for the desk: VS Code and Claude start one each."""

import fcntl
import json
import os
import stat
from pathlib import Path
from typing import IO

from patang.errors import BadInput

__all__ = ["Keeper"]


class Keeper:
    """At most one process holds the folder, until it ends in whatever way. The others share its state and
    lead to its pages. Raises BadInput for a folder in which other users could put files of theirs."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        mode = stat.S_IMODE(folder.stat().st_mode)
        if mode & 0o022:
            raise BadInput(
                f"{folder} can be written by others (mode {mode:04o}), who could put a desk of theirs there: "
                f"`chmod 700` it, or set PATANG_HOME to another folder"
            )
        self._path = folder / "keeper.json"
        self._held: IO[str] | None = None

    def take(self) -> bool:
        """Holds the folder from now on; False while another process does."""
        if self._held is not None:
            return True
        file = self._path.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        self._held = file
        self._write("")
        return True

    def serve_at(self, address: str) -> None:
        """Tells the others where the pages are now."""
        self._write(address)

    def let_go(self) -> None:
        """Somebody else may hold it."""
        if self._held is not None:
            self._write("")
            self._held.close()
            self._held = None

    def address(self) -> str:
        """Where the pages are served, by whichever process; empty while nobody does."""
        try:
            found: dict[str, object] = json.loads(self._path.read_text())
        except (OSError, ValueError):
            # Nobody has ever held it, or somebody is writing.
            return ""
        return str(found.get("address") or "")

    def holder(self) -> int | None:
        """The process that has last held it."""
        try:
            return int(json.loads(self._path.read_text())["process"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _write(self, address: str) -> None:
        if self._held is None:
            raise RuntimeError(f"{self._path} is written by who holds it")
        self._held.seek(0)
        self._held.truncate()
        json.dump({"process": os.getpid(), "address": address}, self._held)
        self._held.flush()
