"""The universe to subscribe: the newest that was stored."""

from datetime import date

from patang.keys import universe_key
from patang.market.instruments import Universe
from patang.market.universe import load_universe
from patang.ports import Attributes, ObjectStore, StateStore

__all__ = ["UniverseWatch"]


class UniverseWatch:
    """Reads the universe again only when what is stored of it has changed."""

    def __init__(self, store: StateStore, objects: ObjectStore) -> None:
        self._store = store
        self._objects = objects
        self._seen: Attributes | None = None

    def changed(self) -> Universe | None:
        """The newest universe if it is another than last time, else None."""
        newest = self._store.query(universe_key(date.min).partition, newest_first=True, limit=1)
        if not newest or newest[0] == self._seen:
            return None
        universe = load_universe(self._store, self._objects, date.fromisoformat(newest[0]["day"]))
        if universe is not None:
            self._seen = newest[0]
        return universe
