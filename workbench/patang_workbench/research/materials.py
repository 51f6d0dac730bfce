"""What a training is made of, as files: a data set, and beside it the entries at random it is compared with.

FOLDER/             the data set (research/dataset_files)
      /at-random/   the same rules on another day's indicators: entries that nothing chose
"""

from pathlib import Path

from patang.backtest.history_tape import HistoryTape
from patang.backtest.shuffled import shuffled_days
from patang.errors import BadInput
from patang.model.inputs import StrategyName
from patang.training.building import build_dataset
from patang.training.pipeline import Material
from patang_workbench.cli.progress import progress_bar
from patang_workbench.research.dataset_files import is_dataset, keep_dataset, read_dataset
from patang_workbench.research.datasets import Wish
from patang_workbench.research.option_archive import premiums_of
from patang_workbench.research.tapes import open_tape

__all__ = ["make_material", "read_material"]

_AT_RANDOM = "at-random"


def read_material(folder: Path, strategy: StrategyName) -> Material:
    """What a folder holds. Raises BadInput where it is of another strategy or not as it was described."""
    data, card = read_dataset(folder)
    if data.strategy != strategy:
        raise BadInput(f"{folder} is a data set of {data.strategy}, not of {strategy}")
    beside = folder / _AT_RANDOM
    at_random = read_dataset(beside)[0] if is_dataset(str(beside)) else None
    return Material(data, card, at_random)


def make_material(place: str, wish: Wish, seed: int, kept_in: Path) -> Material:
    """From candles, with a bar on a terminal; kept in a folder. Raises BadInput where no entry has an end."""
    opened = open_tape(place, wish.first, wish.last, wish.symbols, wish.settings)
    shuffled = shuffled_days(opened.history, seed)
    at_random = HistoryTape(shuffled, premiums_of(place, shuffled, opened.settings))
    built = []
    with progress_bar(2 * len(opened.history.sessions)) as reached:
        for what, tape in ((wish.strategy, opened.tape), ("at random", at_random)):
            made = build_dataset(
                tape,
                wish.strategy,
                opened.settings,
                latency_bars=wish.latency_bars,
                findings=opened.history.findings,
                on_day=lambda day, what=what: reached(f"{what} {day}"),
            )
            built.append(made)
    (data, card), (drawn, drawn_card) = built
    if not len(data):
        reasons = ", ".join(f"{count} {name}" for name, count in card.left_out.items())
        raise BadInput(
            f"the rules of {wish.strategy} found no entry with an end in {card.source} "
            f"({reasons or 'none at all'}): choose more days, other symbols or other settings"
        )
    # First, since a folder is a data set by its card, and then it is whole.
    keep_dataset(kept_in / _AT_RANDOM, drawn, drawn_card)
    keep_dataset(kept_in, data, card)
    return Material(data, card, drawn)
