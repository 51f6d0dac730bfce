"""Whether a Sharpe ratio is more than the best of so many trials shows by luck."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["deflated_sharpe", "sharpe"]

type Floats = NDArray[np.float64]


def sharpe(returns: Floats) -> float:
    """Mean by deviation, a day; 0 where nothing was traded."""
    deviation = float(returns.std(ddof=1)) if len(returns) > 1 else 0.0
    return float(returns.mean()) / deviation if deviation > 0 else 0.0


def deflated_sharpe(
    returns: Floats, trials: Sequence[Sequence[float]], earlier: Sequence[float] = ()
) -> float | None:
    """The probability that the true Sharpe ratio of `returns` (by day) is above zero, given how many trials
    were made, how far they lie apart, and how skewed and fat-tailed the returns are: Bailey and López de
    Prado, "The Deflated Sharpe Ratio", 2014, as skfolio computes it. `earlier`: the Sharpe ratios, a day, of
    trials of earlier runs. They count in how far all lie apart, too: two trials a run, much alike, and many
    runs would else be no luck at all.

    None where nothing was traded, or on fewer than ten days.
    """
    if len(returns) < 10 or sharpe(returns) == 0.0:
        return None
    # Here: skfolio takes seconds to import, and is in no layer.
    from skfolio.measures import expected_max_sharpe_ratio, probabilistic_sharpe_ratio

    tried = np.array([*(sharpe(np.array(trial)) for trial in trials), *earlier])
    apart = float(tried.std(ddof=1)) if len(tried) > 1 else 0.0
    lucky = expected_max_sharpe_ratio(n_trials=len(tried), trial_sharpe_ratio_std=apart)
    return float(probabilistic_sharpe_ratio(returns, benchmark_sharpe_ratio=lucky))
