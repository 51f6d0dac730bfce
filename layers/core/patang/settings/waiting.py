"""Until when a loosened limit waits, and what holds meanwhile."""

from datetime import datetime, time, timedelta

from patang.execution.market_clock import MarketClock
from patang.keys import market_clock_key
from patang.market.exchange_calendar import SEGMENTS, exchange_calendar
from patang.market.sessions import IST
from patang.ports import Clock, StateStore
from patang.records import load
from patang.settings.stored import StoredSettings
from patang.settings.tree import Settings

__all__ = ["holding", "market_moment", "waits_until"]


def waits_until(moment: datetime) -> datetime | None:
    """Until when a limit waits that is loosened at this market time: the day's end (IST). None before the
    exchange opens: the session of the day is still to come.

    The hours are those of an ordinary day, on any day. Asking for the session that runs would let a word on
    the day's hours (`sessions`) end it, and with it the waiting.
    """
    there = moment.astimezone(IST)
    day = there.date()
    opens = min(exchange_calendar().regular_hours(day, segment).open for segment in SEGMENTS)
    if there.time() < opens:
        return None
    return datetime.combine(day + timedelta(days=1), time(), IST)


def holding(store: StateStore, clock: Clock, stored: StoredSettings) -> Settings:
    """What holds now of a version. Raises SettingsError if it is wrong."""
    wanted = stored.wanted()
    moment = market_moment(store, clock, wanted) if stored.held else None
    return wanted if moment is None else stored.in_force(moment)


def market_moment(store: StateStore, clock: Clock, settings: Settings) -> datetime | None:
    """Market time: the wall's, but where the market is a simulator's, what its ticks said last.

    None before a simulator's first tick: no session of its has begun.
    """
    if not settings.simulated_market:
        return clock.now()
    seen = load(store, MarketClock, market_clock_key())
    return None if seen is None else seen.market_time
