"""Linking events into an account's chain of a day, and proving that the chain is whole."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from patang.audit.entry import GENESIS, AuditEntry, AuditHead, LinkedMarker, head_key
from patang.audit.event import AuditEvent
from patang.audit.keys import linked_partition
from patang.errors import TryAgain
from patang.ports import StateStore, Write, WriteConflict
from patang.records import create, load, replace

__all__ = ["Verification", "continues", "link", "verify"]

# An entry and a marker each, and the head: 81 of the 100 writes a transaction may have.
_EVENTS_IN_A_WRITE = 40
_ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class Verification:
    """What a check of a chain found. `first_bad` is the sequence of the first entry that is wrong."""

    ok: bool
    entries: int
    first_bad: int | None = None
    reason: str = ""


def link(audit_store: StateStore, account: str, day: date, events: Sequence[AuditEvent]) -> int:
    """Append `events`, in their order, to the chain of `account` and `day`; returns how many were new.

    An event already in the chain is passed over, so a redelivery changes nothing. Of two linkers at the same
    head one is turned away by the head's revision and goes on behind the other. Raises TryAgain when the
    head cannot be won in ten attempts.
    """
    waiting = {event.event_id: event for event in events}
    linked = conflicts = 0
    while waiting:
        batch = list(waiting.values())[:_EVENTS_IN_A_WRITE]
        head = load(audit_store, AuditHead, head_key(account, day)) or AuditHead(account=account, day=day)
        try:
            audit_store.write(*_appending(head, batch))
        except WriteConflict as conflict:
            conflicts += 1
            if conflicts == _ATTEMPTS:
                raise TryAgain(
                    f"the audit chain of {account} on {day} was contended {_ATTEMPTS} times; "
                    f"{len(waiting)} events wait for the next delivery"
                ) from conflict
            for key in conflict.failed:
                if key.partition == linked_partition(account, day):
                    waiting.pop(key.sort, None)
            continue
        linked += len(batch)
        for event in batch:
            del waiting[event.event_id]
    return linked


def verify(entries: Iterable[AuditEntry], head: AuditHead | None) -> Verification:
    """Check a day's entries, in stored order, against each other and against the head.

    Finds a changed entry, a lost one, two in each other's place, and entries cut off the end.
    """
    found, last = _followed(entries, 0, GENESIS)
    return found if last is None else _at_the_end(found.entries, last, head)


def continues(entries: Iterable[AuditEntry], sequence: int, previous: str) -> Verification:
    """Check entries that go on behind entry `sequence` of their chain, whose hash is `previous`."""
    found, _ = _followed(entries, sequence, previous)
    return found


def _followed(entries: Iterable[AuditEntry], sequence: int, previous: str) -> tuple[Verification, str | None]:
    """What a check finds, and the hash of the last entry if it found nothing."""
    for entry in entries:
        sequence += 1
        if entry.sequence != sequence:
            reason = f"entry {sequence} is missing: entry {entry.sequence} is in its place"
            return _broken(sequence, reason), None
        if entry.previous != previous:
            return _broken(sequence, f"entry {sequence} does not follow entry {sequence - 1}"), None
        if entry.hash != entry.computed_hash():
            return _broken(sequence, f"entry {sequence} was changed after it was written"), None
        previous = entry.hash
    return Verification(ok=True, entries=sequence), previous


def _at_the_end(sequence: int, last_hash: str, head: AuditHead | None) -> Verification:
    known = (0, GENESIS) if head is None else (head.sequence, head.hash)
    if known[0] > sequence:
        return _broken(sequence + 1, f"the chain ends at entry {sequence}, its head says {known[0]}")
    if known != (sequence, last_hash):
        return _broken(sequence, f"entry {sequence} is not the one that the head knows as the last")
    return Verification(ok=True, entries=sequence)


def _broken(sequence: int, reason: str) -> Verification:
    return Verification(ok=False, entries=max(sequence - 1, 0), first_bad=sequence, reason=reason)


def _appending(head: AuditHead, events: Sequence[AuditEvent]) -> list[Write]:
    end, writes = head, list[Write]()
    for event in events:
        entry = AuditEntry.following(end, event)
        marker = LinkedMarker(
            account=head.account, day=head.day, event_id=event.event_id, sequence=entry.sequence
        )
        writes += [create(entry), create(marker)]
        end = end.evolve(sequence=entry.sequence, hash=entry.hash)
    return [create(end) if head.revision == 0 else replace(end), *writes]
