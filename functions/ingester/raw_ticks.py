"""Every packet as the exchange sent it, archived as Parquet in the store beside the stream.

Files are ticks/date=D/hour=HH/ticks_D_HHMMSS_PART.parquet: date and hour of market time in IST, HHMMSS of the
first packet, PART of the process and its n-th file, so that no file is ever written over.
"""

import logging
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from secrets import token_hex

import numpy as np
from numpy.typing import NDArray

from functions.ingester.tick_columns import tick_columns
from patang.market.instruments import Universe
from patang.market.sessions import IST
from patang.ports import Metrics, ObjectStore, TableWriter

__all__ = ["RawTicks"]

log = logging.getLogger("patang.ingester")

_HELD_BYTES = 64_000_000
_FILE_BYTES = 16_000_000
_FILE_SECONDS = 60.0
# What a batch takes beside its packets: its objects. The exchange may send a frame a tick.
_BATCH_BYTES = 400
_LOOK_SECONDS = 1.0
_HOUR = timedelta(hours=1)
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 15.0
_LAST_TRIES = 3


@dataclass(slots=True, eq=False)
class _File:
    """Packets of one hour of market time that will be one file.

    `first`: the first market time that was known, None so far; `opened`: monotonic seconds; `number`: the
    process's n-th.
    """

    number: int
    opened: float
    first: datetime | None = None
    heard: list[tuple[NDArray[np.void], datetime]] = field(default_factory=list)
    size: int = 0
    ticks: int = 0

    def may_take(self, moment: datetime | None) -> bool:
        """Whether `moment` lies in the file's hour; what has no time goes with what comes before or after."""
        if moment is None or self.first is None:
            return True
        hour = self.first.replace(minute=0, second=0, microsecond=0)
        return hour <= moment < hour + _HOUR

    def path(self, process: str) -> str:
        """Where it is stored."""
        moment = self.first or self.heard[0][1].astimezone(IST)
        day = moment.date().isoformat()
        name = f"ticks_{day}_{moment:%H%M%S}_{process}-{self.number}.parquet"
        return f"ticks/date={day}/hour={moment:%H}/{name}"


class RawTicks:
    """Takes packets from the tick path for nothing; a thread of its own encodes and stores them.

    A file is closed after `file_seconds` of wall time, `file_bytes` of packets, or at the hour. While the
    store is away packets wait, up to `held_bytes` in all; what comes beyond is left out of the archive,
    counted in the metric raw_ticks_shed and told in the log. Repeats are kept: this is what was heard.
    """

    def __init__(
        self,
        objects: ObjectStore,
        tables: TableWriter,
        metrics: Metrics,
        *,
        held_bytes: int = _HELD_BYTES,
        file_bytes: int = _FILE_BYTES,
        file_seconds: float = _FILE_SECONDS,
    ) -> None:
        self._objects = objects
        self._tables = tables
        self._metrics = metrics
        self._held_bytes = held_bytes
        self._file_bytes = file_bytes
        self._file_seconds = file_seconds
        self._symbols: dict[int, str] = {}
        self._process = token_hex(4)
        self._changed = threading.Condition()
        # Below: only with the condition's lock. The last of the files is the one that is filled.
        self._files: deque[_File] = deque()
        self._storing: _File | None = None
        self._opened = 0
        self._held = 0
        self._shed = self._told = 0
        self._ending = False
        self._thread = threading.Thread(target=self._work, name="raw-ticks", daemon=True)
        self._thread.start()

    def watch(self, universe: Universe) -> None:
        """From now on packets carry these instruments' symbols; those of others carry none."""
        self._symbols = {i.instrument_token: i.symbol for i in universe.instruments}

    def add(self, packets: NDArray[np.void], market_time: datetime | None, received_at: datetime) -> None:
        """Hand over packets of one kind (dtype a layout of patang.market.packets.KINDS), in their order.

        `market_time` says which day and hour they are filed under, None while it is not known yet;
        `received_at` is the wall's time. Never waits for the store and never raises for it. The array is kept
        and not copied: it may be a view of a frame's bytes, and nobody may write to it afterwards.
        """
        size = packets.nbytes + _BATCH_BYTES
        with self._changed:
            if self._ending or self._held + size > self._held_bytes:
                self._shed += len(packets)
                return
            file = self._file_for(market_time)
            file.heard.append((packets, received_at))
            file.size += size
            file.ticks += len(packets)
            self._held += size

    def end(self, seconds: float = 10.0) -> bool:
        """Store what waits. True if that was done within `seconds`; the rest is counted as shed."""
        with self._changed:
            before, self._ending = self._shed, True
            self._changed.notify()
        self._thread.join(seconds)
        with self._changed:
            left = [*self._files, *([self._storing] if self._storing else [])]
            self._shed += sum(file.ticks for file in left)
            done = self._shed == before
        self._tell()
        return done

    def _file_for(self, market_time: datetime | None) -> _File:
        last = self._files[-1] if self._files else None
        if last is None or last.size >= self._file_bytes or not last.may_take(market_time):
            self._opened += 1
            last = _File(self._opened, time.monotonic())
            self._files.append(last)
            self._changed.notify()
        if last.first is None and market_time is not None:
            last.first = market_time.astimezone(IST)
        return last

    def _work(self) -> None:
        while True:
            with self._changed:
                self._storing = file = self._due()
                if file is None:
                    if self._ending:
                        return
                    self._changed.wait(_LOOK_SECONDS)
            if file is not None:
                self._store(file)
            self._tell()

    def _due(self) -> _File | None:
        """The oldest file, taken out, if it is full or old enough."""
        if not self._files:
            return None
        oldest = self._files[0]
        is_closed = len(self._files) > 1 or oldest.size >= self._file_bytes or self._ending
        if is_closed or time.monotonic() - oldest.opened >= self._file_seconds:
            return self._files.popleft()
        return None

    def _store(self, file: _File) -> None:
        path = file.path(self._process)
        try:
            content = self._tables.ticks(tick_columns(file.heard, self._symbols))
            stored = self._put(path, content)
        except Exception:
            # Whatever it is, the archive must not end for the rest of the day.
            log.exception("%s could not be made of %d ticks", path, file.ticks)
            stored = False
        with self._changed:
            self._storing = None
            self._held -= file.size
            self._shed += 0 if stored else file.ticks
        if stored:
            self._metrics.count("raw_ticks", file.ticks)

    def _put(self, path: str, content: bytes) -> bool:
        """Tries until it succeeds; once the process ends, a few times more."""
        wait, tries_at_the_end = _FIRST_WAIT, 0
        while tries_at_the_end < _LAST_TRIES:
            try:
                self._objects.put(path, content)
            except Exception as error:
                # The network or the service: both pass, and packets go on being collected.
                log.warning("%s is not stored yet: %s", path, error)
            else:
                return True
            self._tell()
            with self._changed:
                is_ending = self._ending or self._changed.wait_for(lambda: self._ending, wait)
            if is_ending:
                tries_at_the_end += 1
                time.sleep(_FIRST_WAIT)
            wait = min(2 * wait, _LONGEST_WAIT)
        return False

    def _tell(self) -> None:
        with self._changed:
            shed, self._told = self._shed - self._told, self._shed
        if shed:
            self._metrics.count("raw_ticks_shed", shed)
            log.error("%d ticks are missing in the archive: the store takes them too slowly or not", shed)
