"""Ticks whose packets say no time: those of the modes ltp and quote."""

import numpy as np
from numpy.typing import NDArray

from functions.ingester.partition import Partitions

__all__ = ["Untimed"]


class Untimed:
    """Tells what such a tick says from what was said before.

    Subscribing brings the last known state of an instrument, perhaps yesterday's, and it looks like any other
    tick. So the first one tells only what was; one that differs from it tells what has just happened.
    """

    def __init__(self, partitions: Partitions) -> None:
        self._expected = ~partitions.is_full
        self._price = np.full(len(partitions.tokens), np.nan)
        self._volume = np.zeros(len(partitions.tokens), np.int64)

    def stamp(self, ticks: NDArray[np.void], rows: NDArray[np.intp], market_second: int) -> None:
        """Give those that are news (dtype TICK, of known instruments, without a time) the market's time.

        The others keep 0, and so do packets of instruments that are to be sent in full: a connection begins
        with shorter ones. Nothing is news before there is a market time.
        """
        if market_second == 0:
            return
        last, known = self._price[rows], ~np.isnan(self._price[rows])
        news = known & ((ticks["last_price"] != last) | (ticks["volume"] != self._volume[rows]))
        ticks["exchange_time"] = np.where(news & self._expected[rows], market_second, 0)
        self._price[rows] = ticks["last_price"]
        self._volume[rows] = ticks["volume"]
