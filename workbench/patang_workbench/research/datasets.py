"""What a data set is to be made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from patang.model.inputs import StrategyName
from patang.settings import Settings

__all__ = ["Wish"]


@dataclass(frozen=True, slots=True)
class Wish:
    """What to make a data set of: a strategy, its settings, and the bars of `place` from `first` to `last`.

    `symbols`: what is traded, all that the settings name where there are none. `latency_bars` are minutes
    from a decision to its order.
    """

    strategy: StrategyName
    settings: Settings
    first: date
    last: date
    symbols: Sequence[str] = ()
    latency_bars: int = 1
