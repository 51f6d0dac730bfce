"""Every packet as the exchange sent it, archived as Parquet in the store beside the stream.

Files are ticks/date=D/hour=HH/ticks_D_HHMMSS_PART.parquet: date and hour of market time in IST, HHMMSS of the
first packet, PART of the process and its n-th file, so that no file is ever written over.
"""

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
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
_LOOK_SECONDS = 1.0
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 15.0
_LAST_TRIES = 2


@dataclass(frozen=True, slots=True, eq=False)
class _Batch:
    packets: NDArray[np.void]
    market_time: datetime
    received_at: datetime
    added: float


class RawTicks:
    """Takes packets from the tick path at the price of a copy; a thread of its own encodes and stores them.

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
        self._held_limit = held_bytes
        self._file_bytes = file_bytes
        self._file_seconds = file_seconds
        self._symbols: dict[int, str] = {}
        self._waiting: list[_Batch] = []
        self._held = 0
        self._shed = 0
        self._ending = False
        self._process = token_hex(4)
        self._files = 0
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="raw-ticks", daemon=True)
        self._thread.start()

    def watch(self, universe: Universe) -> None:
        """From now on packets carry these instruments' symbols; those of others carry none."""
        self._symbols = {i.instrument_token: i.symbol for i in universe.instruments}

    def add(self, packets: NDArray[np.void], market_time: datetime, received_at: datetime) -> None:
        """Hand over packets of one kind (dtype a layout of patang.market.packets.KINDS), in their order.

        `market_time` says which day and hour they are filed under, `received_at` is the wall's time. Never
        waits for the store and never raises for it. The array is copied: it may be a view of a frame.
        """
        batch = _Batch(packets.copy(), market_time, received_at, time.monotonic())
        with self._changed:
            if self._ending or self._held + batch.packets.nbytes > self._held_limit:
                self._shed += len(packets)
                return
            self._waiting.append(batch)
            self._held += batch.packets.nbytes
            if self._held >= self._file_bytes:
                self._changed.notify()

    def end(self, seconds: float = 10.0) -> bool:
        """Store what waits. True if that was done within `seconds`; what was not is counted as shed."""
        with self._changed:
            self._ending = True
            self._changed.notify()
        self._thread.join(seconds)
        done = not self._thread.is_alive()
        with self._changed:
            if not done:
                self._shed += sum(len(batch.packets) for batch in self._waiting)
        self._tell()
        return done

    def _work(self) -> None:
        while True:
            with self._changed:
                batches = self._due()
                if not batches:
                    if self._ending:
                        return
                    self._changed.wait(_LOOK_SECONDS)
            if batches:
                self._store(batches)
            self._tell()

    def _due(self) -> list[_Batch]:
        """The batches of the next file, taken from those that wait; none if it is not yet time for it."""
        if not self._waiting:
            return []
        size, file = 0, list[_Batch]()
        first = self._waiting[0]
        for batch in self._waiting:
            if size >= self._file_bytes or _hour(batch) != _hour(first):
                break
            file.append(batch)
            size += batch.packets.nbytes
        is_full = size >= self._file_bytes or len(file) < len(self._waiting)
        if not (is_full or self._ending or time.monotonic() - first.added >= self._file_seconds):
            return []
        del self._waiting[: len(file)]
        return file

    def _store(self, batches: Sequence[_Batch]) -> None:
        ticks = sum(len(batch.packets) for batch in batches)
        path = self._path(batches[0].market_time)
        try:
            parts = [(batch.packets, batch.received_at) for batch in batches]
            content = self._tables.ticks(tick_columns(parts, self._symbols))
            stored = self._put(path, content)
        except Exception:
            # Whatever it is, the archive must not end for the rest of the day.
            log.exception("%s could not be made of %d ticks", path, ticks)
            stored = False
        with self._changed:
            self._held -= sum(batch.packets.nbytes for batch in batches)
            self._shed += 0 if stored else ticks
        if stored:
            self._metrics.count("raw_ticks", ticks)

    def _put(self, path: str, content: bytes) -> bool:
        """Tries until it succeeds, or, at the end of the process, a few times more."""
        wait, last_tries = _FIRST_WAIT, _LAST_TRIES
        while True:
            try:
                self._objects.put(path, content)
            except Exception as error:
                # The network or the service: both pass, and packets go on being collected.
                log.warning("%s is not stored yet: %s", path, error)
            else:
                return True
            with self._changed:
                if self._ending:
                    last_tries -= 1
                    if not last_tries:
                        return False
                self._changed.wait(min(wait, 1.0) if self._ending else wait)
            wait = min(2 * wait, _LONGEST_WAIT)

    def _tell(self) -> None:
        with self._changed:
            shed, self._shed = self._shed, 0
        if shed:
            self._metrics.count("raw_ticks_shed", shed)
            log.error("%d ticks are missing in the archive: the store takes them too slowly", shed)

    def _path(self, moment: datetime) -> str:
        self._files += 1
        moment = moment.astimezone(IST)
        name = f"ticks_{moment:%Y-%m-%d_%H%M%S}_{self._process}-{self._files}.parquet"
        return f"ticks/date={moment:%Y-%m-%d}/hour={moment:%H}/{name}"


def _hour(batch: _Batch) -> tuple[int, int, int]:
    moment = batch.market_time.astimezone(IST)
    return moment.year, moment.timetuple().tm_yday, moment.hour
