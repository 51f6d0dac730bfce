"""Bars of one instrument that can be traded: what it cost in each minute, and how wide its book was."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from patang.backtest.trade import Prices
from patang.errors import BadInput

__all__ = ["PriceBars"]

type Floats = NDArray[np.float64]
type Epochs = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class PriceBars:
    """The one-minute bars of a share or a contract in the order of time; all arrays have a row a bar.

    `starts` are epoch seconds of the bars' starts, prices are rupees a unit, as traded (`half_spread` above
    them somebody sells, below them somebody buys), `volume` is units, NaN where nobody knows.
    """

    starts: Epochs
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    half_spread: Floats
    prices: Prices

    def __post_init__(self) -> None:
        if (self.starts[1:] <= self.starts[:-1]).any():
            raise BadInput("bars of an instrument are not in the order of time: sort them, drop repeats")

    def __len__(self) -> int:
        return len(self.starts)

    def row_at(self, moment: int) -> int:
        """The first row that starts at this epoch second or later; the number of rows where none does."""
        return int(self.starts.searchsorted(moment))
