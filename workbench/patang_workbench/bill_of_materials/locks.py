"""A lock as `make lock` writes it: each package with version, hashes, marker, and who asked for it."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from packaging.markers import Marker

__all__ = ["LockError", "Locked", "read_lock"]

# Where the desk runs: Lambda, Fargate and images on arm64; what depends on the processor alone is the same.
_DEPLOYED_ON: Final = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_machine": "aarch64",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "python_full_version": "3.13.0",
    "python_version": "3.13",
    "sys_platform": "linux",
}
_PINNED: Final = re.compile(
    r"^(?P<name>[a-z0-9][a-z0-9.-]*)==(?P<version>[^\s;\\]+)(?: ; (?P<marker>[^\\]+?))? \\$"
)
_HASH: Final = re.compile(r"^--hash=sha256:(?P<sha256>[0-9a-f]{64})(?: \\)?$")


class LockError(ValueError):
    """A line of a lock pins nothing: no exact version, no hash, or an address."""


@dataclass(frozen=True, slots=True)
class Locked:
    """One package of a lock. `wanted_by` are packages; with `direct` the requirements themselves name it."""

    name: str
    version: str
    marker: str
    sha256: tuple[str, ...]
    wanted_by: tuple[str, ...]
    direct: bool

    @property
    def deployed(self) -> bool:
        """Whether its marker holds where the desk runs."""
        return not self.marker or Marker(self.marker).evaluate(dict(_DEPLOYED_ON))


def read_lock(path: Path) -> tuple[Locked, ...]:
    """The packages of a lock, in its order. Raises LockError, with the line, on what is not pinned."""
    found: list[Locked] = []
    blocks: list[list[str]] = []
    for line in path.read_text().splitlines():
        if line and not line.startswith((" ", "#")):
            blocks.append([line])
        elif line.startswith(" ") and blocks:
            blocks[-1].append(line.strip())
    for first, *rest in blocks:
        pinned = _PINNED.match(first)
        hashes = [match["sha256"] for match in map(_HASH.match, rest) if match]
        odd = [line for line in rest if not line.startswith("#") and not _HASH.match(line)]
        if pinned is None or not hashes or odd:
            raise LockError(
                f"{path.name}: {first!r} is not pinned to a version and its hashes; run `make lock`"
            )
        asked = [
            line.removeprefix("#").strip().removeprefix("via").strip()
            for line in rest
            if line.startswith("#")
        ]
        found.append(
            Locked(
                pinned["name"],
                pinned["version"],
                pinned["marker"] or "",
                tuple(sorted(hashes)),
                tuple(sorted(one for one in asked if one and not one.startswith("-"))),
                any(one.startswith("-r") for one in asked),
            )
        )
    return tuple(found)
