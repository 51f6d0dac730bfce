"""From a classifier's margin to a probability, and how good that probability is."""

import numpy as np
from numpy.typing import NDArray

from patang.model.artifact import Calibration

__all__ = ["area_under_curve", "brier", "calibrated", "expected_calibration_error", "fit_calibration"]

type Floats = NDArray[np.float64]

_STEPS = 50


def calibrated(calibration: Calibration, margin: Floats) -> Floats:
    """Probabilities of raw margins."""
    p: Floats = 1 / (1 + np.exp(-(calibration.slope * margin + calibration.intercept)))
    return p


def fit_calibration(margin: Floats, won: Floats) -> Calibration:
    """Platt's logistic curve by Newton's steps, with his smoothed targets against over-confidence."""
    winners, losers = won.sum(), len(won) - won.sum()
    target = np.where(won > 0, (winners + 1) / (winners + 2), 1 / (losers + 2))
    design = np.stack([margin, np.ones_like(margin)], axis=1)
    weights = np.array([1.0, 0.0])
    for _ in range(_STEPS):
        p = 1 / (1 + np.exp(-(design @ weights)))
        curvature = design.T @ (design * (p * (1 - p))[:, None]) + 1e-9 * np.eye(2)
        step = np.linalg.solve(curvature, design.T @ (target - p))
        weights = weights + step
        if np.abs(step).max() < 1e-10:
            break
    return Calibration(slope=float(weights[0]), intercept=float(weights[1]))


def brier(p: Floats, won: Floats) -> float:
    """Mean squared error of a probability; 0 is perfect."""
    return float(np.mean((p - won) ** 2))


def expected_calibration_error(p: Floats, won: Floats, bins: int = 10) -> float:
    """Mean distance of predicted and observed frequency over bins of equal count, weighted by count."""
    order = np.argsort(p, kind="stable")
    parts = np.array_split(order, bins)
    return float(
        sum(len(part) * abs(p[part].mean() - won[part].mean()) for part in parts if len(part)) / len(p)
    )


def area_under_curve(score: Floats, won: Floats) -> float:
    """Chance that a winner is scored above a loser, ties counted half."""
    _, rank, count = np.unique(score, return_inverse=True, return_counts=True)
    middle = np.cumsum(count) - (count - 1) / 2
    winners, losers = won.sum(), len(won) - won.sum()
    above = float(middle[rank][won > 0].sum()) - winners * (winners + 1) / 2
    return float(above / (winners * losers))
