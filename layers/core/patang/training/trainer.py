"""Training: a classifier for winning, a regressor for the return, a calibration on later data.

The same data and parameters give the same bytes: one thread, exact splits, no sampling.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray

from patang.model.artifact import Calibration
from patang.training.calibration import (
    area_under_curve,
    brier,
    calibrated,
    expected_calibration_error,
    fit_calibration,
)
from patang.training.dataset import Dataset, Split, split_by_time

__all__ = ["Parameters", "Trained", "train"]

type Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Parameters:
    """Small trees, on purpose: entries overlap, and there are fewer independent ones than rows."""

    rounds: int = 60
    max_depth: int = 2
    eta: float = 0.05
    min_child_weight: float = 250.0
    reg_lambda: float = 20.0

    def booster(self, objective: str) -> dict[str, Any]:
        return {
            "objective": objective,
            "max_depth": self.max_depth,
            "eta": self.eta,
            "min_child_weight": self.min_child_weight,
            "reg_lambda": self.reg_lambda,
            "tree_method": "exact",
            "nthread": 1,
            "seed": 0,
        }


@dataclass(frozen=True, slots=True)
class Trained:
    """A model as bytes of XGBoost's JSON, its calibration, and what was measured on the last stretch."""

    classifier: bytes
    regressor: bytes
    calibration: Calibration
    training: dict[str, Any]
    metrics: dict[str, Any]


def train(data: Dataset, parameters: Parameters = Parameters()) -> Trained:
    """Fit on the earliest entries, calibrate on later ones, measure on the latest. Raises BadInput."""
    split = split_by_time(data)
    classifier = _fit(split.fit, split.fit.won, parameters, "binary:logistic")
    regressor = _fit(split.fit, split.fit.gross_pct, parameters, "reg:squarederror")
    calibration = fit_calibration(_margin(classifier, split.calibrate), split.calibrate.won)
    return Trained(
        classifier=_bytes(classifier),
        regressor=_bytes(regressor),
        calibration=calibration,
        training={
            **asdict(parameters),
            "xgboost": xgboost.__version__,
            "entries_fit": len(split.fit),
            "entries_calibrate": len(split.calibrate),
            "entries_measure": len(split.measure),
        },
        metrics=_measure(classifier, regressor, calibration, split),
    )


def _fit(data: Dataset, label: Floats, parameters: Parameters, objective: str) -> xgboost.Booster:
    matrix = xgboost.DMatrix(data.inputs, label=label, nthread=1)
    return xgboost.train(parameters.booster(objective), matrix, num_boost_round=parameters.rounds)


def _margin(classifier: xgboost.Booster, data: Dataset) -> Floats:
    return np.asarray(classifier.inplace_predict(data.inputs, predict_type="margin"), np.float64)


def _bytes(booster: xgboost.Booster) -> bytes:
    return bytes(booster.save_raw(raw_format="json"))


def _measure(
    classifier: xgboost.Booster, regressor: xgboost.Booster, calibration: Calibration, split: Split
) -> dict[str, Any]:
    """Everything on the stretch that neither fitting nor calibration has seen."""
    data = split.measure
    p = calibrated(calibration, _margin(classifier, data))
    expected = np.asarray(regressor.inplace_predict(data.inputs), np.float64)
    base = float(split.fit.won.mean())
    squared = float(np.mean((data.gross_pct - expected) ** 2))
    spread = float(np.mean((data.gross_pct - split.fit.gross_pct.mean()) ** 2))
    best = np.argsort(-expected, kind="stable")[: max(len(data) // 10, 1)]
    return {
        "base_rate": round(float(data.won.mean()), 4),
        "auc": round(area_under_curve(p, data.won), 4),
        "brier": round(brier(p, data.won), 4),
        "brier_skill": round(1 - brier(p, data.won) / brier(np.full(len(data), base), data.won), 4),
        "calibration_error": round(expected_calibration_error(p, data.won), 4),
        "return_r2": round(1 - squared / spread, 4),
        "mean_gross_pct": round(float(data.gross_pct.mean()), 4),
        "mean_net_pct": round(float(data.net_pct.mean()), 4),
        "best_tenth_net_pct": round(float(data.net_pct[best].mean()), 4),
        "p_win_range": [round(float(p.min()), 4), round(float(p.max()), 4)],
        "expected_return_range_pct": [round(float(expected.min()), 4), round(float(expected.max()), 4)],
    }
