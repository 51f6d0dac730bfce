"""Keeping a shard's feature state along the stream, and closing its minutes.

Memory is a cache. It is valid only while the pointer in the desk table still names the sequence number that
memory ends with; each batch claims the pointer forward before it is applied. An instance that fails to claim
(cold, or another one was here) loads the last snapshot and reads the stream again from there to the batch.
Everything it does to the world is idempotent: a minute closed twice gives the same object, the same item and
the same cycle.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from patang.errors import BadInput
from patang.features.closing import MinuteCloser
from patang.features.day_state import DayStates
from patang.features.pointer import FeaturePointer, snapshot_path
from patang.features.state import FeatureState
from patang.keys import state_pointer_key
from patang.market.sessions import minute_of
from patang.market.ticks import TICK, StreamRecord, unpack
from patang.ports import Clock, DeadLetters, Metrics, ObjectStore, StateStore, StreamReader, WriteConflict
from patang.records import create, load, replace
from patang.settings import Settings

__all__ = ["CLOSE_GRACE", "BadRecord", "FeatureService"]

# How long after a minute's end its last ticks may come: a marker this much later closes it.
CLOSE_GRACE = timedelta(seconds=2)

_ONE_MINUTE = timedelta(minutes=1)
_CLAIMS = 5
# What is older or newer than this by the wall clock is of another time: a day that is played again.
_SAME_TIME = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A record that does not parse, for the dead-letter queue."""

    sequence: str
    data: bytes
    reason: str


@dataclass(slots=True)
class _Memory:
    """What an instance knows of a shard.

    `pointer` as it was last read or written, `sequence` of the last record applied, ticks `pending` until the
    next marker, `closed`: the last minute closed since the last snapshot, `ticks` and `gaps`: those of the
    batch, `looked`: the minute of market time in which the hours were last compared with the owner's word.
    """

    pointer: FeaturePointer
    sequence: str | None = None
    state: FeatureState | None = None
    day: date | None = None
    pending: list[NDArray[np.void]] = field(default_factory=list)
    closed: datetime | None = None
    ticks: int = 0
    gaps: int = 0
    looked: datetime | None = None
    newest: datetime | None = None


