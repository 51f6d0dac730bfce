"""The audit log as files: each day's chains in parts that follow one another and can be checked alone."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict

from patang.audit.entry import AuditEntry
from patang.audit.log import AuditLog
from patang.market.sessions import IST
from patang.ports import ObjectStore

__all__ = ["PARTS", "AuditExport", "AuditPart", "ChainPart", "ExportedEntry"]

# Where all days' parts lie.
PARTS = "audit_logs/"

_PAGE = 500


class ExportedEntry(BaseModel):
    """An entry of the chain: what was hashed, and the hash."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sequence: int
    previous: str
    hash: str
    event_json: str


class ChainPart(BaseModel):
    """Entries of one account's chain; the first one's `previous` is the last hash of the part before."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: str
    entries: tuple[ExportedEntry, ...]

    def placed(self, day: date) -> list[AuditEntry]:
        """The entries as they stand in the chain of `day`."""
        return [AuditEntry(account=self.account, day=day, **entry.model_dump()) for entry in self.entries]


class AuditPart(BaseModel):
    """What was linked of a day since the part before, of all accounts.

    `audit_logs/D/audit_D_HHMM_HHMM.json`, the times being those of its first and last event in IST.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    day: date
    chains: tuple[ChainPart, ...]


class AuditExport:
    """Writes parts; a part once written is never written again."""

    def __init__(self, log: AuditLog, objects: ObjectStore) -> None:
        self._log = log
        self._objects = objects

    def run(self, accounts: Sequence[str], day: date) -> int:
        """Writes what the day's chains have beyond the parts that are there. Returns how many entries."""
        known = self._exported(day)
        chains = [(account, self._behind(account, day, known.get(account, 0))) for account in accounts]
        entries = [entry for _, found in chains for entry in found]
        if not entries:
            return 0
        part = AuditPart(
            day=day,
            chains=tuple(
                ChainPart(account=account, entries=tuple(map(_exported, found)))
                for account, found in chains
                if found
            ),
        )
        path = _free(self._path(day, entries), set(self._objects.list(_folder(day))))
        self._objects.put(path, part.model_dump_json(indent=1).encode(), content_type="application/json")
        return len(entries)

    def _exported(self, day: date) -> dict[str, int]:
        """The last sequence of each account that the day's parts hold."""
        last: dict[str, int] = {}
        for path in self._objects.list(_folder(day)):
            content = self._objects.get(path)
            if content is None:
                continue
            for chain in AuditPart.model_validate_json(content).chains:
                last[chain.account] = max(last.get(chain.account, 0), chain.entries[-1].sequence)
        return last

    def _behind(self, account: str, day: date, after: int) -> list[AuditEntry]:
        found: list[AuditEntry] = []
        while page := self._log.page(account, day, after=after, limit=_PAGE):
            found += page
            after = page[-1].sequence
        return found

    def _path(self, day: date, entries: Iterable[AuditEntry]) -> str:
        times = [entry.event().as_of.astimezone(IST) for entry in entries]
        return f"{_folder(day)}audit_{day}_{min(times):%H%M}_{max(times):%H%M}"


def _exported(entry: AuditEntry) -> ExportedEntry:
    return ExportedEntry(
        sequence=entry.sequence, previous=entry.previous, hash=entry.hash, event_json=entry.event_json
    )


def _folder(day: date) -> str:
    return f"{PARTS}{day}/"


def _free(path: str, taken: set[str]) -> str:
    """The path, numbered where a part of the same minutes is there already."""
    number = 1
    found = f"{path}.json"
    while found in taken:
        number += 1
        found = f"{path}_{number}.json"
    return found
