"""SecretStore of a home desk: API secrets are the environment's, the day's tokens lie in a file that only its
owner reads."""

import fcntl
import json
import os
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from patang.errors import BadInput

__all__ = ["HomeSecrets"]


class HomeSecrets:
    """`given` are the secrets that the environment has said, by name: they are never written anywhere.

    What the desk adds to them, and secrets of its own making, lie in `path`: mode 0600, whole or not there,
    shared by all processes of the desk.
    """

    def __init__(self, path: Path, given: Mapping[str, Mapping[str, str]]) -> None:
        self._path = path
        self._given = {name: dict(values) for name, values in given.items()}
        self._one_at_a_time = threading.Lock()

    def get(self, name: str) -> Mapping[str, str] | None:
        kept, given = self._kept().get(name), self._given.get(name)
        if kept is None and given is None:
            return None
        return {**(kept or {}), **(given or {})}

    def put(self, name: str, values: Mapping[str, str]) -> None:
        given = self._given.get(name, {})
        with self._changing() as kept:
            kept[name] = {key: value for key, value in values.items() if key not in given}

    def delete(self, name: str) -> None:
        with self._changing() as kept:
            kept.pop(name, None)

    @contextmanager
    def _changing(self) -> Iterator[dict[str, dict[str, str]]]:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # The file itself is replaced: a lock on it would be on one that is gone.
        lock = self._path.with_name(f"{self._path.name}.lock")
        with self._one_at_a_time, lock.open("a") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            kept = self._kept()
            yield kept
            self._replace(kept)

    def _kept(self) -> dict[str, dict[str, str]]:
        try:
            text = self._path.read_text()
        except FileNotFoundError:
            return {}
        try:
            found: dict[str, dict[str, str]] = json.loads(text)
        except ValueError as error:
            # Nothing of its text goes into the message: it is secret.
            raise BadInput(f"{self._path} is no JSON: remove it and log in again") from error
        return found

    def _replace(self, kept: Mapping[str, Mapping[str, str]]) -> None:
        # mkstemp makes a file that nobody else may read.
        descriptor, unfinished = tempfile.mkstemp(prefix=".unfinished-", dir=self._path.parent)
        try:
            with os.fdopen(descriptor, "w") as file:
                json.dump(kept, file)
            Path(unfinished).replace(self._path)
        except BaseException:
            Path(unfinished).unlink(missing_ok=True)
            raise
