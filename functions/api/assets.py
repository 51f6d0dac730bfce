"""The files that pages are made of: scripts, styles, the icon, each kept by browsers for good.

An address carries the digest of all files together, so that a module finds those it imports beside it, in the
same version.
"""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["Asset", "address_of", "asset", "version"]

_FOLDER = Path(__file__).parent / "static"
_KINDS = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """A shipped file, as it is and compressed."""

    kind: str
    content: bytes
    gzipped: bytes


@cache
def asset(name: str) -> Asset | None:
    """The file of this name, or None. Only what was shipped is ever looked for."""
    path = _names().get(name)
    if path is None:
        return None
    content = path.read_bytes()
    # No time of its own: the same file gives the same bytes.
    return Asset(_KINDS[path.suffix], content, gzip.compress(content, mtime=0))


@cache
def version() -> str:
    """One word for all files as they are now."""
    digest = hashlib.sha256()
    for name, path in sorted(_names().items()):
        content = path.read_bytes()
        digest.update(f"{name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()[:12]


def address_of(name: str) -> str:
    """Where a page finds this file. Raises ValueError for one that is not shipped."""
    if name not in _names():
        raise ValueError(f"there is no file static/{name}: shipped are {', '.join(sorted(_names()))}")
    return f"/static/{version()}/{name}"


@cache
def _names() -> dict[str, Path]:
    return {path.name: path for path in sorted(_FOLDER.iterdir()) if path.suffix in _KINDS}
