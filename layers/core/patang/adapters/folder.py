"""ObjectStore on a folder of this machine."""

import os
import tempfile
from pathlib import Path, PurePosixPath

from patang.errors import BadInput

__all__ = ["FolderObjects"]

# A file that is being written; it does not exist for who lists.
_UNFINISHED = ".unfinished-"


class FolderObjects:
    """Each path is a file below `root`; a file is whole or absent, also after a crash."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, path: str, content: bytes, *, content_type: str = "application/octet-stream") -> None:
        # A folder has nowhere to keep what S3 keeps of a content.
        del content_type
        place = self._place(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        descriptor, unfinished = tempfile.mkstemp(prefix=_UNFINISHED, dir=place.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            Path(unfinished).chmod(0o644)
            Path(unfinished).replace(place)
        except BaseException:
            Path(unfinished).unlink(missing_ok=True)
            raise

    def get(self, path: str) -> bytes | None:
        try:
            return self._place(path).read_bytes()
        except FileNotFoundError:
            return None

    def list(self, prefix: str) -> list[str]:
        above = self._place(prefix.rpartition("/")[0]) if "/" in prefix else self._root
        found = []
        for folder, _, names in above.walk():
            relative = folder.relative_to(self._root).as_posix()
            at = "" if relative == "." else f"{relative}/"
            found += [at + name for name in names if not name.startswith(_UNFINISHED)]
        return sorted(path for path in found if path.startswith(prefix))

    def _place(self, path: str) -> Path:
        parts = PurePosixPath(path)
        if parts.is_absolute() or ".." in parts.parts:
            raise BadInput(f"{path!r} leads out of the store: a path is relative and goes down")
        return self._root / parts
