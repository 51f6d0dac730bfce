"""What may be shown only once: a seal shows that it is ours, not that it comes for the first time."""

from datetime import timedelta

from patang.identity.credentials import fingerprint
from patang.identity.stored import Passing
from patang.ports import Clock, Key, StateStore, WriteConflict
from patang.records import create

__all__ = ["TakenOnce"]


class _Taken(Passing):
    """Something that has been shown, until it could no longer be shown anyway."""

    digest: str

    def key(self) -> Key:
        return Key(f"TAKEN#{self.digest}", "TAKEN")


class TakenOnce:
    """`store` is the auth table, which all instances share and which forgets by itself."""

    def __init__(self, store: StateStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def take(self, shown: str, good_for: timedelta) -> bool:
        """Whether `shown` has come for the first time; of several at once it is one. `good_for` is how long,
        at most, whoever made it lets it be shown."""
        taken = _Taken(digest=fingerprint(shown), until=self._clock.now() + good_for)
        try:
            self._store.write(create(taken))
        except WriteConflict:
            return False
        return True
