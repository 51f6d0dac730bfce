"""Market time as the desk last saw it, for steps that no tick drives."""

from datetime import datetime, timedelta

from patang.errors import StopTrading
from patang.keys import market_clock_key
from patang.ports import Clock, Key, StateStore, WriteConflict
from patang.records import Record, create, load, replace

__all__ = ["MarketClock", "TimeTeller", "market_time"]

_TOLD_EVERY = timedelta(seconds=5)
# Without news for this long by the wall's clock, an earlier market time is another session, not an old batch.
_NEW_SESSION_AFTER = timedelta(seconds=60)


class MarketClock(Record):
    """`market_time` of the newest marker the guard has seen, and the wall time at which it saw it."""

    market_time: datetime
    seen_at: datetime

    def key(self) -> Key:
        return market_clock_key()


def market_time(store: StateStore) -> datetime:
    """Raises StopTrading before the first marker."""
    clock = load(store, MarketClock, market_clock_key())
    if clock is None:
        raise StopTrading("no market time has been seen yet: is the ingester running?")
    return clock.market_time


class TimeTeller:
    """Keeps the market clock: forwards only, until another session begins."""

    def __init__(self, store: StateStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._told: MarketClock | None = None

    def tell(self, as_of: datetime) -> None:
        """Takes the market time of a marker; writes it every five seconds of it."""
        if self._told is not None and timedelta(0) <= as_of - self._told.market_time < _TOLD_EVERY:
            return
        now = self._clock.now()
        stored = load(self._store, MarketClock, market_clock_key())
        if stored is not None and as_of <= stored.market_time and now - stored.seen_at < _NEW_SESSION_AFTER:
            self._told = stored
            return
        told = MarketClock(market_time=as_of, seen_at=now)
        try:
            if stored is None:
                self._store.write(create(told))
            else:
                self._store.write(replace(stored.evolve(market_time=as_of, seen_at=now)))
        except WriteConflict:
            # Another shard's guard has just told the time.
            return
        self._told = told
