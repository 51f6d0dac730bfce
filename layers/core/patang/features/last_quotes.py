"""The last tick of each instrument, and its open interest of the minutes before."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from patang.market.bars import ClosedBars
from patang.market.candles import Quote
from patang.market.instruments import Instrument
from patang.market.snapshots import quotes_of
from patang.market.ticks import TICK

__all__ = ["LastQuotes"]

_TREND_MINUTES = 15
_UNKNOWN = -1


class LastQuotes:
    """A row an instrument; `ticks` have dtype TICK and exchange time 0 where none came today."""

    def __init__(self, rows: int) -> None:
        self.ticks = np.zeros(rows, TICK)
        self._interest = np.full((rows, _TREND_MINUTES + 1), _UNKNOWN, np.int64)

    @property
    def seen(self) -> NDArray[np.bool_]:
        """Which instruments were quoted today."""
        came: NDArray[np.bool_] = self.ticks["exchange_time"] > 0
        return came

    def add(self, closed: ClosedBars) -> None:
        """Take a closed minute."""
        came = closed.quotes["exchange_time"] > 0
        self.ticks[came] = closed.quotes[came]
        self._interest[:, :-1] = self._interest[:, 1:]
        self._interest[:, -1] = np.where(self.seen, self.ticks["oi"], _UNKNOWN)

    def models(self, instruments: Sequence[Instrument]) -> tuple[Quote, ...]:
        """The quotes of those instruments that have one, with the trend of their open interest."""
        return quotes_of(instruments, self.ticks, self._interest[:, 0], self._interest[:, -1])

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The whole state by name: the arrays themselves, so that restoring writes into them."""
        return {"ticks": self.ticks, "interest": self._interest}
