"""Whose turn it is to put ticks: a lease in the desk table, so that two tasks never put the same.

While one version is deployed over another, and while a task that hangs is replaced, two of them run. The one
that has the lease holds the connections and puts; the other stands by, with the universe read, and begins the
moment the lease is given up.

    0 s    3 s    6 s    9 s ...     14 s            36 s     41 s
    holder renews        the table is away
                                     its ticks wait
                                                     the lease ends
                                                              another may take it

Between the last put that a holder begins and the first of another lie 27 s, longer than a call to the stream
can take. For that neither has to hear of the other, but their clocks must agree within five seconds. If the
table is back before another has taken the lease, the holder renews it and puts what has waited.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from patang.errors import TryAgain
from patang.keys import ingester_lease_key
from patang.ports import Clock, Key, StateStore, TickStream, WriteConflict
from patang.records import Record, create, load, replace

__all__ = ["LEASE_SECONDS", "LOOK_SECONDS", "Lease", "LeasedStream", "TurnRecord"]

log = logging.getLogger("patang.ingester")

LOOK_SECONDS: Final = 1.0
LEASE_SECONDS: Final = 30.0
_RENEW_SECONDS: Final = 3.0
# A call to Kinesis may take 21 s: three tries of 2 s to connect and 5 s to answer.
_PUT_SECONDS: Final = 8.0
# Fargate's clocks are kept within milliseconds; one that is not must not take a lease that stands.
_CLOCKS_APART: Final = timedelta(seconds=5)


class TurnRecord(Record):
    """Who puts ticks, and until when by the wall's clock; None: given up, the next may have it."""

    holder: str
    until: datetime | None = None

    def key(self) -> Key:
        return ingester_lease_key()


class Lease:
    """One process's part in it. `name` is what takes its own lease back at once, as a process that was
    started again in the place of one that died: no two processes at a time may have the same.

    `keep` and `give_up` are called in one thread, the rest in any. `now` is monotonic seconds.
    """

    def __init__(self, store: StateStore, clock: Clock, name: str) -> None:
        self._store = store
        self._clock = clock
        self._name = name
        self._mine: TurnRecord | None = None
        self._renewed_at = float("-inf")
        self._waits_for = ""
        self.is_ours = False
        self.is_lost = False

    def may_put(self, now: float) -> bool:
        """Whether a put may begin: the lease is ours, and it was heard so a moment ago."""
        return self.is_ours and now < self._renewed_at + _PUT_SECONDS

    def keep(self, now: float) -> None:
        """Takes the lease if it is free, renews it if it is ours.

        Where another has taken it (we were silent for longer than it lasts) it `is_lost`, for good. Raises
        what the store raises; then nothing has changed here.
        """
        if self.is_lost or now < self._renewed_at + _RENEW_SECONDS:
            return
        found = self._mine or load(self._store, TurnRecord, ingester_lease_key())
        wall = self._clock.now()
        if found is not None and not self._is_free(found, wall):
            self._stand_by(found)
            return
        until = wall + timedelta(seconds=LEASE_SECONDS)
        wanted = (
            TurnRecord(holder=self._name, until=until)
            if found is None
            else found.evolve(holder=self._name, until=until)
        )
        try:
            self._store.write(create(wanted) if found is None else replace(wanted))
        except WriteConflict:
            # Another was first, or our own last write had an answer that was lost: the next look tells.
            self._mine = None
            return
        self._mine = wanted.evolve(revision=wanted.revision + 1)
        # What was heard is as old as the question: the answer may have taken long.
        self._renewed_at = now
        if not self.is_ours:
            log.info("the lease is ours")
        self.is_ours = True

    def give_up(self) -> None:
        """The next may have it at once. To be called when everything was put."""
        if not self.is_ours or self.is_lost:
            return
        found = load(self._store, TurnRecord, ingester_lease_key())
        if found is not None and found.holder == self._name and found.until is not None:
            self._store.write(replace(found.evolve(until=None)))
        self.is_ours = False
        self._mine = None

    def _is_free(self, found: TurnRecord, wall: datetime) -> bool:
        return found.holder == self._name or found.until is None or wall > found.until + _CLOCKS_APART

    def _stand_by(self, found: TurnRecord) -> None:
        if self.is_ours:
            log.error("the lease is lost to %s: what waits here is that one's to put", found.holder)
            self.is_ours, self.is_lost = False, True
        elif found.holder != self._waits_for:
            log.info("standing by: %s has the lease", found.holder)
            self._waits_for = found.holder


class LeasedStream:
    """A TickStream that takes nothing while the lease may be another's: TryAgain, as from a stream that is
    away, so what was to be put waits. `monotonic` tells the seconds that `Lease` counts in."""

    def __init__(self, stream: TickStream, lease: Lease, monotonic: Callable[[], float]) -> None:
        self._stream = stream
        self._lease = lease
        self._monotonic = monotonic

    def lane(self, key: str) -> str:
        return self._stream.lane(key)

    def put(self, records: Sequence[tuple[str, bytes]]) -> None:
        self._check()
        self._stream.put(records)

    def mark(self, data: bytes) -> None:
        self._check()
        self._stream.mark(data)

    def _check(self) -> None:
        if not self._lease.may_put(self._monotonic()):
            raise TryAgain("the lease is not known to be ours: what is to be put waits for it")
