"""Which entries a model may know of when it foretells others: cut at days, purged by when they had ended.

The days are dealt out by skfolio, the embargo included. What it cannot know is how long each position was
held: an entry whose holding period overlaps one that is to be foretold is taken out here, by its own times
(López de Prado, "Advances in Financial Machine Learning", 2018, chapters 7 and 12).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from patang.errors import BadInput
from patang.training.dataset import Dataset

__all__ = ["Fold", "Span", "combinatorial", "hold_out", "most_blocks", "walk_forward"]

type Rows = NDArray[np.intp]
type Epochs = NDArray[np.int64]

_IST_AHEAD, _DAY = 5 * 3600 + 1800, 86_400


@dataclass(frozen=True, slots=True)
class Span:
    """What is entered from `begin` on and before `end` is foretold by what had ended before `known_until`;
    epoch seconds, all at midnight IST."""

    known_until: int
    begin: int
    end: int

    def known(self, data: Dataset) -> Dataset:
        """What may be learnt from."""
        return data.rows(data.left < self.known_until)

    def own(self, data: Dataset) -> Dataset:
        """What is to be foretold."""
        return data.rows((data.entered >= self.begin) & (data.entered < self.end))


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """One combination: the places of the rows to fit on, and those of each block of days to foretell.

    `paths` says, block by block, to which path of the cross-validation it belongs: a path has every day once.
    """

    fit: Rows
    blocks: tuple[Rows, ...]
    paths: tuple[int, ...]


def hold_out(data: Dataset, share: float = 0.2, embargo_days: int = 1) -> Span:
    """The last `share` of the days, which nothing is chosen on. Raises BadInput where that leaves too few."""
    days = _days(data.entered)
    final = max(round(len(days) * share), 1)
    return _spans(days, 1, len(days) - final, embargo_days)[0]


def walk_forward(
    data: Dataset, count: int, *, first_fit: float = 0.4, embargo_days: int = 1
) -> tuple[Span, ...]:
    """`count` spans of as many days each, behind the first share `first_fit` of the days, up to the last day.

    Each knows all that came before it but for `embargo_days` days of entries. Raises BadInput where the days
    are too few.
    """
    days = _days(data.entered)
    return _spans(days, count, round(len(days) * first_fit), embargo_days)


def combinatorial(
    data: Dataset, folds: int = 6, test_folds: int = 2, embargo_days: int = 1
) -> tuple[Fold, ...]:
    """Every choice of `test_folds` of `folds` blocks of days, foretold by the other blocks.

    From those go what overlaps a block in time and what was entered in the `embargo_days` days after one.
    Raises BadInput for too few days.
    """
    # Here: it brings scikit-learn and pandas, and a second of waiting.
    from skfolio.model_selection import CombinatorialPurgedCV

    days = _days(data.entered)
    day = np.searchsorted(days, _midnight(data.entered))
    if not test_folds < folds <= most_blocks(data, embargo_days):
        raise BadInput(
            f"{len(days)} days cannot be cut into {folds} blocks, {test_folds} of them foretold, "
            f"with {embargo_days} of embargo: ask for fewer blocks or give more days"
        )
    deal = CombinatorialPurgedCV(n_folds=folds, n_test_folds=test_folds, embargo_size=embargo_days)
    found = []
    for (fit_days, blocks), paths in zip(deal.split(days[:, None]), deal.get_path_ids(), strict=True):
        rows = tuple(np.flatnonzero(np.isin(day, block)) for block in blocks)
        fit = np.flatnonzero(np.isin(day, fit_days))
        found.append(Fold(_purged(data, fit, rows), rows, tuple(map(int, paths))))
    return tuple(found)


def most_blocks(data: Dataset, embargo_days: int = 1) -> int:
    """Into how many blocks the days can be cut, each long enough to outlast its embargo."""
    return len(_days(data.entered)) // (embargo_days + 2)


def _purged(data: Dataset, fit: Rows, blocks: Sequence[Rows]) -> Rows:
    """Those of `fit` that were not held while any entry of a block was."""
    for block in blocks:
        if len(block):
            first, last = data.entered[block].min(), data.left[block].max()
            fit = fit[(data.left[fit] < first) | (data.entered[fit] > last)]
    return fit


def _spans(days: Epochs, count: int, first: int, embargo_days: int) -> tuple[Span, ...]:
    from skfolio.model_selection import WalkForward

    size = (len(days) - first) // count if count > 0 else 0
    # What does not go into equal spans is more to learn from.
    train = len(days) - count * size - embargo_days
    if size < 1 or train < 1:
        raise BadInput(
            f"entries of {len(days)} days cannot be cut into {count} windows behind {first} days to fit on, "
            f"{embargo_days} of embargo: ask for fewer windows or give more days"
        )
    deal = WalkForward(test_size=size, train_size=train, expand_train=True, purged_size=embargo_days)
    return tuple(
        Span(
            known_until=int(days[known[-1]]) + _DAY,
            begin=int(days[own[0]]),
            end=int(days[own[-1]]) + _DAY,
        )
        for known, own in deal.split(days[:, None])
    )


def _days(entered: Epochs) -> Epochs:
    """The days with entries, as their midnights."""
    return np.unique(_midnight(entered))


def _midnight(at: Epochs) -> Epochs:
    """The beginning of each moment's day, IST, epoch seconds."""
    return (at + _IST_AHEAD) // _DAY * _DAY - _IST_AHEAD
