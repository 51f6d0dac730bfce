"""The outbox entry that goes into the transaction of the change it tells of."""

from datetime import datetime
from typing import Any

from patang.audit.event import AuditEvent
from patang.ports import Put, StateStore
from patang.records import change, create

__all__ = ["DESK", "journal", "told_first"]

# Who did it where nobody did: the desk by itself.
DESK = "patang"


def journal(
    account: str, kind: str, what: str, as_of: datetime, now: datetime, actor: str = DESK, **details: Any
) -> Put:
    """The write of one audit event. `what` makes its id unique to what happened, not to the telling."""
    return create(
        AuditEvent(
            event_id=f"{kind.lower()}#{what}",
            account=account,
            kind=kind,
            as_of=as_of,
            written_at=now,
            actor=actor,
            details=details,
        )
    )


def told_first(store: StateStore, event: Put) -> bool:
    """Writes an event that stands alone; False if it has been told before."""
    return change(store, lambda: (False, ()) if store.get(event.key) is not None else (True, (event,)))
