"""Whether a day's chain is whole, as it is shown."""

from datetime import date

from patang.audit.log import AuditLog
from patang.desk_view.audit_files import FilePart, file_parts
from patang.desk_view.views import Moment, ShownModel

__all__ = ["CheckedChain", "checked_chain"]


class CheckedChain(ShownModel):
    """A chain from its first entry to where its head says that it ends.

    `entries` were found right; `first_bad` is the first that is not, `reason` why. `unlinked` events are in
    the outbox and not yet in the chain. `head_hash` is the hash of its last entry: who has noted it can show
    later that nothing was changed since. `files`: the parts that the day is exported in.
    """

    account: str
    day: date
    ok: bool
    entries: int
    first_bad: int | None = None
    reason: str = ""
    unlinked: int
    waiting_since: Moment | None = None
    head_hash: str | None = None
    files: tuple[FilePart, ...] = ()


def checked_chain(log: AuditLog, account: str, day: date) -> CheckedChain:
    """Reads the whole chain and recomputes every hash."""
    (found, entries), head = log.examined(account, day), log.head(account, day)
    waiting = log.unlinked(account, day)
    return CheckedChain(
        account=account,
        day=day,
        ok=found.ok,
        entries=found.entries,
        first_bad=found.first_bad,
        reason=found.reason,
        unlinked=len(waiting),
        waiting_since=min((event.written_at for event in waiting), default=None),
        head_hash=head.hash if head else None,
        files=file_parts(entries),
    )
