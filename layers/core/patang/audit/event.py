"""An event of the audit log, first written to the outbox in the transaction of the change it tells of."""

from datetime import date, datetime
from typing import Any

from patang.keys import outbox_partition
from patang.market.sessions import IST
from patang.ports import Key
from patang.records import Record

__all__ = ["AuditEvent"]


class AuditEvent(Record):
    """What happened, to which account, and who did it.

    `details` holds ids and small figures, never a secret. `event_id` is made from what happened
    (`fill#<intent>#<quantity>`), so that telling it twice is one event.
    """

    event_id: str
    account: str
    kind: str
    as_of: datetime
    written_at: datetime
    actor: str
    details: dict[str, Any]

    @property
    def day(self) -> date:
        """The market day whose chain the event joins."""
        return self.as_of.astimezone(IST).date()

    def key(self) -> Key:
        return Key(outbox_partition(self.account, self.day), self.event_id)
