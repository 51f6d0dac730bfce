"""The newest quote of an instrument that the desk has written down."""

from datetime import datetime, timedelta

from patang.market.candles import Quote
from patang.market.minutes import load_minute
from patang.market.sessions import minute_of
from patang.ports import ObjectStore, StateStore

__all__ = ["Quotes"]

_MINUTES_BACK = 3


class Quotes:
    """Reads closed minutes, the newest first."""

    def __init__(self, store: StateStore, objects: ObjectStore) -> None:
        self._store = store
        self._objects = objects

    def latest(self, identifier: str, as_of: datetime) -> Quote | None:
        """The quote of EXCHANGE:TRADINGSYMBOL in the newest minute closed by `as_of` that holds one.

        None if the last three minutes hold none. Raises BadInput if a closed minute cannot be read.
        """
        for back in range(1, _MINUTES_BACK + 1):
            minute = minute_of(as_of) - timedelta(minutes=back)
            for closed in load_minute(self._objects, self._store, minute):
                found = next((quote for quote in closed.quotes if quote.identifier == identifier), None)
                if found is not None:
                    return found
        return None
