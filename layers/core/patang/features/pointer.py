"""Where a shard's feature state is kept: the pointer, its snapshots, and the day's seed."""

from datetime import date, datetime

from patang.features.state import FeatureState
from patang.keys import state_pointer_key
from patang.ports import Key, ObjectStore
from patang.records import Record

__all__ = ["FeaturePointer", "load_seed", "save_seed", "snapshot_path"]

_SLOTS = 8


class FeaturePointer(Record):
    """How far a shard's state has come; it only moves forward.

    `sequence`: the last record of the last batch that an instance has begun to apply. `snapshot` holds the
    state as of `snapshot_sequence`, after `closed_minute` was closed.
    """

    shard: str
    sequence: str
    snapshot: str | None = None
    snapshot_sequence: str | None = None
    closed_minute: datetime | None = None

    def key(self) -> Key:
        return state_pointer_key(self.shard)


def snapshot_path(shard: str, minute: datetime) -> str:
    """Where the state after a minute is kept.

    The paths go round, so that a day does not leave hundreds of them; an instance that still writes one after
    it has come round has long been ended by its time-out.
    """
    return f"features/state/{shard}/{(minute.hour * 60 + minute.minute) % _SLOTS}.bin"


def save_seed(objects: ObjectStore, state: FeatureState) -> None:
    """Keep the state that every shard begins the day with: the universe, warmed up."""
    objects.put(_seed_path(state.universe.day), state.to_bytes())


def load_seed(objects: ObjectStore, day: date) -> FeatureState | None:
    """The state a shard begins `day` with, if the morning has left one. Raises BadInput."""
    content = objects.get(_seed_path(day))
    return None if content is None else FeatureState.from_bytes(content)


def _seed_path(day: date) -> str:
    return f"features/seed/{day.isoformat()}.bin"
