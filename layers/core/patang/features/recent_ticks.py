"""The last ticks of each symbol, in the exchange's order."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from patang.market.bars import ClosedBars

__all__ = ["RECENT_TICKS", "TRADE", "RecentTicks"]

RECENT_TICKS = 500

# A tick as it is remembered: epoch seconds, rupees, and the units traded since the tick before it.
TRADE = np.dtype([("time", "<i8"), ("price", "<f8"), ("traded", "<i8")])

# As it is kept, prices in paise, of which all of the exchange's prices are whole numbers.
_KEPT = np.dtype([("time", "<u4"), ("paise", "<u4"), ("traded", "<u4")])


class RecentTicks:
    """A ring for each instrument that `wanted` marks; a tick goes to the place of its number modulo 500."""

    def __init__(self, wanted: NDArray[np.bool_]) -> None:
        self._wanted = wanted
        self._place = np.cumsum(wanted) - 1
        rings = int(np.count_nonzero(wanted))
        self._rings = np.zeros((rings, RECENT_TICKS), _KEPT)
        self._count = np.zeros(rings, np.int64)
        self._volume = np.zeros(rings, np.int64)

    def add(self, closed: ClosedBars) -> None:
        """Take the ticks of a closed minute. What traded up to an instrument's first tick is not known."""
        rows, ticks = closed.ticks_of(self._wanted)
        if len(rows) == 0:
            return
        rings = self._place[rows]
        begins = np.flatnonzero(np.append(True, rows[1:] != rows[:-1]))
        of, numbers = rings[begins], np.diff(np.append(begins, len(rings)))
        volume = ticks["volume"]
        before = np.append(0, volume[:-1])
        before[begins] = np.where(self._count[of] > 0, self._volume[of], volume[begins])
        kept = np.zeros(len(rings), _KEPT)
        kept["time"], kept["paise"] = ticks["exchange_time"], np.rint(100 * ticks["last_price"])
        kept["traded"] = np.clip(volume - before, 0, 2**32 - 1)
        place = self._count[rings] + np.arange(len(rings)) - np.repeat(begins, numbers)
        # Where more come than the ring holds, the later of those that share a place is written last.
        self._rings[rings, place % RECENT_TICKS] = kept
        self._count[of] += numbers
        self._volume[of] = volume[begins + numbers - 1]

    def take(self, row: int) -> NDArray[np.void]:
        """The ticks of an instrument (dtype TRADE), oldest first, as of the last closed minute."""
        ring, count = self._rings[self._place[row]], int(self._count[self._place[row]])
        kept = ring[:count] if count <= RECENT_TICKS else np.roll(ring, -(count % RECENT_TICKS))
        found = np.zeros(len(kept), TRADE)
        found["time"], found["price"], found["traded"] = kept["time"], kept["paise"] / 100, kept["traded"]
        return found

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The whole state by name: the arrays themselves, so that restoring writes into them."""
        return {"rings": self._rings, "count": self._count, "volume": self._volume}
