"""Ticks sorted by what they move with, and cut into records of the stream."""

from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from patang.market.instruments import Universe
from patang.market.ticks import StreamRecord, pack

__all__ = ["Partitions"]

# 92 bytes a tick: a record stays below 25 kB, the unit in which the stream's capacity is counted.
_TICKS_A_RECORD = 256


class Partitions:
    """Which underlying each token of a universe belongs to."""

    def __init__(self, universe: Universe) -> None:
        self._names = sorted({instrument.underlying for instrument in universe.instruments})
        number = {name: n for n, name in enumerate(self._names)}
        pairs = sorted((i.instrument_token, number[i.underlying]) for i in universe.instruments)
        self._tokens = np.array([token for token, _ in pairs], np.uint32)
        self._numbers = np.array([n for _, n in pairs], np.intp)

    def known(self, ticks: NDArray[np.void]) -> NDArray[np.void]:
        """Those of the ticks whose instrument is in the universe."""
        known: NDArray[np.void] = ticks[np.isin(ticks["token"], self._tokens)]
        return known

    def records(self, ticks: NDArray[np.void], market_time: datetime) -> list[tuple[str, bytes]]:
        """(partition key, packed record) pairs of known ticks; order within an underlying is kept."""
        numbers = self._numbers[np.searchsorted(self._tokens, ticks["token"])]
        records = []
        for number in np.unique(numbers):
            name = self._names[number]
            mine = ticks[numbers == number]
            for start in range(0, len(mine), _TICKS_A_RECORD):
                some = mine[start : start + _TICKS_A_RECORD]
                records.append((name, pack(StreamRecord("ticks", market_time, name, some))))
        return records
