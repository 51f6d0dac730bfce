"""A trained model as it is kept: one folder a strategy, with metadata.json beside the model's files."""

import hashlib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from patang.errors import ModelRefused
from patang.model.inputs import INPUTS, StrategyName

__all__ = ["Artifact", "Calibration", "Metadata", "read_artifact", "verify"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Calibration(_Part):
    """p_win = 1 / (1 + exp(-(slope * margin + intercept))) of the classifier's raw margin."""

    slope: float
    intercept: float


class Metadata(_Part):
    """What a model is, what it was made of and what it was measured at.

    `promoted`: it has passed every gate (`training.gates`). One that has not is for demonstration only: in
    mode live nothing is proposed on its word.

    `inputs` is the schema, in the order of the columns; `files` has the SHA-256 of each file; `labels` says
    which exits and costs the labels assumed, `data` what it was trained on, `metrics` how well it did.
    """

    schema_version: int = 1
    strategy: str
    model_version: str
    inputs: tuple[str, ...]
    files: dict[str, str]
    calibration: Calibration
    labels: dict[str, Any]
    data: dict[str, Any]
    training: dict[str, Any]
    metrics: dict[str, Any]
    promoted: bool = False


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
    if metadata.inputs != INPUTS[strategy]:
        foreign = sorted(set(metadata.inputs) ^ set(INPUTS[strategy])) or "their order"
        raise ModelRefused(
            f"the model in {folder} was trained on other inputs than this code computes "
            f"(different: {foreign}): train it again or deploy the code it belongs to"
        )
    parts = {name: _verified(folder, metadata, f"{name}.json") for name in ("classifier", "regressor")}
    return Artifact(metadata=metadata, **parts)


def verify(folder: Path) -> dict[str, bool]:
    """The versions of the artifacts in `folder`, one a strategy, and whether each is promoted.

    Raises ModelRefused as read_artifact does.
    """
    known = [read_artifact(folder / strategy, strategy).metadata for strategy in INPUTS]
    return {metadata.model_version: metadata.promoted for metadata in known}


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