class FeatureService:
    """One instance's view of all shards it is handed records of.

    `settings` says what hours the owner has overridden; while it cannot be read, its last word holds. `clock`
    tells how old ticks are when they are here, and decides nothing.
    """

    def __init__(
        self,
        store: StateStore,
        objects: ObjectStore,
        reader: StreamReader,
        closer: MinuteCloser,
        dead_letters: DeadLetters,
        settings: Callable[[], Settings],
        metrics: Metrics,
        clock: Clock,
    ) -> None:
        self._store = store
        self._objects = objects
        self._reader = reader
        self._clock = clock
        self._closer = closer
        self._dead_letters = dead_letters
        self._metrics = metrics
        self._days = DayStates(store, objects, settings, metrics)
        self._memories: dict[str, _Memory] = {}

    def process(self, records: Sequence[tuple[str, bytes]], shard: str) -> list[BadRecord]:
        """Apply a batch of (sequence number, bytes) of a shard, in order.

        Returns those that do not parse, which are in the dead-letter queue then. Records that were applied
        before are passed over. If anything raises, memory is dropped and the same batch can come again.
        """
        if not records:
            return []
        memory = self._memories.pop(shard, None)
        memory = self._claimed(memory, records) or self._rebuilt(shard, records)
        memory.ticks = memory.gaps = 0
        memory.newest = None
        bad = self._consume(memory, shard, records)
        for record in bad:
            self._dead_letters.send(f"ticks/{shard}/{record.sequence}", record.data, record.reason)
        self._report(memory, shard)
        self._save(memory, shard)
        self._memories[shard] = memory
        return bad

    def _claimed(self, memory: _Memory | None, records: Sequence[tuple[str, bytes]]) -> _Memory | None:
        """The memory, if it ends where the pointer does; the pointer then stands at the batch's end."""
        last = records[-1][0]
        if memory is None or memory.sequence is None:
            return None
        if int(last) <= int(memory.sequence):
            return memory
        if memory.sequence != memory.pointer.sequence:
            # Rebuilt for a batch that came again: what lies between was another instance's.
            return None
        claimed = memory.pointer.evolve(sequence=last)
        try:
            self._store.write(replace(claimed))
        except WriteConflict:
            return None
        memory.pointer = claimed.evolve(revision=claimed.revision + 1)
        return memory

    def _rebuilt(self, shard: str, records: Sequence[tuple[str, bytes]]) -> _Memory:
        """Memory as of just before the batch: the last snapshot, and the stream since then read again."""
        self._metrics.count("feature_state_rebuilt", shard=shard)
        pointer = self._claim_from_store(shard, records[-1][0])
        state = self._snapshot(pointer)
        after = pointer.snapshot_sequence if state is not None else None
        memory = _Memory(pointer, after, state, state.universe.day if state else None)
        self._read_again(memory, shard, records[0][0])
        return memory

    def _read_again(self, memory: _Memory, shard: str, until: str) -> None:
        if memory.sequence is not None and int(memory.sequence) >= int(until):
            return
        try:
            self._consume(memory, shard, self._reader.read(shard, memory.sequence, until))
        except BadInput as error:
            # The table has outlived the stream: the sequence number is another stream's.
            self._metrics.count("stream_position_unknown", shard=shard, reason=str(error))
            memory.sequence = None
            self._consume(memory, shard, self._reader.read(shard, None, until))

    def _claim_from_store(self, shard: str, last: str) -> FeaturePointer:
        """The pointer, moved to the batch's end unless it is there already or beyond."""
        for _ in range(_CLAIMS):
            pointer = load(self._store, FeaturePointer, state_pointer_key(shard))
            if pointer is not None and int(pointer.sequence) >= int(last):
                return pointer
            if pointer is None:
                claimed = FeaturePointer(shard=shard, sequence=last)
                write = create(claimed)
            else:
                claimed = pointer.evolve(sequence=last)
                write = replace(claimed)
            try:
                self._store.write(write)
            except WriteConflict:
                continue
            return claimed.evolve(revision=claimed.revision + 1)
        raise WriteConflict([state_pointer_key(shard)])

    def _snapshot(self, pointer: FeaturePointer) -> FeatureState | None:
        content = self._objects.get(pointer.snapshot) if pointer.snapshot else None
        if content is None:
            return None
        try:
            return FeatureState.from_bytes(content)
        except BadInput:
            # Written by another version of this code: the stream still holds everything it was made of.
            self._metrics.count("feature_state_unreadable", shard=pointer.shard)
            return None

    def _consume(self, memory: _Memory, shard: str, records: Iterable[tuple[str, bytes]]) -> list[BadRecord]:
        """Apply what is behind the memory's sequence; returns what does not parse."""
        bad = []
        if memory.state is None:
            # The universe may have come since.
            memory.day = None
        for sequence, data in records:
            if memory.sequence is not None and int(sequence) <= int(memory.sequence):
                continue
            try:
                record = unpack(data)
            except BadInput as error:
                bad.append(BadRecord(sequence, data, str(error)))
            else:
                self._take(memory, shard, record)
            memory.sequence = sequence
        self._apply_pending(memory)
        return bad

    def _take(self, memory: _Memory, shard: str, record: StreamRecord) -> None:
        day = record.market_time.date()
        if memory.day is None or day > memory.day:
            self._apply_pending(memory)
            self._begin_day(memory, day)
        state = memory.state
        if state is None or day != memory.day:
            if len(record.ticks):
                self._metrics.count("ticks_outside_session", len(record.ticks), shard=shard)
            return
        state.see(record)
        match record.kind:
            case "ticks":
                memory.pending.append(record.ticks)
                memory.ticks += len(record.ticks)
                memory.newest = record.market_time
            case "gap":
                memory.gaps += 1
            case "marker":
                self._apply_pending(memory)
                self._keep_hours(memory, state, record.market_time)
                self._close_due(memory, state, shard, record.market_time)

    def _apply_pending(self, memory: _Memory) -> None:
        """Ticks are gathered up to a marker, so that a second's records cost one pass over the arrays."""
        if memory.state is not None and memory.pending:
            memory.state.apply_ticks(np.concatenate(memory.pending).astype(TICK, copy=False))
        memory.pending = []

    def _begin_day(self, memory: _Memory, day: date) -> None:
        """A new day's state; none on a day without session, universe or calendar: its records are counted."""
        memory.state = self._days.begin(day, memory.state)
        memory.day, memory.looked = day, None

    def _keep_hours(self, memory: _Memory, state: FeatureState, market_time: datetime) -> None:
        """Once a minute: the owner may have said since that the exchange keeps other hours today."""
        minute = minute_of(market_time)
        if memory.looked != minute:
            memory.looked = minute
            self._days.keep_hours(state)

    def _close_due(self, memory: _Memory, state: FeatureState, shard: str, market_time: datetime) -> None:
        """Close every minute that ended a grace before `market_time`; only the last of them is on time."""
        last = min(state.session.last_minute(), market_time - CLOSE_GRACE - _ONE_MINUTE)
        minute = state.next_minute
        while minute <= last:
            late = minute + _ONE_MINUTE <= last
            self._closer.close(state, minute, shard, late=late)
            memory.closed = minute
            minute += _ONE_MINUTE

    def _report(self, memory: _Memory, shard: str) -> None:
        """Say how much the batch brought, and once what the state could not use."""
        self._metrics.count("ticks", memory.ticks, shard=shard)
        age = None if memory.newest is None else self._clock.now() - memory.newest
        if age is not None and abs(age) < _SAME_TIME:
            self._metrics.duration_ms("tick_age_ms", max(age.total_seconds(), 0.0) * 1000, shard=shard)
        if memory.gaps:
            self._metrics.count("stream_gaps", memory.gaps, shard=shard)
        state = memory.state
        if state is None:
            return
        unknown = state.take_unknown_instruments()
        if unknown:
            tokens = ", ".join(map(str, sorted(unknown)))
            self._metrics.count("unknown_instrument", len(unknown), shard=shard, tokens=tokens)
        late = state.take_late_ticks()
        if late:
            self._metrics.count("late_ticks", late, shard=shard)

    def _save(self, memory: _Memory, shard: str) -> None:
        """Keep a snapshot after a batch that closed a minute, and let the pointer name it."""
        if memory.state is None or memory.closed is None or memory.sequence is None:
            return
        path = snapshot_path(shard, memory.closed)
        self._objects.put(path, memory.state.to_bytes())
        kept = memory.pointer.evolve(
            snapshot=path, snapshot_sequence=memory.sequence, closed_minute=memory.closed
        )
        memory.closed = None
        try:
            self._store.write(replace(kept))
        except WriteConflict:
            # Another instance has taken over: its own snapshot counts, and the next claim here will fail.
            return
        memory.pointer = kept.evolve(revision=kept.revision + 1)
