"""How much of what anybody on the internet may ask for is done in an hour."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from patang.oauth.stored import Quota
from patang.ports import Key, StateStore, Write
from patang.records import change, create, load, replace

__all__ = ["taken"]


def taken(store: StateStore, name: str, now: datetime, most: int) -> bool:
    """Counts one more of `name` in the hour of `now`; False, and nothing counted, if `most` were done."""
    hour = now.strftime("%Y-%m-%dT%H")

    def decide() -> tuple[bool, Sequence[Write]]:
        found = load(store, Quota, Key(f"OAUTH_QUOTA#{name}", hour))
        if found is None:
            return True, (create(Quota(name=name, hour=hour, count=1, until=now + timedelta(hours=2))),)
        if found.count >= most:
            return False, ()
        return True, (replace(found.evolve(count=found.count + 1)),)

    return change(store, decide)
