"""Comparing an account with the broker, looking twice before believing it, and what follows from it."""

from collections.abc import Callable
from datetime import datetime

from patang.execution.following.consequences import Notice, tell
from patang.execution.journal import journal
from patang.execution.reconciliation.book import Book, read_book
from patang.execution.reconciliation.compare import Look, compare
from patang.execution.reconciliation.follower import BookFollower
from patang.execution.reconciliation.holdings_check import Shortfall
from patang.execution.reconciliation.ledger import Ledger, read_ledger
from patang.execution.reconciliation.outside import OutsideSales
from patang.execution.reconciliation.record import Difference, Reconciliation, ReconciliationChange
from patang.keys import reconciliation_key
from patang.ports import Broker, Clock, Metrics, Notifier, Put, StateStore, Write
from patang.records import change, create, load, replace
from patang.risk.halts import MISMATCH, RECONCILER, Halts
from patang.settings import Mode, Settings

__all__ = ["Comparison"]

# Wall seconds between two looks: a fill is told, and the broker's own books agree, well within them.
_APART_SECONDS = 3.0
_MOST_LOOKS = 3
# As many where the broker's orders and his trades tell different things: one of his books is older.
_MOST_LOOKS_APART = 6


class Comparison:
    """One account at a time. `wait` sleeps for so many seconds of wall time."""

    def __init__(
        self,
        store: StateStore,
        broker: Callable[[str, Mode], Broker],
        follower: BookFollower,
        outside: OutsideSales,
        halts: Halts,
        settings: Callable[[], Settings],
        clock: Clock,
        notifier: Notifier,
        metrics: Metrics,
        wait: Callable[[float], None],
    ) -> None:
        self._store = store
        self._broker = broker
        self._follower = follower
        self._outside = outside
        self._halts = halts
        self._settings = settings
        self._clock = clock
        self._notifier = notifier
        self._metrics = metrics
        self._wait = wait

    def run(self, account: str, as_of: datetime) -> tuple[Reconciliation, Book]:
        """The verdict of now, at the market time `as_of`, and the broker's side of it. Raises as the reads of
        Broker do, and leaves the verdict before as it was.

        What is missing and explained is taken out of our positions; what nobody can explain stops the
        account's entries.
        """
        mode = self._settings().mode
        book, ledger, look = self._look(account, mode, as_of)
        looks, seen, apart = 1, [look], bool(book.apart())
        most = _MOST_LOOKS_APART if apart else _MOST_LOOKS
        while looks < most and _is_open(seen, apart=apart):
            self._wait(_APART_SECONDS)
            was_apart = apart
            book, ledger, look = self._look(account, mode, as_of)
            looks, apart = looks + 1, bool(book.apart())
            # What was seen of books that disagreed is no evidence once they agree.
            seen = [look] if was_apart and not apart else [*seen, look]
            most = _MOST_LOOKS_APART if apart else most
        if look.shortfalls:
            self._outside.take_out(_confirmed(seen), ledger, as_of)
        now_known = read_ledger(self._store, account, mode, as_of)
        self._outside.settle(now_known.open, as_of)
        self._outside.end_protection(now_known.closed, as_of)
        found = self._verdict(account, mode, as_of, book, seen, looks)
        self._keep(found)
        return found, book

    def _look(self, account: str, mode: Mode, as_of: datetime) -> tuple[Book, Ledger, Look]:
        book = read_book(self._broker(account, mode))
        self._follower.apply(account, book.orders, "poll")
        ledger = read_ledger(self._store, account, mode, as_of)
        return book, ledger, compare(book, ledger, as_of)

    def _verdict(
        self, account: str, mode: Mode, as_of: datetime, book: Book, seen: list[Look], looks: int
    ) -> Reconciliation:
        believed = _believed(seen)
        explained = tuple(found for found in seen[-1].differences if found.explained is not None)
        return Reconciliation(
            account=account,
            mode=mode,
            as_of=as_of,
            looked_at=self._clock.now(),
            checked=book.counts(),
            differences=(*believed, *explained),
            foreign=seen[-1].foreign,
            looks=looks,
            clean=not believed,
        )

    def _keep(self, found: Reconciliation) -> None:
        changed = change(self._store, lambda: self._decide(found))
        if found.clean:
            return
        self._metrics.alarm("reconciliation_mismatch", account=found.account, differences=found.reason)
        self._halts.reduce(found.account, MISMATCH, found.reason, RECONCILER, found.as_of)
        if changed:
            text = (
                f"The broker's books and the desk's differ and nobody can explain it: {found.reason}. "
                "Nothing is entered until they agree and you resume; exits go on."
            )
            notice = Notice(f"{found.account}: books do not agree", text, kind="alarm")
            tell(self._notifier, self._metrics, [notice])

    def _decide(self, found: Reconciliation) -> tuple[bool, list[Write]]:
        before = load(self._store, Reconciliation, reconciliation_key(found.account))
        since = before.clean_since if before is not None and before.clean else None
        new = found.evolve(clean_since=(since or found.as_of) if found.clean else None)
        kept = create(new) if before is None else replace(new.evolve(revision=before.revision))
        if new.same_as(before):
            return False, [kept]
        return True, [kept, _history(new), *self._told(new, before)]

    def _told(self, new: Reconciliation, before: Reconciliation | None) -> list[Write]:
        """The audit event of a verdict that is another than before."""
        if before is not None and (before.clean, before.unexplained) == (new.clean, new.unexplained):
            return []
        return [
            journal(
                new.account,
                "RECONCILED" if new.clean else "RECONCILIATION_MISMATCH",
                new.looked_at.isoformat(),
                new.as_of,
                new.looked_at,
                checked=new.checked,
                differences=[found.model_dump() for found in new.differences],
                looks=new.looks,
            )
        ]


def _history(found: Reconciliation) -> Write:
    kept = ReconciliationChange.of(found)
    return Put(kept.key(), kept.model_dump(mode="json", exclude_none=True))


def _doubts(look: Look) -> set[Difference]:
    return {found for found in look.differences if found.explained is None}


def _is_open(seen: list[Look], *, apart: bool) -> bool:
    """Whether another look is needed."""
    if not _doubts(seen[-1]) and not seen[-1].shortfalls:
        return False
    return apart or not _agree(seen)


def _agree(seen: list[Look]) -> bool:
    """Whether the last two looks say the same."""
    if len(seen) < 2:
        return False
    return _doubts(seen[-1]) == _doubts(seen[-2]) and seen[-1].shortfalls == seen[-2].shortfalls


def _believed(seen: list[Look]) -> tuple[Difference, ...]:
    """What was seen by the last two looks, or by all three though with other figures each time."""
    if len(seen) < 2:
        return ()
    before = _doubts(seen[-2])
    always = set.intersection(*({(d.kind, d.symbol) for d in _doubts(look)} for look in seen))
    return tuple(
        found
        for found in seen[-1].differences
        if found.explained is None
        and (found in before or (len(seen) >= _MOST_LOOKS and (found.kind, found.symbol) in always))
    )


def _confirmed(seen: list[Look]) -> list[Shortfall]:
    """What is missing by the last two looks, of the same cause."""
    before = seen[-2].shortfalls if len(seen) > 1 else ()
    return [shortfall for shortfall in seen[-1].shortfalls if shortfall in before]
