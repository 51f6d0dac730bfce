"""From a classifier's margin to a probability, by Platt's logistic curve."""

import numpy as np
from numpy.typing import NDArray

from patang.model.artifact import Calibration

__all__ = ["fit_calibration"]

type Floats = NDArray[np.float64]


def fit_calibration(margin: Floats, won: Floats, weight: Floats) -> Calibration:
    """Platt's curve on rows that the classifier was not fitted on, with his smoothed targets against
    over-confidence ("Probabilistic Outputs for Support Vector Machines", 1999).

    A curve that falls says that the classifier ranks no better than chance: then all rows get the base rate.
    """
    # Here: scikit-learn is a second of waiting, and in no layer.
    from sklearn.linear_model import LogisticRegression

    winners, losers = float(weight @ won), float(weight @ (1 - won))
    target = np.where(won > 0, (winners + 1) / (winners + 2), 1 / (losers + 2))
    # A target between the classes is a row of each, in that proportion.
    rows = np.concatenate([margin, margin])[:, None]
    labels = np.repeat([1, 0], len(margin))
    weights = np.concatenate([weight * target, weight * (1 - target)])
    curve = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(rows, labels, sample_weight=weights)
    # To what the fit is good for, so that an artifact is the same wherever it is made.
    slope, intercept = round(float(curve.coef_[0, 0]), 6), round(float(curve.intercept_[0]), 6)
    if slope <= 0:
        base = float(weights[: len(margin)].sum() / weights.sum())
        return Calibration(slope=0.0, intercept=round(float(np.log(base / (1 - base))), 6))
    return Calibration(slope=slope, intercept=intercept)
