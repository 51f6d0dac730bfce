"""Combinatorial cross-validation: not one history of a model but several, each day of each foretold by a
model that had not seen it (López de Prado, "Advances in Financial Machine Learning", 2018, chapter 12)."""

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from patang.training.dataset import Dataset
from patang.training.evidence import Outcomes
from patang.training.gates.deflated_sharpe import sharpe
from patang.training.gates.trades import day_returns, taken
from patang.training.splits import combinatorial
from patang.training.trainer import Parameters, fit
from patang.training.walk_forward import outcomes_of

__all__ = ["path_sharpes"]

_SESSIONS_A_YEAR = 250
_IST_AHEAD, _DAY = 5 * 3600 + 1800, 86_400


def path_sharpes(
    data: Dataset,
    parameters: Parameters,
    seed: int,
    *,
    min_confidence: float,
    folds: int = 6,
    test_folds: int = 2,
    embargo_days: int = 1,
) -> tuple[float, ...]:
    """The Sharpe ratio, a year, of each path. Raises BadInput for too few days or entries."""
    parts: dict[int, list[Outcomes]] = defaultdict(list)
    for fold in combinatorial(data, folds, test_folds, embargo_days):
        trained = fit(data.rows(fold.fit), parameters, seed)
        for path, block in zip(fold.paths, fold.blocks, strict=True):
            own = data.rows(block)
            answers = trained.answers(own)
            parts[path].append(outcomes_of(own, answers, trained.taken(answers, min_confidence)))
    days: NDArray[np.int64] = np.unique((data.entered + _IST_AHEAD) // _DAY)
    by_path = (day_returns(taken(*parts[path]), days) for path in sorted(parts))
    return tuple(sharpe(returns) * _SESSIONS_A_YEAR**0.5 for returns in by_path)
