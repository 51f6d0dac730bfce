"""Closed minutes as they are stored: one object and one small item a shard."""

from datetime import datetime

from pydantic import ValidationError

from patang.errors import BadInput
from patang.keys import close_partition
from patang.market.candles import ClosedMinute
from patang.ports import Key, ObjectStore, StateStore
from patang.records import Record, load_all

__all__ = ["MinuteClose", "load_minute"]


class MinuteClose(Record):
    """Says that a shard has closed a minute, and where what it knew then is kept."""

    minute: datetime
    shard: str
    path: str
    candles: int
    late: bool = False

    def key(self) -> Key:
        return Key(close_partition(self.minute), self.shard)


def load_minute(objects: ObjectStore, store: StateStore, minute: datetime) -> list[ClosedMinute]:
    """What each shard knew when it closed `minute` (the bars' start); empty while none has.

    Raises BadInput if an object is missing or does not parse.
    """
    return [_read(objects, close.path) for close in load_all(store, MinuteClose, close_partition(minute))]


def _read(objects: ObjectStore, path: str) -> ClosedMinute:
    content = objects.get(path)
    if content is None:
        raise BadInput(f"the closed minute {path} is announced but not in the store")
    try:
        return ClosedMinute.model_validate_json(content)
    except ValidationError as error:
        raise BadInput(f"the closed minute {path} does not parse: {error}") from error
