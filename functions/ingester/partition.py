"""Instruments of a universe by token: what belongs together on the stream, and who moves whom."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
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
        self._underlyings = [i.underlying for i in instruments]
        self._lanes: _Lanes | None = None

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
        self._lanes = None

    def records(
        self, ticks: NDArray[np.void], market_time: datetime, lane: Callable[[str], str]
    ) -> list[tuple[str, bytes]]:
        """(partition key, packed record) pairs of the ticks, as few as their size allows.

        `lane` says which part of the stream an underlying leads to; those of one lane share records, under
        the key of any of them. Order within an underlying is kept. Ticks of unknown instruments are left out,
        unless there is but one lane to go to.
        """
        if self._lanes is None:
            self._lanes = _Lanes(self._underlyings, lane)
        lanes = self._lanes
        if len(lanes.keys) <= 1:
            return [record for n in range(len(lanes.keys)) for record in lanes.records(n, ticks, market_time)]
        rows, known = self.rows(ticks)
        numbers = np.where(known, lanes.of_row[rows], -1)
        return [
            record
            for n in range(len(lanes.keys))
            for record in lanes.records(n, ticks[numbers == n], market_time)
        ]


class _Lanes:
    """The lanes that a universe's underlyings lead to, numbered: a key of each, what its records name as
    their underlying, and the lane of each row."""

    def __init__(self, underlyings: Sequence[str], lane: Callable[[str], str]) -> None:
        lane_of = {name: lane(name) for name in sorted(set(underlyings))}
        members: dict[str, list[str]] = defaultdict(list)
        for name, its_lane in lane_of.items():
            members[its_lane].append(name)
        number = {its_lane: n for n, its_lane in enumerate(members)}
        self.keys = [names[0] for names in members.values()]
        self._names = [names[0] if len(names) == 1 else EVERYBODY for names in members.values()]
        self.of_row = np.array([number[lane_of[name]] for name in underlyings], np.intp)

    def records(
        self, number: int, ticks: NDArray[np.void], market_time: datetime
    ) -> Iterator[tuple[str, bytes]]:
        for start in range(0, len(ticks), _TICKS_A_RECORD):
            part = ticks[start : start + _TICKS_A_RECORD]
            yield self.keys[number], pack(StreamRecord("ticks", market_time, self._names[number], part))
