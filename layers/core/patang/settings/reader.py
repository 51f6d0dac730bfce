"""Reading the settings in a process that lives long: not at each question, and never without an answer for
what must go on."""

from patang.errors import SettingsError
from patang.ports import Clock, StateStore
from patang.settings.stored import accepted, newest
from patang.settings.tree import Settings
from patang.settings.waiting import holding

__all__ = ["SettingsReader"]

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
        try:
            stored = newest(self._store)
            self._good = Settings() if stored is None else holding(self._store, self._clock, stored)
            self._wrong = None
        except SettingsError as error:
            self._wrong = error
            if self._good is None:
                last = next(accepted(self._store), None)
                self._good = None if last is None else holding(self._store, self._clock, last)
        self._read_at = now.timestamp()
