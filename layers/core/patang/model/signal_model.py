"""Inference: how likely a trade is to win, what it is expected to return, and which input said so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import xgboost
from numpy.typing import NDArray

from patang.errors import ModelRefused
from patang.model.artifact import Artifact, read_artifact
from patang.model.contributions import Contributions, Explained
from patang.model.inputs import INPUTS, StrategyName

__all__ = ["Prediction", "SignalModel", "load_models"]

type Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Prediction:
    """`p_win`: calibrated probability of a profit after charges. `expected_return_pct`: mean return of the
    trade in percent of its entry price, before costs."""

    p_win: float
    expected_return_pct: float


class SignalModel:
    """A classifier with its calibration and a regressor, for one strategy."""

    def __init__(self, artifact: Artifact) -> None:
        self.metadata = artifact.metadata
        self._classifier = _booster(artifact.classifier)
        self._regressor = _booster(artifact.regressor)

    @classmethod
    def load(cls, folder: Path, strategy: StrategyName) -> "SignalModel":
        """The model of `strategy` below `folder`. Raises ModelRefused if it must not be used."""
        return cls(read_artifact(folder / strategy, strategy))

    @property
    def version(self) -> str:
        return self.metadata.model_version

    @property
    def promoted(self) -> bool:
        """Whether it has passed every gate; else it is for demonstration only."""
        return self.metadata.promoted

    def predict(self, rows: Sequence[Mapping[str, float]]) -> list[Prediction]:
        """One prediction a row, in one call of each model; every row names all the inputs."""
        if not rows:
            return []
        table = self._table(rows)
        margin = np.asarray(self._classifier.inplace_predict(table, predict_type="margin"), np.float64)
        calibration = self.metadata.calibration
        p_win = 1 / (1 + np.exp(-(calibration.slope * margin + calibration.intercept)))
        returns = np.asarray(self._regressor.inplace_predict(table), np.float64)
        return [Prediction(*pair) for pair in zip(p_win.tolist(), returns.tolist(), strict=True)]

    def explain(self, rows: Sequence[Mapping[str, float]]) -> list[Explained]:
        """What each input gave to each answer, in one call of each model. It costs some seven times what
        `predict` does, so it is asked only about the rows that become signals."""
        if not rows:
            return []
        # Through a matrix: only `predict` knows contributions, and it takes nothing else.
        matrix = xgboost.DMatrix(self._table(rows), nthread=1)
        log_odds = _contributions(self._classifier, matrix)
        calibration = self.metadata.calibration
        # The calibration is a straight line in the margin: it stretches every part and shifts the base alone.
        log_odds *= calibration.slope
        log_odds[:, -1] += calibration.intercept
        returns = _contributions(self._regressor, matrix)
        return [
            Explained(p_win_log_odds=self._named(odds), expected_return_pct=self._named(pct))
            for odds, pct in zip(log_odds, returns, strict=True)
        ]

    def _table(self, rows: Sequence[Mapping[str, float]]) -> Floats:
        return np.array([[row[name] for name in self.metadata.inputs] for row in rows], dtype=np.float64)

    def _named(self, parts: Floats) -> Contributions:
        *inputs, base = parts.tolist()
        named = dict(zip(self.metadata.inputs, (round(part, 6) for part in inputs), strict=True))
        return Contributions(base=round(base, 6), inputs=named)


@cache
def load_models(folder: Path) -> Mapping[StrategyName, SignalModel]:
    """The verified model of each strategy, read once a process. Raises ModelRefused if one is foreign."""
    return {strategy: SignalModel.load(folder, strategy) for strategy in INPUTS}


def _booster(content: bytes) -> xgboost.Booster:
    booster = xgboost.Booster({"nthread": 1})
    try:
        booster.load_model(bytearray(content))
    except xgboost.core.XGBoostError as error:
        raise ModelRefused(f"a model of {len(content)} bytes cannot be loaded: {error}") from error
    return booster


def _contributions(booster: xgboost.Booster, matrix: xgboost.DMatrix) -> Floats:
    """Rows x (inputs, then the base)."""
    return np.asarray(booster.predict(matrix, pred_contribs=True, validate_features=False), np.float64)
