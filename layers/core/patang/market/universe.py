"""The day's universe in the store."""

import hashlib
from datetime import date

from pydantic import ValidationError

from patang.errors import BadInput
from patang.keys import universe_key
from patang.market.instruments import Universe
from patang.ports import Key, ObjectStore, StateStore, WriteConflict
from patang.records import Record, create, load, replace

__all__ = ["DayUniverses", "load_universe", "save_universe"]

_WRITES = 5


class UniversePointer(Record):
    """Names the object that holds a day's universe."""

    day: date
    path: str
    instruments: int

    def key(self) -> Key:
        return universe_key(self.day)


def save_universe(store: StateStore, objects: ObjectStore, universe: Universe) -> None:
    """Keep a day's universe in the place of any before; the path carries the content's hash."""
    content = universe.model_dump_json().encode()
    path = f"universe/{universe.day.isoformat()}-{hashlib.sha256(content).hexdigest()[:12]}.json"
    objects.put(path, content, content_type="application/json")
    pointer = UniversePointer(day=universe.day, path=path, instruments=len(universe.instruments))
    for attempt in range(_WRITES):
        before = load(store, UniversePointer, pointer.key())
        latest = pointer.evolve(revision=0 if before is None else before.revision)
        try:
            store.write(create(latest) if before is None else replace(latest))
        except WriteConflict:
            if attempt == _WRITES - 1:
                raise
        else:
            return


def load_universe(store: StateStore, objects: ObjectStore, day: date) -> Universe | None:
    """The universe of a day, or None before the morning has chosen it. Raises BadInput if it is broken."""
    pointer = load(store, UniversePointer, universe_key(day))
    return None if pointer is None else _read(objects, pointer)


class DayUniverses:
    """The universe for whoever looks again and again: its object is read anew only when it is another one."""

    def __init__(self, store: StateStore, objects: ObjectStore) -> None:
        self._store = store
        self._objects = objects
        self._known: tuple[str, Universe] | None = None

    def of(self, day: date) -> Universe | None:
        """The universe of a day, or None before the morning has chosen it. Raises BadInput."""
        pointer = load(self._store, UniversePointer, universe_key(day))
        if pointer is None:
            return None
        if self._known is None or self._known[0] != pointer.path:
            self._known = pointer.path, _read(self._objects, pointer)
        return self._known[1]


def _read(objects: ObjectStore, pointer: UniversePointer) -> Universe:
    content = objects.get(pointer.path)
    if content is None:
        raise BadInput(
            f"the universe of {pointer.day} should be at {pointer.path}, which the store does not hold"
        )
    try:
        return Universe.model_validate_json(content)
    except ValidationError as error:
        raise BadInput(f"the universe at {pointer.path} does not parse: {error}") from error
