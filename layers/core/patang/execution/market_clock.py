"""Market time as the desk last saw it, for steps that no tick drives."""

from datetime import datetime

from patang.errors import StopTrading
from patang.keys import market_clock_key
from patang.ports import Key, StateStore
from patang.records import Record, load

__all__ = ["MarketClock", "market_time"]


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
