"""Reading the settings in a process that lives long: not at each question, and never without an answer for
what must go on."""

from datetime import datetime

from patang.errors import SettingsError
from patang.execution.market_clock import MarketClock
from patang.keys import market_clock_key, settings_key
from patang.ports import Clock, StateStore
from patang.records import load
from patang.settings.stored import StoredSettings, last_good
from patang.settings.tree import Settings

__all__ = ["SettingsReader", "market_moment"]

_AGE_SECONDS = 5


class SettingsReader:
    """Settings at most five seconds old."""

    def __init__(self, store: StateStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._read_at = float("-inf")
        self._good: Settings | None = None
        self._wrong: SettingsError | None = None

    def current(self) -> Settings:
        """What entries go by. Raises SettingsError while the stored settings are wrong: then none is made."""
        self._refresh()
        if self._wrong is not None:
            raise self._wrong
        return self._good or Settings()

    def standing(self) -> Settings:
        """What exits and the following of orders go by: while the stored settings are wrong, the last good
        ones. Raises SettingsError if there never were good ones."""
        self._refresh()
        if self._good is None and self._wrong is not None:
            raise self._wrong
        return self._good or Settings()

    def _refresh(self) -> None:
        now = self._clock.now()
        if now.timestamp() - self._read_at <= _AGE_SECONDS:
            return
        stored = load(self._store, StoredSettings, settings_key())
        try:
            self._good = Settings() if stored is None else self._in_force(stored)
            self._wrong = None
        except SettingsError as error:
            self._wrong = error
            if self._good is None:
                self._good = last_good(self._store, now)
        self._read_at = now.timestamp()

    def _in_force(self, stored: StoredSettings) -> Settings:
        wanted = stored.wanted()
        moment = market_moment(self._store, self._clock, wanted) if stored.held else None
        return wanted if moment is None else stored.in_force(moment)


def market_moment(store: StateStore, clock: Clock, settings: Settings) -> datetime | None:
    """Market time: the wall's, but where the market is a simulator's, what its ticks said last.

    None before a simulator's first tick: no session of its has begun.
    """
    if not settings.simulated_market:
        return clock.now()
    seen = load(store, MarketClock, market_clock_key())
    return None if seen is None else seen.market_time
