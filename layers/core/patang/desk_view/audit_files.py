"""Entries of the audit log as files: lines that can be verified, and a table for a spreadsheet."""

import json
from collections.abc import Iterable, Mapping
from typing import Final

from patang.audit.entry import AuditEntry
from patang.reports.table import csv_table

__all__ = ["MOST_IN_A_FILE", "entries_csv", "entries_lines"]

# A function's answer ends at 6 MB; an entry with its hashes is some 800 bytes.
MOST_IN_A_FILE: Final = 5000
_COLUMNS = (
    "sequence",
    "as_of",
    "written_at",
    "kind",
    "actor",
    "details",
    "event_id",
    "account",
    "previous",
    "hash",
)


def entries_lines(entries: Iterable[AuditEntry]) -> str:
    """A JSON object a line, as it is stored: what `patang audit verify --file` reads."""
    return "".join(f"{entry.model_dump_json()}\n" for entry in entries)


def entries_csv(entries: Iterable[AuditEntry]) -> str:
    """A line an entry, moments as ISO 8601 has them, the details as JSON in one cell."""
    return csv_table(_COLUMNS, map(_row, entries))


def _row(entry: AuditEntry) -> Mapping[str, object]:
    event = entry.event()
    return {
        **entry.model_dump(include={"sequence", "account", "previous", "hash"}),
        **event.model_dump(include={"kind", "actor", "event_id"}),
        "as_of": event.as_of.isoformat(),
        "written_at": event.written_at.isoformat(),
        "details": json.dumps(event.details, ensure_ascii=False),
    }
