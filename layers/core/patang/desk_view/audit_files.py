"""Entries of the audit log as files: lines that can be verified, and a table for a spreadsheet.

A function's answer ends at 6 MB (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html):
a day that is longer comes in parts, which are the same in both forms.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from patang.audit.entry import AuditEntry
from patang.audit.log import AuditLog
from patang.desk_view.shown import ShownModel
from patang.reports.table import csv_table

__all__ = [
    "MOST_IN_A_FILE",
    "DayFile",
    "FilePart",
    "day_file",
    "entries_csv",
    "entries_lines",
    "file_parts",
    "fitting",
]

MOST_IN_A_FILE: Final = 5000
# In bytes of the answer, below the limit by what its headers and a bad compression take.
_ROOM: Final = 5_000_000
_PAGE: Final = 500
# Hashes, account, numbers, and both moments as the table writes them.
_BESIDE: Final = 1000
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


class FilePart(ShownModel):
    """The entries of a day that one file holds, both included: what lies behind `after` = `first` - 1."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class DayFile:
    """`entries` of a day that has `of`; `next_after` is the last of them if there are further ones."""

    entries: Sequence[AuditEntry]
    of: int
    next_after: int | None


def day_file(log: AuditLog, account: str, day: date, after: int, limit: int) -> DayFile:
    """As many entries behind sequence `after` as a file holds, `limit` at most."""
    # The head first: entries that are linked meanwhile then lie behind it, never before.
    head = log.head(account, day)
    found = fitting(_read(log, account, day, after, limit))
    last = found[-1].sequence if found else 0
    of = max(head.sequence if head else 0, last)
    return DayFile(found, of, last if found and last < of else None)


def fitting(entries: Iterable[AuditEntry]) -> list[AuditEntry]:
    """As many of these, from the first on, as one answer holds; one at least."""
    return next(_parts(entries), [])


def file_parts(entries: Iterable[AuditEntry]) -> tuple[FilePart, ...]:
    """The files that a whole day comes in."""
    return tuple(FilePart(first=part[0].sequence, last=part[-1].sequence) for part in _parts(entries))


def entries_lines(entries: Iterable[AuditEntry]) -> str:
    """A JSON object a line, as it is stored: what `patang audit verify --file` reads."""
    return "".join(f"{entry.model_dump_json()}\n" for entry in entries)


def entries_csv(entries: Iterable[AuditEntry]) -> str:
    """A line an entry, moments as ISO 8601 has them, the details as JSON in one cell."""
    return csv_table(_COLUMNS, map(_row, entries))


def _read(log: AuditLog, account: str, day: date, after: int, limit: int) -> Iterator[AuditEntry]:
    left = limit
    while left > 0 and (page := log.page(account, day, after=after, limit=min(_PAGE, left))):
        yield from page
        after, left = page[-1].sequence, left - len(page)


def _parts(entries: Iterable[AuditEntry]) -> Iterator[list[AuditEntry]]:
    part: list[AuditEntry] = []
    taken = 0
    for entry in entries:
        size = _answered_at_most(entry)
        if part and (len(part) == MOST_IN_A_FILE or taken + size > _ROOM):
            yield part
            part, taken = [], 0
        part.append(entry)
        taken += size
    if part:
        yield part


def _answered_at_most(entry: AuditEntry) -> int:
    """The bytes that an entry takes in an answer, as a line or as a row: what it tells is a text within JSON,
    and the answer one within the JSON of the function's. A row has spaces behind commas and colons."""
    text = entry.event_json
    return len(json.dumps(json.dumps(text))) + text.count(",") + text.count(":") + _BESIDE


def _row(entry: AuditEntry) -> Mapping[str, object]:
    event = entry.event()
    return {
        **entry.model_dump(include={"sequence", "account", "previous", "hash"}),
        **event.model_dump(include={"kind", "actor", "event_id"}),
        "as_of": event.as_of.isoformat(),
        "written_at": event.written_at.isoformat(),
        "details": json.dumps(event.details, ensure_ascii=False),
    }
