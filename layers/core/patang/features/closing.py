"""Closing a minute: once a shard, and once for the desk when the last shard has closed it."""

import time
from collections.abc import Iterable
from datetime import datetime, timedelta

from patang.features.state import FeatureState
from patang.market.candles import ClosedMinute
from patang.market.chain_snapshot import ChainSnapshot
from patang.market.cycle import Cycle, run_id_of
from patang.market.minutes import MinuteClose
from patang.market.sessions import Session
from patang.ports import Metrics, ObjectStore, StateStore, StreamReader, Workflows, WriteConflict
from patang.records import create, load, load_all
from patang.trail.ids import on_trail

__all__ = ["MinuteCloser"]

_ONE_MINUTE = timedelta(minutes=1)
_CHAIN_MINUTES = 5


class MinuteCloser:
    """Writes what a closed minute leaves behind, and starts its trading cycle."""

    def __init__(
        self,
        store: StateStore,
        objects: ObjectStore,
        reader: StreamReader,
        workflows: Workflows,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._objects = objects
        self._reader = reader
        self._workflows = workflows
        self._metrics = metrics
        self._shards: frozenset[str] | None = None

    def close(self, state: FeatureState, minute: datetime, shard: str, *, late: bool) -> None:
        """Close `minute` of a shard. `late`: a later minute closes with it, so nothing is decided on it.

        May be repeated: the object is the same, the item and the cycle are created once.
        """
        as_of = minute + _ONE_MINUTE
        with on_trail(run_id=run_id_of(as_of), as_of=as_of.isoformat()):
            self._close(state, minute, shard, late=late)

    def _close(self, state: FeatureState, minute: datetime, shard: str, *, late: bool) -> None:
        began = time.perf_counter()
        closed = state.close(minute, shard)
        path = ClosedMinute.path(minute, shard)
        self._objects.put(path, closed.model_dump_json().encode(), content_type="application/json")
        item = MinuteClose(minute=minute, shard=shard, path=path, candles=len(closed.candles), late=late)
        self._create(item)
        as_of = minute + _ONE_MINUTE
        if self._complete(minute):
            self._begin_cycle(state.session, as_of, late=late)
        self._metrics.duration_ms(
            "minute_close_ms", (time.perf_counter() - began) * 1000, shard=shard, minute=f"{minute:%H:%M}"
        )
        if as_of.minute % _CHAIN_MINUTES == 0:
            self._keep_chains(state.chains(closed.quotes, as_of))

    def _keep_chains(self, chains: Iterable[ChainSnapshot]) -> None:
        """Write the option chains, which no cycle waits for."""
        for chain in chains:
            path = ChainSnapshot.path(chain.underlying, chain.as_of)
            self._objects.put(path, chain.model_dump_json().encode(), content_type="application/json")

    def _complete(self, minute: datetime) -> bool:
        if self._shards is None:
            self._shards = frozenset(self._reader.shards())
        first = MinuteClose(minute=minute, shard="", path="", candles=0).key()
        return self._shards <= {c.shard for c in load_all(self._store, MinuteClose, first.partition)}

    def _begin_cycle(self, session: Session, as_of: datetime, *, late: bool) -> None:
        """Whoever creates the cycle's item starts the workflow.

            close item ---- cycle item ---- workflow started
                       (a)             (b)
        An instance that dies at (a) or (b) leaves its batch to be delivered again. Then the start is
        repeated, which its name allows once only.
        """
        skipped = "closed late" if late else None if session.holds(as_of) else "outside the session's hours"
        cycle = Cycle(
            run_id=run_id_of(as_of), as_of=as_of, state="SKIPPED" if skipped else "STARTED", reason=skipped
        )
        if not self._create(cycle):
            existing = load(self._store, Cycle, cycle.key())
            if existing is None or existing.state != "STARTED":
                return
        elif skipped:
            self._metrics.count("cycle_skipped", reason=skipped)
            return
        payload = {"run_id": cycle.run_id, "as_of": as_of.isoformat()}
        if self._workflows.start("trading_cycle", cycle.run_id, payload):
            self._metrics.count("cycle_started", run_id=cycle.run_id)

    def _create(self, record: MinuteClose | Cycle) -> bool:
        """False if it was there already."""
        try:
            self._store.write(create(record))
        except WriteConflict as conflict:
            if record.key() in conflict.failed:
                return False
            raise
        return True
