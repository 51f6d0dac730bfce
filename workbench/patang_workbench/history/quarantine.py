"""Bars set aside: the file goes on without them, the original stays, and the owner can have them back.

quarantine/<folder of the file>/<twelve digits of the original's SHA-256>/
    original.parquet    the file as it was
    rows.parquet        the bars that were taken out, each with the finding that condemned it
    entry.json          which file, which findings, and whether the owner took them back
"""

import hashlib
from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal

import numpy as np
import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from patang.adapters.parquet import parquet_bytes
from patang.errors import Refused
from patang.market.findings import Finding, FindingKind
from patang.ports import ObjectStore

__all__ = ["Entry", "Quarantine", "Reason", "digest", "reason_of"]

_FOLDER = "quarantine/"
_ENTRY = "/entry.json"


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Reason(_Value):
    """A finding that condemned bars, and their places in the original."""

    kind: FindingKind
    day: date
    timestamp: datetime
    value: float
    meaning: str
    rows: tuple[int, ...]


class Entry(_Value):
    """Bars of one file that were set aside; `original` and `rewritten` are SHA-256 of the file's bytes."""

    version: Literal[1] = 1
    path: str
    original: str
    rewritten: str
    rows: int
    reasons: tuple[Reason, ...]
    state: Literal["quarantined", "restored"] = "quarantined"

    @property
    def folder(self) -> str:
        """Where its three files are."""
        return f"{_FOLDER}{self.path.rpartition('/')[0]}/{self.original[:12]}"


def digest(content: bytes) -> str:
    """SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


class Quarantine:
    """What was set aside in a store."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def entries(self) -> list[Entry]:
        """Everything ever set aside, by file."""
        paths = [path for path in self._objects.list(_FOLDER) if path.endswith(_ENTRY)]
        contents = [self._objects.get(path) for path in paths]
        return [Entry.model_validate_json(content) for content in contents if content is not None]

    def set_aside(self, path: str, content: bytes, table: pa.Table, reasons: Sequence[Reason]) -> Entry:
        """Take the bars of these reasons out of a file. The original is kept before the file changes."""
        kept = np.ones(table.num_rows, np.bool_)
        why: list[list[str]] = [[] for _ in range(table.num_rows)]
        for reason in reasons:
            kept[list(reason.rows)] = False
            for row in reason.rows:
                why[row].append(f"{reason.kind}: {reason.meaning}")
        out = np.flatnonzero(~kept)
        taken = table.take(pa.array(out)).append_column("row", pa.array(out))
        taken = taken.append_column("finding", pa.array(["; ".join(why[row]) for row in out.tolist()]))
        rest = parquet_bytes(table.filter(pa.array(kept)))
        entry = Entry(
            path=path,
            original=digest(content),
            rewritten=digest(rest),
            rows=len(out),
            reasons=tuple(reasons),
        )
        self._objects.put(f"{entry.folder}/original.parquet", content)
        self._objects.put(f"{entry.folder}/rows.parquet", parquet_bytes(taken))
        self._note(entry)
        self._objects.put(path, rest)
        return entry

    def restore(self, entry: Entry) -> None:
        """Put the original back. Raises Refused if the file is not what the quarantine left of it."""
        original = self._objects.get(f"{entry.folder}/original.parquet")
        current = self._objects.get(entry.path)
        if original is None:
            raise Refused(f"{entry.folder}/original.parquet is gone: {entry.path} cannot be restored")
        if current is not None and digest(current) not in (entry.rewritten, entry.original):
            raise Refused(
                f"{entry.path} has been written since its bars were set aside: restoring would lose that. "
                f"The original is {entry.folder}/original.parquet"
            )
        self._objects.put(entry.path, original)
        self._note(entry.model_copy(update={"state": "restored"}))

    def _note(self, entry: Entry) -> None:
        content = entry.model_dump_json(indent=1).encode()
        self._objects.put(f"{entry.folder}{_ENTRY}", content, content_type="application/json")


def reason_of(finding: Finding, rows: Sequence[int]) -> Reason:
    """A finding as it concerns the bars of one file; `rows` are their places in it."""
    return Reason(
        kind=finding.kind,
        day=finding.day,
        timestamp=finding.timestamp,
        value=finding.value,
        meaning=finding.meaning,
        rows=tuple(rows),
    )
