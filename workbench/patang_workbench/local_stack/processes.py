"""Child processes that never outlive their launcher."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from patang_workbench.local_stack import keeper

__all__ = ["GroupProcess", "Keeper", "clean_environment"]


def clean_environment(**extra: str) -> dict[str, str]:
    """An environment for a child with nothing of the caller's in it but path, language and home."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LC_ALL", "TZ") if name in os.environ}
    return {**kept, **extra}


class Keeper:
    """The watcher beside a launcher: whatever is registered ends with the launcher, however that ends."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", keeper.__file__],
            stdin=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env=clean_environment(),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """Process id of the watcher."""
        return self._process.pid

    def watch_group(self, group: int) -> None:
        """End this process group when the launcher ends."""
        self._say(group=group)

    def group_ended(self, group: int) -> None:
        """The launcher has ended this group itself."""
        self._say(ended=group)

    def remove_folder(self, folder: Path) -> None:
        """Remove this folder when the launcher ends."""
        self._say(folder=str(folder))

    def keep_folder(self, folder: Path) -> None:
        """Leave this folder after all."""
        self._say(keep=str(folder))

    def close(self) -> None:
        """Let the watcher end and remove what is registered, and wait for it."""
        if self._process.stdin and not self._process.stdin.closed:
            self._process.stdin.close()
        self._process.wait(timeout=30)

    def _say(self, **command: object) -> None:
        if self._process.stdin is None or self._process.stdin.closed:
            raise RuntimeError("the watcher of child processes has been closed; start a new Keeper")
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()


class GroupProcess:
    """A child in a process group of its own, so that ending it ends its own children too."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        keeper: Keeper,
        environment: Mapping[str, str],
        folder: Path,
        output: IO[bytes],
    ) -> None:
        self._keeper = keeper
        self._process = subprocess.Popen(
            list(command),
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        keeper.watch_group(self._process.pid)

    @property
    def pid(self) -> int:
        """Process id, which is also the id of the group."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """How it ended, or None while it runs."""
        return self._process.poll()

    def stop(self, grace: float = 3.0) -> None:
        """End the group: asked first, killed after `grace` seconds. Harmless when it ended already."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGTERM)
        # The leader is reaped first: as a zombie it would count as alive.
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=grace)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait(timeout=5)
        self._keeper.group_ended(self.pid)

    def kill(self) -> None:
        """End the group at once, as a crash would."""
        self.stop(grace=0.0)
