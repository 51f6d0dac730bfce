"""What the audit table holds: entries in a chain, the head that says where it ends, markers of what is in."""

import hashlib
import json
from datetime import date
from typing import Any, Self

from patang.audit.event import AuditEvent
from patang.audit.keys import audit_partition, linked_partition
from patang.ports import Key
from patang.records import Record

__all__ = ["GENESIS", "AuditEntry", "AuditHead", "LinkedMarker", "canonical", "head_key"]

# What the first entry of a chain names as its previous hash.
GENESIS = "0" * 64


def canonical(value: Any) -> str:
    """JSON with sorted keys and no white space: equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


class AuditEntry(Record):
    """One link: the event and the hash of the entry before it.

    `event_json` is kept as the text that was hashed: the table knows one kind of number and would give 1.0
    back as 1. `hash` is the SHA-256, in hex, of the canonical JSON of account, day, event_json, previous
    and sequence.
    """

    account: str
    day: date
    sequence: int
    previous: str
    event_json: str
    hash: str

    @classmethod
    def following(cls, head: "AuditHead", event: AuditEvent) -> Self:
        """The entry that puts `event` behind `head`."""
        text = canonical(event.model_dump(mode="json", exclude={"revision"}, exclude_none=True))
        entry = cls(
            account=head.account,
            day=head.day,
            sequence=head.sequence + 1,
            previous=head.hash,
            event_json=text,
            hash="",
        )
        return entry.evolve(hash=entry.computed_hash())

    def computed_hash(self) -> str:
        """The hash its content has now; another than `hash` if it was changed since."""
        hashed = {
            "account": self.account,
            "day": self.day.isoformat(),
            "event_json": self.event_json,
            "previous": self.previous,
            "sequence": self.sequence,
        }
        return hashlib.sha256(canonical(hashed).encode()).hexdigest()

    def event(self) -> AuditEvent:
        return AuditEvent.model_validate_json(self.event_json)

    def key(self) -> Key:
        return Key(audit_partition(self.account, self.day), f"{self.sequence:08d}")


class AuditHead(Record):
    """Where an account's chain of a day ends; what is cut off its end is missed here."""

    account: str
    day: date
    sequence: int = 0
    hash: str = GENESIS

    def key(self) -> Key:
        return head_key(self.account, self.day)


class LinkedMarker(Record):
    """This event is in the chain, at this place: a redelivered one is not linked again."""

    account: str
    day: date
    event_id: str
    sequence: int

    def key(self) -> Key:
        return Key(linked_partition(self.account, self.day), self.event_id)


def head_key(account: str, day: date) -> Key:
    return Key(audit_partition(account, day), "HEAD")
