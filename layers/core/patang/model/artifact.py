"""A trained model as it is kept: one folder a strategy, with metadata.json beside the model's files."""

import hashlib
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from patang.errors import ModelRefused
from patang.model.card import GateTold
from patang.model.dissimilarity import Dissimilarity
from patang.model.inputs import INPUTS, StrategyName
from patang.training.gates.thresholds import THRESHOLDS

__all__ = ["Artifact", "Calibration", "Metadata", "read_artifact"]

type Floats = NDArray[np.float64]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Calibration(_Part):
    """p_win = 1 / (1 + exp(-(slope * margin + intercept))) of the classifier's raw margin."""

    slope: float
    intercept: float

    def p_win(self, margin: Floats) -> Floats:
        """Probabilities of raw margins."""
        p: Floats = 1 / (1 + np.exp(-(self.slope * margin + self.intercept)))
        return p


class Metadata(_Part):
    """What a model is, what it was made of and what it was measured at.

    `inputs` is the schema: those of the strategy's inputs that the training's history knew often enough, in
    the order of the columns; `files` has the SHA-256 of each file and `libraries` the versions it was trained
    with; `labels` says which exits and costs the labels assumed, `data` what it was trained on, with the
    SHA-256 of its content, `metrics` how well it did. `gates` are those that judged it (`training.gates`),
    none for a model that was never judged. `promoted`: all that there are let it pass; one that is not
    promoted is for demonstration only: in mode live nothing is proposed on its word. `model_version` ends in
    a digest of all the rest.
    """

    schema_version: Literal[2] = 2
    strategy: str
    model_version: str
    inputs: tuple[str, ...]
    files: dict[str, str]
    libraries: dict[str, str]
    calibration: Calibration
    dissimilarity: Dissimilarity
    promoted: bool
    gates: tuple[GateTold, ...]
    labels: dict[str, Any]
    data: dict[str, Any]
    training: dict[str, Any]
    metrics: dict[str, Any]

    @model_validator(mode="after")
    def _one_story(self) -> "Metadata":
        silent = sorted(set(THRESHOLDS) - {gate.name for gate in self.gates if gate.passed})
        if self.promoted and (silent or not all(gate.passed for gate in self.gates)):
            raise ValueError(
                "it says that the model is promoted, and not that every gate let it pass "
                f"({', '.join(silent)}): train it again, so that it is judged by all of them"
            )
        if len(self.dissimilarity.center) != len(self.inputs):
            measured = len(self.dissimilarity.center)
            raise ValueError(f"it measures the distance of {measured} inputs and has {len(self.inputs)}")
        return self

    def sealed(self) -> "Metadata":
        """The same under the version that belongs to it: its strategy, and a digest of everything else."""
        told = self.model_copy(update={"model_version": ""}).model_dump_json()
        digest = hashlib.sha256(told.encode()).hexdigest()[:10]
        return self.model_copy(update={"model_version": f"{self.strategy}-{digest}"})


class Artifact(_Part):
    """A verified artifact: its metadata and the bytes that were verified."""

    metadata: Metadata
    classifier: bytes
    regressor: bytes


def read_artifact(folder: Path, strategy: StrategyName) -> Artifact:
    """The artifact in `folder`, whole and of the schema this code feeds.

    Raises ModelRefused that says what is missing, changed or foreign.
    """
    metadata = _metadata(folder / "metadata.json")
    if metadata.strategy != strategy:
        raise ModelRefused(f"the model in {folder} is of {metadata.strategy!r}, not of {strategy!r}")
    if not metadata.inputs or metadata.inputs != _known(metadata.inputs, strategy):
        foreign = sorted(set(metadata.inputs) - set(INPUTS[strategy])) or "their order or number"
        raise ModelRefused(
            f"the model in {folder} was trained on other inputs than this code computes "
            f"(different: {foreign}): train it again or deploy the code it belongs to"
        )
    if metadata.sealed().model_version != metadata.model_version:
        raise ModelRefused(
            f"the metadata of {metadata.model_version} in {folder} is not what was written with it: "
            "somebody changed it; deploy the artifact again"
        )
    parts = {name: _verified(folder, metadata, f"{name}.json") for name in ("classifier", "regressor")}
    return Artifact(metadata=metadata, **parts)


def _known(inputs: tuple[str, ...], strategy: StrategyName) -> tuple[str, ...]:
    """Those of the strategy's inputs that are among them, once each and in the strategy's order."""
    return tuple(name for name in INPUTS[strategy] if name in inputs)


def _metadata(path: Path) -> Metadata:
    try:
        return Metadata.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ModelRefused(f"there is no model at {path.parent}: set MODEL_PATH to its folder") from error
    except ValidationError as error:
        raise ModelRefused(f"{path} does not describe a model: {error}") from error


def _verified(folder: Path, metadata: Metadata, name: str) -> bytes:
    path = folder / name
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelRefused(f"the model in {folder} has no {name}: deploy the artifact again") from error
    found = hashlib.sha256(content).hexdigest()
    if found != metadata.files.get(name):
        raise ModelRefused(
            f"{path} has SHA-256 {found}, but its metadata says {metadata.files.get(name)}: "
            "the file is not the one that was measured; deploy the artifact again"
        )
    return content
