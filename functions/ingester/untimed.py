"""Ticks whose packets say no time: those of the modes ltp and quote."""

import numpy as np
from numpy.typing import NDArray

from functions.ingester.partition import Partitions

__all__ = ["Untimed"]

type Rows = NDArray[np.intp]


class Untimed:
    """Tells what such a tick says from what was said before.

    Subscribing brings the last known state of an instrument, perhaps yesterday's, and it looks like any other
    tick. So the first one tells only what was; one that differs from it tells what has just happened.
    """

    def __init__(self, partitions: Partitions) -> None:
        self._expected = ~partitions.is_full
        self._price = np.full(len(partitions.tokens), np.nan)
        self._volume = np.zeros(len(partitions.tokens), np.int64)

    def stamp(self, ticks: NDArray[np.void], at: Rows, rows: Rows, market_second: int) -> Rows:
        """Give those of the ticks `at` these places (dtype TICK, of the instruments `rows`, without a time)
        that are news the market's time; returns the places of those.

        The others keep 0, and so do packets of instruments that are to be sent in full: a connection begins
        with shorter ones. Nothing is news before there is a market time.
        """
        if market_second == 0:
            return at[:0]
        price, volume = ticks["last_price"][at], ticks["volume"][at]
        before = self._price[rows]
        changed = (price != before) | (volume != self._volume[rows])
        news: Rows = at[changed & ~np.isnan(before) & self._expected[rows]]
        ticks["exchange_time"][news] = market_second
        self._price[rows] = price
        self._volume[rows] = volume
        return news
