"""Which inputs a model lives on: XGBoost's gain, and the contributions to its answers."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xgboost
from pydantic import BaseModel, ConfigDict

from patang.training.dataset import Dataset
from patang.training.trainer import Trained

__all__ = ["Importance", "importance_of"]

# Rows whose contributions are asked for, evenly over the whole: they cost some seven times an answer.
_MOST_ROWS = 4_000


class Importance(BaseModel):
    """By input: `gain`, the mean improvement of the classifier's splits on it (none where it has no split),
    and `contribution`, the mean absolute Shapley value, in log-odds of p_win."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    gain: Mapping[str, float]
    contribution: Mapping[str, float]


def importance_of(trained: Trained, data: Dataset) -> Importance:
    """Of a model, on rows that it was not fitted on."""
    step = max(-(-len(data) // _MOST_ROWS), 1)
    log_odds, _ = trained.inference.contributions(trained.table(data)[::step])
    mean = np.abs(log_odds[:, :-1]).mean(axis=0)
    booster = xgboost.Booster({"nthread": 1})
    booster.load_model(bytearray(trained.classifier))
    # XGBoost calls the columns of an array f0, f1 and so on.
    gain: Mapping[str, Any] = booster.get_score(importance_type="gain")
    by_name = {name: float(gain[f"f{n}"]) for n, name in enumerate(trained.names) if f"f{n}" in gain}
    return Importance(gain=by_name, contribution=dict(zip(trained.names, mean.tolist(), strict=True)))
