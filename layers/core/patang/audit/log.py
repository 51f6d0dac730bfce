"""Reading the audit log: pages of a day, its verification, and what still waits to be linked."""

from collections.abc import Iterator
from datetime import date

from patang.audit.chain import Verification, verify
from patang.audit.entry import AuditEntry, AuditHead, LinkedMarker, head_key
from patang.audit.event import AuditEvent
from patang.audit.keys import audit_partition, linked_partition
from patang.keys import outbox_partition
from patang.ports import Attributes, StateStore
from patang.records import load, load_all

__all__ = ["AuditLog"]

_PAGE = 500
_AFTER_ALL_ENTRIES = "HEAD"


class AuditLog:
    """The log of a desk: `store` holds the outbox, `audit_store` the chains."""

    def __init__(self, store: StateStore, audit_store: StateStore) -> None:
        self._store = store
        self._audit_store = audit_store

    def page(self, account: str, day: date, *, after: int = 0, limit: int = 100) -> list[AuditEntry]:
        """Entries behind sequence `after`, oldest first."""
        items = self._audit_store.query(audit_partition(account, day), limit=limit, after=f"{after:08d}")
        return _entries(items)

    def newest(self, account: str, day: date, limit: int, *, before: int | None = None) -> list[AuditEntry]:
        """The last `limit` entries, or of those before a sequence, newest first."""
        items = self._audit_store.query(
            audit_partition(account, day),
            newest_first=True,
            limit=limit,
            after=_AFTER_ALL_ENTRIES if before is None else f"{before:08d}",
        )
        return _entries(items)

    def entry(self, account: str, day: date, sequence: int) -> AuditEntry | None:
        """The entry of this sequence, or None."""
        found = self.page(account, day, after=sequence - 1, limit=1) if sequence > 0 else []
        return found[0] if found and found[0].sequence == sequence else None

    def verify(self, account: str, day: date) -> Verification:
        """Check the whole chain of a day, also while events are being linked."""
        return self.examined(account, day)[0]

    def examined(self, account: str, day: date) -> tuple[Verification, list[AuditEntry]]:
        """The whole chain of a day checked, and the entries that were read for it."""
        head = self.head(account, day)
        entries = list(self._entries(account, day))
        known = head.sequence if head else 0
        result = verify(entries[:known] if head else entries, head)
        # Entry and head are written together, so entries read after the head may lie behind it, but then
        # the head has moved on as well.
        if result.ok and len(entries) > known:
            moved = self.head(account, day)
            if moved is None or moved.sequence < len(entries):
                reason = f"entry {known + 1} lies behind the last one that the head knows"
                bad = Verification(ok=False, entries=known, first_bad=known + 1, reason=reason)
                return bad, entries
        return result, entries

    def unlinked(self, account: str, day: date) -> list[AuditEvent]:
        """Outbox events of the day that are not in the chain."""
        markers = load_all(self._audit_store, LinkedMarker, linked_partition(account, day))
        linked = {marker.event_id for marker in markers}
        events = load_all(self._store, AuditEvent, outbox_partition(account, day))
        return [event for event in events if event.event_id not in linked]

    def head(self, account: str, day: date) -> AuditHead | None:
        """Where the chain of a day ends; None while it has no entry."""
        return load(self._audit_store, AuditHead, head_key(account, day))

    def _entries(self, account: str, day: date) -> Iterator[AuditEntry]:
        after = 0
        while page := self.page(account, day, after=after, limit=_PAGE):
            yield from page
            after = page[-1].sequence


def _entries(items: list[Attributes]) -> list[AuditEntry]:
    return [AuditEntry.model_validate(dict(item)) for item in items if "event_json" in item]
