"""The tick stream within one process: what the ingester puts, its readers take."""

import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence

from patang.errors import BadInput

__all__ = ["HOME_SHARD", "HomeStream"]

HOME_SHARD = "home"
# A minute of a whole universe; who reads live is far ahead of that, and who begins anew asks for no more.
_KEPT_RECORDS = 4_096


class HomeStream:
    """TickStream and StreamReader with one shard, in memory.

    Sequence numbers begin with the time of its own start, so that those of an earlier process are known as
    another stream's. Records beyond the newest few thousand are let go.
    """

    def __init__(self) -> None:
        self._first = time.time_ns()
        self._next = self._first
        self._records: deque[tuple[int, bytes]] = deque(maxlen=_KEPT_RECORDS)
        self._come = threading.Condition()

    def lane(self, key: str) -> str:
        """All keys lead to the one shard."""
        del key
        return HOME_SHARD

    def put(self, records: Sequence[tuple[str, bytes]]) -> None:
        with self._come:
            for _, data in records:
                self._append(data)
            self._come.notify_all()

    def mark(self, data: bytes) -> None:
        with self._come:
            self._append(data)
            self._come.notify_all()

    def shards(self) -> list[str]:
        return [HOME_SHARD]

    def read(self, shard: str, after: str | None, until: str) -> Iterator[tuple[str, bytes]]:
        if shard != HOME_SHARD:
            raise BadInput(f"this stream has the shard {HOME_SHARD!r}, not {shard!r}")
        if after is not None and not self._first <= int(after) < self._next:
            raise BadInput(f"{after} is no sequence number of this stream: it began at {self._first}")
        for number, data in self.behind(None if after is None else int(after)):
            if number >= int(until):
                return
            yield str(number), data

    def behind(self, after: int | None) -> list[tuple[int, bytes]]:
        """The records that are kept behind one (None: all), oldest first."""
        with self._come:
            return [record for record in self._records if after is None or record[0] > after]

    def wait(self, after: int | None, seconds: float) -> list[tuple[int, bytes]]:
        """`behind`, as soon as there is something, or nothing after so many seconds."""
        with self._come:
            self._come.wait_for(lambda: self._next - 1 > (after or 0) and bool(self._records), seconds)
        return self.behind(after)

    def _append(self, data: bytes) -> None:
        self._records.append((self._next, data))
        self._next += 1
