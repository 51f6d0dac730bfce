"""Data sets made from the candles of a place."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from patang.model.inputs import StrategyName
from patang.settings import Settings
from patang.training.building import build_dataset
from patang.training.card import DataCard
from patang.training.dataset import Dataset
from patang_workbench.cli.progress import progress_bar
from patang_workbench.research.tapes import open_tape

__all__ = ["Wish", "make_dataset"]


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


def make_dataset(place: str, wish: Wish) -> tuple[Dataset, DataCard]:
    """A data set from candles, with a bar on a terminal. Raises BadInput where there are none to use."""
    opened = open_tape(place, wish.first, wish.last, wish.symbols, wish.settings)
    with progress_bar(len(opened.history.sessions)) as reached:
        return build_dataset(
            opened.tape,
            wish.strategy,
            opened.settings,
            latency_bars=wish.latency_bars,
            findings=opened.history.findings,
            on_day=lambda day: reached(f"{wish.strategy} {day}"),
        )
