"""What a model says of one entry; for those who pass it on and need no model."""

import math
from typing import NamedTuple

__all__ = ["Prediction"]


# A tuple: a backtest has one for each bar that may be bought.
class Prediction(NamedTuple):
    """`p_win`: calibrated probability of a profit after charges. `expected_return_pct`: mean return of the
    trade in percent of its entry price, before costs. `distance` is how far the row is from the model's
    training, and `furthest` how far it may be."""

    p_win: float
    expected_return_pct: float
    distance: float = 0.0
    furthest: float = math.inf

    @property
    def dissimilar(self) -> bool:
        """The training has hardly seen such a row: what the model says of it is not to be relied on."""
        return not self.distance <= self.furthest
