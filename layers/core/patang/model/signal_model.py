"""Inference: how likely a trade is to win, what it is expected to return, and which input said so."""

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import repeat
from pathlib import Path

import numpy as np
import xgboost
from numpy.typing import NDArray

from patang.errors import ModelRefused
from patang.model.artifact import Artifact, Metadata, read_artifact
from patang.model.contributions import Contributions, Explained
from patang.model.inference import Inference
from patang.model.inputs import INPUTS, StrategyName
from patang.model.prediction import Prediction

__all__ = ["Prediction", "SignalModel", "load_models"]

type Floats = NDArray[np.float64]


class SignalModel:
    """A classifier with its calibration and a regressor, for one strategy. Raises ModelRefused for a model of
    another version of XGBoost than the one that is installed."""

    def __init__(self, artifact: Artifact) -> None:
        self.metadata = artifact.metadata
        _same_library(artifact.metadata)
        self._inference = Inference(
            artifact.classifier,
            artifact.regressor,
            artifact.metadata.calibration,
            artifact.metadata.dissimilarity,
        )

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
        answers = self._inference.answers(self._table(rows))
        furthest = repeat(self.metadata.dissimilarity.furthest)
        return list(map(Prediction, *(column.tolist() for column in answers), furthest))

    def explain(self, rows: Sequence[Mapping[str, float]]) -> list[Explained]:
        """What each input gave to each answer, in one call of each model. It costs some seven times what
        `predict` does, so it is asked only about the rows that become signals."""
        if not rows:
            return []
        log_odds, returns = self._inference.contributions(self._table(rows))
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


def _same_library(metadata: Metadata) -> None:
    """Another version may load the model, and answer with other bits."""
    trained = metadata.libraries.get("xgboost", "an unknown version")
    if trained.split(".")[:2] != xgboost.__version__.split(".")[:2]:
        raise ModelRefused(
            f"{metadata.model_version} was trained with XGBoost {trained}, and {xgboost.__version__} is "
            "installed: train it again or install the version that it was measured with"
        )
