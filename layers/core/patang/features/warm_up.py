"""History for the indicators before the open: one-minute bars, stepped through as the live ones will be."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from patang.features.timeframe import TIMEFRAMES
from patang.market.bars import BAR, MINUTE

__all__ = ["MINUTE_BAR", "minute_bars", "replayed"]

# `start` in epoch seconds, prices in rupees.
MINUTE_BAR = np.dtype([
    ("start", "<i8"), ("open", "<f8"), ("high", "<f8"), ("low", "<f8"), ("close", "<f8"), ("volume", "<i8"),
])  # fmt: skip


def minute_bars(rows: Iterable[Mapping[str, Any]]) -> NDArray[np.void]:
    """The broker's one-minute candles (`date` with offset, open, high, low, close, volume) as MINUTE_BAR."""
    names = ("open", "high", "low", "close", "volume")
    table = [(int(row["date"].timestamp()), *(row[name] for name in names)) for row in rows]
    return np.array(table, MINUTE_BAR)


def replayed(histories: Sequence[NDArray[np.void]]) -> Iterator[tuple[int, NDArray[np.void]]]:
    """(start, bars) of each minute that any of the histories has, oldest first: a row of BAR a history.

    The last minute of each longer bar comes too, without bars if there are none, so that the bar ends.
    """
    starts = np.concatenate([np.zeros(0, np.int64), *(history["start"] for history in histories)])
    lengths = [minutes * MINUTE for minutes in TIMEFRAMES]
    minutes = np.unique(np.concatenate([starts - starts % length + length - MINUTE for length in lengths]))
    order = np.argsort(starts, kind="stable")
    rows = np.repeat(np.arange(len(histories)), [len(history) for history in histories])[order]
    every = np.concatenate([np.zeros(0, MINUTE_BAR), *histories])[order]
    begins = np.searchsorted(every["start"], minutes)
    ends = np.searchsorted(every["start"], minutes, side="right")
    for minute, begin, end in zip(minutes.tolist(), begins.tolist(), ends.tolist(), strict=True):
        bars = np.zeros(len(histories), BAR)
        of = rows[begin:end]
        for name in ("open", "high", "low", "close", "volume"):
            bars[name][of] = every[name][begin:end]
        bars["ticks"][of] = 1
        yield minute, bars
