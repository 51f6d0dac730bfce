"""The market of the past, minute by minute, as the engine asks for it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from patang.backtest.price_bars import PriceBars
from patang.market.instruments import Instrument
from patang.model.inputs import StrategyName
from patang.settings import Settings
from patang.strategies.base import Strategy
from patang.strategies.market import Market

__all__ = ["Ahead", "Look", "Tape"]

type Epochs = NDArray[np.int64]
# What the models will probably be asked about this look and those around it, inputs by name.
type Ahead = Callable[[], Mapping[StrategyName, Sequence[Mapping[str, float]]]]


# A tuple: there is one for each bar that may be bought.
class Look(NamedTuple):
    """The minute that ended at `as_of`, and the strategies whose rules may find something in it.

    `market` makes what they are shown. `underlyings`: on no other can they find anything; None: on any.
    `ahead` is one object for all looks that it is about, None where nothing can be foreseen.
    """

    as_of: datetime
    strategies: tuple[Strategy, ...]
    market: Callable[[], Market]
    underlyings: frozenset[str] | None = None
    ahead: Ahead | None = None

    @classmethod
    def of(cls, market: Market, strategies: tuple[Strategy, ...]) -> "Look":
        """A look at a market that is there already."""
        return cls(market.as_of, strategies, lambda: market)


class Tape(Protocol):
    """What a backtest reads. Nothing that it gives of a moment depends on what came after that moment, but
    for `bars`, of which the engine takes no row before its time has come."""

    @property
    def source(self) -> str:
        """Where the prices are from, for people."""
        ...

    @property
    def closes(self) -> Epochs:
        """The ends of all minutes, epoch seconds, in order: the moments at which the desk decides."""
        ...

    @property
    def symbol_bars(self) -> int:
        """How many one-minute bars of symbols there are."""
        ...

    @property
    def skipped(self) -> Mapping[date, str]:
        """Sessions that are not there, with the reason."""
        ...

    def looks(self, strategies: Sequence[Strategy], settings: Settings) -> Iterator[Look]:
        """The markets that the rules have to be asked about, in order of time; of one minute there may be
        several, each for other strategies. A minute that is left out holds no candidate for certain."""
        ...

    def bars(self, instrument: Instrument, after: datetime, until: datetime) -> PriceBars:
        """The bars of an instrument that start at `after` or later and before `until`."""
        ...
