"""What entries at random would have earned at the same times, through the same exits, at the same costs.

A market that rises pays whoever buys; a model is worth something only beyond that.
"""

import numpy as np
from numpy.typing import NDArray

from patang.errors import BadInput
from patang.training.dataset import Dataset
from patang.training.evidence import Outcomes, RandomEntries
from patang.training.gates.trades import Taken, taken

__all__ = ["drawn_at_random", "share_as_good"]

type Floats = NDArray[np.float64]

_DRAWS = 2_000
_BUCKET_MINUTES = 30
_IST_AHEAD, _DAY = 5 * 3600 + 1800, 86_400


def drawn_at_random(stretches: tuple[Outcomes, ...], pool: Dataset, seed: int) -> RandomEntries | None:
    """Mean net returns of sets of entries from `pool`, each as many as the trades and at their times.

    `pool` has labelled entries of minutes that nothing chose, of the same symbols and stretch of time. Each
    trade is matched with entries of its half hour of the day; a trade in whose half hour there is none is
    left out. None where the model took no trade. Raises BadInput for an empty pool.
    """
    trades = taken(*stretches)
    if not len(pool):
        raise BadInput("no entries to draw from: the history has no minute within the hours of entry")
    if not len(trades):
        return None
    rng = np.random.default_rng(seed)
    bucket = ((pool.entered + _IST_AHEAD) % _DAY // 60) // _BUCKET_MINUTES
    order = np.argsort(bucket, kind="stable")
    own = trades.minute // _BUCKET_MINUTES
    first, last = (np.searchsorted(bucket[order], own, side=side) for side in ("left", "right"))
    known = last > first
    if not known.any():
        return None
    places = rng.integers(first[known], last[known], (_DRAWS, int(known.sum())))
    net, weight = pool.net_pct[order][places], trades.weight[known]
    return RandomEntries(means=tuple((net @ weight / weight.sum()).tolist()), pool=len(pool))


def share_as_good(trades: Taken, at_random: RandomEntries) -> float:
    """How often entries at random earned as much as the trades: small for a model that knows something."""
    mean = float(trades.net_pct @ trades.weight / trades.weight.sum())
    means: Floats = np.array(at_random.means)
    # The trades themselves are one of the draws, so that no finite number of them can show a share of zero.
    return float((1 + (means >= mean).sum()) / (1 + len(means)))
