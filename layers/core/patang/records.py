"""What is stored: frozen models that know their key, written with optimistic concurrency."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from patang.ports import (
    Absent,
    Attributes,
    ItemReader,
    Key,
    Matches,
    Put,
    StateStore,
    Write,
    WriteConflict,
)

__all__ = [
    "Record",
    "change",
    "create",
    "load",
    "load_all",
    "load_index",
    "read_ahead",
    "replace",
]


class Record(BaseModel):
    """An item of the desk. `revision` counts its writes; a write names the revision it has read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int = 1
    revision: int = 0

    def key(self) -> Key:
        """Where the item lives."""
        raise TypeError(f"{type(self).__name__} has no key")

    def index(self) -> Key | None:
        """Where the item stands in the sparse index, if it does now."""
        return None

    def expires_at(self) -> int | None:
        """Epoch seconds after which the item may vanish."""
        return None

    def evolve(self, **changes: Any) -> Self:
        """A validated copy with these fields changed."""
        # What is not changed is valid and frozen: it is handed on, not taken apart and built again.
        return type(self).model_validate(self.__dict__ | changes)


def create(record: Record) -> Put:
    """The write that makes a new item; it conflicts if the item exists."""
    return _put(record, Absent(), revision=1)


def replace(record: Record) -> Put:
    """The write that puts a changed record in the place of the revision that was read."""
    return _put(record, Matches({"revision": record.revision}), revision=record.revision + 1)


def change[T](store: StateStore, decide: Callable[[], tuple[T, Sequence[Write]]], attempts: int = 10) -> T:
    """Decides on what is stored now and writes it; decides anew where somebody else wrote first.

    `decide` reads, and returns a result and the writes it takes (none: nothing changes).
    Raises WriteConflict when that many attempts were not enough.
    """
    for attempt in range(attempts):
        result, writes = decide()
        if not writes:
            return result
        try:
            store.write(*writes)
        except WriteConflict:
            if attempt + 1 == attempts:
                raise
            continue
        return result
    raise ValueError(f"{attempts} attempts at a change: at least one is needed")


def load[R: Record](store: ItemReader, kind: type[R], key: Key) -> R | None:
    """The record at `key`, or None."""
    attributes = store.get(key)
    return None if attributes is None else _parse(kind, attributes)


def read_ahead(store: StateStore, *keys: Key) -> ItemReader:
    """These items as they are now, in one trip; no snapshot. Any other key is read when it is asked for."""
    return _ReadAhead(store, dict(zip(keys, store.get_many(keys), strict=True)))


def load_all[R: Record](
    store: StateStore,
    kind: type[R],
    partition: str,
    prefix: str = "",
    *,
    newest_first: bool = False,
    limit: int | None = None,
) -> list[R]:
    """The records of a partition whose sort keys begin with `prefix`."""
    found = store.query(partition, prefix=prefix, newest_first=newest_first, limit=limit)
    return [_parse(kind, attributes) for attributes in found]


def load_index[R: Record](store: StateStore, kind: type[R], partition: str, prefix: str = "") -> list[R]:
    """The records that stand in the sparse index under `partition`."""
    return [_parse(kind, attributes) for attributes in store.query_index(partition, prefix=prefix)]


class _ReadAhead:
    def __init__(self, store: StateStore, known: Mapping[Key, Attributes | None]) -> None:
        self._store = store
        self._known = known

    def get(self, key: Key) -> Attributes | None:
        return self._known[key] if key in self._known else self._store.get(key)


def _put(record: Record, expect: Absent | Matches, revision: int) -> Put:
    attributes = record.model_dump(mode="json", exclude_none=True) | {"revision": revision}
    return Put(record.key(), attributes, record.index(), expect, record.expires_at())


def _parse[R: Record](kind: type[R], attributes: Attributes) -> R:
    return kind.model_validate(dict(attributes))
