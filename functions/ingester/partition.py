"""Instruments of a universe by token: what belongs together on the stream, and who moves whom."""

from collections.abc import Callable, Iterator
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from patang.market.envelope import EVERYBODY
from patang.market.instruments import Universe
from patang.market.ticks import StreamRecord, pack

__all__ = ["Partitions"]

type Rows = NDArray[np.intp]

# 92 bytes a tick: a record stays below 25 kB, the unit in which the stream's capacity is counted.
_TICKS_A_RECORD = 256


class Partitions:
    """The universe's instruments, one row each in the order of their tokens.

    `is_spot`: rows of indices and shares. `is_full`: rows of instruments whose packets say their time.
    """

    def __init__(self, universe: Universe) -> None:
        instruments = sorted(universe.instruments, key=lambda instrument: instrument.instrument_token)
        self.tokens = np.array([i.instrument_token for i in instruments], np.uint32)
        self.is_spot = np.array([i.is_spot for i in instruments], np.bool_)
        self.is_full = np.array([i.feed == "full" for i in instruments], np.bool_)
        self.underlyings = tuple(sorted({i.underlying for i in instruments}))
        number = {name: n for n, name in enumerate(self.underlyings)}
        self._number_of_row = np.array([number[i.underlying] for i in instruments], np.intp)
        self._lane_of_number: NDArray[np.intp] | None = None

    def rows(self, ticks: NDArray[np.void]) -> tuple[Rows, NDArray[np.bool_]]:
        """The row of each tick's instrument, and whether it is in the universe; the rows of others mean
        nothing."""
        if len(self.tokens) == 0:
            return np.zeros(len(ticks), np.intp), np.zeros(len(ticks), np.bool_)
        rows = np.searchsorted(self.tokens, ticks["token"])
        np.minimum(rows, len(self.tokens) - 1, out=rows)
        return rows, self.tokens[rows] == ticks["token"]

    def forget_lanes(self) -> None:
        """The lanes may have changed: ask for them again."""
        self._lane_of_number = None

    def records(
        self, ticks: NDArray[np.void], market_time: datetime, lane: Callable[[str], str]
    ) -> list[tuple[str, bytes]]:
        """(partition key, packed record) pairs of the known among the ticks, as few as their size allows.

        `lane` says which part of the stream an underlying leads to; those of one lane share records, under
        the key of any of them. Order within an underlying is kept.
        """
        rows, known = self.rows(ticks)
        if not known.all():
            ticks, rows = ticks[known], rows[known]
        if len(ticks) == 0:
            return []
        numbers = self._number_of_row[rows]
        lanes = self._lanes(lane)[numbers]
        return [
            record
            for some in _groups(lanes)
            for record in self._lane_records(ticks[some], numbers[some], market_time)
        ]

    def _lane_records(
        self, ticks: NDArray[np.void], numbers: Rows, market_time: datetime
    ) -> Iterator[tuple[str, bytes]]:
        for start in range(0, len(ticks), _TICKS_A_RECORD):
            part = slice(start, start + _TICKS_A_RECORD)
            key = self.underlyings[numbers[start]]
            name = key if (numbers[part] == numbers[start]).all() else EVERYBODY
            yield key, pack(StreamRecord("ticks", market_time, name, ticks[part]))

    def _lanes(self, lane: Callable[[str], str]) -> NDArray[np.intp]:
        if self._lane_of_number is None:
            names = [lane(name) for name in self.underlyings]
            self._lane_of_number = np.unique(np.array(names), return_inverse=True)[1]
        return self._lane_of_number


def _groups(lanes: Rows) -> Iterator[slice | NDArray[np.bool_]]:
    """What belongs to each lane that occurs; a single lane is not copied."""
    if (lanes == lanes[0]).all():
        yield slice(None)
        return
    for lane in np.unique(lanes):
        yield lanes == lane
