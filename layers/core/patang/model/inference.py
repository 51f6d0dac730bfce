"""The arithmetic of a model: from a table of inputs to probabilities, expected returns and distances.

Training measures with it and the desk decides with it, so that both get the same bits.
"""

from typing import NamedTuple

import numpy as np
import xgboost
from numpy.typing import NDArray

from patang.errors import ModelRefused
from patang.model.artifact import Calibration
from patang.model.dissimilarity import Dissimilarity

__all__ = ["Answers", "Inference"]

type Floats = NDArray[np.float64]


class Answers(NamedTuple):
    """One number a row: calibrated probability of a profit after costs, mean return in percent of the entry
    price before costs, and the distance from the training's rows."""

    p_win: Floats
    expected_return_pct: Floats
    distance: Floats


class Inference:
    """A classifier and a regressor as bytes of XGBoost's JSON. Raises ModelRefused for others."""

    def __init__(
        self, classifier: bytes, regressor: bytes, calibration: Calibration, dissimilarity: Dissimilarity
    ) -> None:
        self._classifier = _booster(classifier)
        self._regressor = _booster(regressor)
        self._calibration = calibration
        self._dissimilarity = dissimilarity

    def answers(self, table: Floats) -> Answers:
        """What the model says of a table rows x inputs, in the order of its inputs; NaN is a missing one."""
        margin = np.asarray(self._classifier.inplace_predict(table, predict_type="margin"), np.float64)
        returns = np.asarray(self._regressor.inplace_predict(table), np.float64)
        return Answers(self._calibration.p_win(margin), returns, self._dissimilarity.distance(table))

    def contributions(self, table: Floats) -> tuple[Floats, Floats]:
        """Rows x (inputs, then the base): of the log-odds of p_win, and of the expected return in percent."""
        # Through a matrix: only `predict` knows contributions, and it takes nothing else.
        matrix = xgboost.DMatrix(table, nthread=1)
        log_odds = _contributions(self._classifier, matrix)
        # The calibration is a straight line in the margin: it stretches every part and shifts the base alone.
        log_odds *= self._calibration.slope
        log_odds[:, -1] += self._calibration.intercept
        return log_odds, _contributions(self._regressor, matrix)


def _booster(content: bytes) -> xgboost.Booster:
    booster = xgboost.Booster({"nthread": 1})
    try:
        booster.load_model(bytearray(content))
    except xgboost.core.XGBoostError as error:
        raise ModelRefused(f"a model of {len(content)} bytes cannot be loaded: {error}") from error
    return booster


def _contributions(booster: xgboost.Booster, matrix: xgboost.DMatrix) -> Floats:
    return np.asarray(booster.predict(matrix, pred_contribs=True, validate_features=False), np.float64)
