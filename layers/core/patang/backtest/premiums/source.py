"""What a backtest asks about options: the contracts of a minute, and a contract's prices bar by bar."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from patang.backtest.trade import Prices
from patang.market.candles import Quote
from patang.market.instruments import Instrument

__all__ = ["OptionBoard", "PremiumBars", "PremiumSource"]

type Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class OptionBoard:
    """Contracts of an underlying near the money at a minute's end, as the desk would watch them.

    `quotes` is by EXCHANGE:TRADINGSYMBOL; a contract without one was not quoted.
    """

    contracts: tuple[Instrument, ...]
    quotes: Mapping[str, Quote]
    prices: Prices


@dataclass(frozen=True, slots=True, eq=False)
class PremiumBars:
    """A contract's bars of a minute in the order of time, rupees a unit, one array each.

    `starts` in epoch seconds. Open to close are what it traded at, `bid` and `ask` the book at the bar's
    close (NaN where none was recorded), `volume` units, NaN where nobody knows: a model cannot.
    """

    starts: NDArray[np.int64]
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    bid: Floats
    ask: Floats
    volume: Floats
    prices: Prices

    def __len__(self) -> int:
        return len(self.starts)


class PremiumSource(Protocol):
    """Where a backtest has option premiums from. Both answers know nothing of later minutes."""

    def board(self, underlying: str, as_of: datetime) -> OptionBoard | None:
        """The contracts at a minute's end; None where the underlying has no bar that closed then."""
        ...

    def bars(self, contract: Instrument, first: datetime, last: datetime) -> PremiumBars:
        """The contract's bars that start from `first` to `last`, both included, up to its expiry; minutes
        without a price are left out. Recorded or modelled as a board of `first`'s day is, all of them."""
        ...
