"""Inference: how likely a trade is to win, and what it is expected to return."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import xgboost

from patang.model.artifact import Artifact, read_artifact
from patang.model.inputs import INPUTS, StrategyName

__all__ = ["Prediction", "SignalModel", "load_models"]


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
        """The model of `strategy` below `folder`. Raises StopTrading if it must not be used."""
        return cls(read_artifact(folder / strategy, strategy))

    @property
    def version(self) -> str:
        return self.metadata.model_version

    def predict(self, rows: Sequence[Mapping[str, float]]) -> list[Prediction]:
        """One prediction a row, in one call of each model; every row names all the inputs."""
        if not rows:
            return []
        table = np.array([[row[name] for name in self.metadata.inputs] for row in rows], dtype=np.float64)
        margin = np.asarray(self._classifier.inplace_predict(table, predict_type="margin"), np.float64)
        calibration = self.metadata.calibration
        p_win = 1 / (1 + np.exp(-(calibration.slope * margin + calibration.intercept)))
        returns = np.asarray(self._regressor.inplace_predict(table), np.float64)
        return [Prediction(*pair) for pair in zip(p_win.tolist(), returns.tolist(), strict=True)]


@cache
def load_models(folder: Path) -> Mapping[StrategyName, SignalModel]:
    """The verified model of each strategy, read once a process. Raises StopTrading if one is foreign."""
    return {strategy: SignalModel.load(folder, strategy) for strategy in INPUTS}


def _booster(content: bytes) -> xgboost.Booster:
    booster = xgboost.Booster({"nthread": 1})
    booster.load_model(bytearray(content))
    return booster
