"""Writing an artifact: the model's files, metadata that names their hashes, and the model card."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from patang.model.artifact import Metadata
from patang.model.inputs import INPUTS, StrategyName
from patang.training.trainer import Trained

__all__ = ["write_artifact"]


def write_artifact(
    folder: Path,
    strategy: StrategyName,
    trained: Trained,
    *,
    labels: Mapping[str, Any],
    data: Mapping[str, Any],
    card: str,
) -> Metadata:
    """Writes `folder`/`strategy`. The version is made of the files' hashes: the same model has the same one.

    `card` is the text a person reads first; a table of what was measured is put below it.
    """
    files = {"classifier.json": trained.classifier, "regressor.json": trained.regressor}
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    version = hashlib.sha256("".join(digests.values()).encode()).hexdigest()[:10]
    metadata = Metadata(
        strategy=strategy,
        model_version=f"{strategy}-{version}",
        inputs=INPUTS[strategy],
        files=digests,
        calibration=trained.calibration,
        labels=dict(labels),
        data=dict(data),
        training=trained.training,
        metrics=trained.metrics,
    )
    place = folder / strategy
    place.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (place / name).write_bytes(content)
    (place / "metadata.json").write_text(json.dumps(metadata.model_dump(mode="json"), indent=2) + "\n")
    (place / "model_card.md").write_text(_card(metadata, card))
    return metadata


def _card(metadata: Metadata, text: str) -> str:
    rows = [f"| {name} | {value} |" for name, value in metadata.metrics.items()]
    training = [f"| {name} | {value} |" for name, value in metadata.training.items()]
    return "\n".join(
        [
            f"# {metadata.model_version}",
            "",
            text.strip(),
            "",
            "## Measured on the last stretch of time, unseen by fitting and calibration",
            "",
            "| metric | value |",
            "|---|---|",
            *rows,
            "",
            "## Training",
            "",
            "| parameter | value |",
            "|---|---|",
            *training,
            "",
        ]
    )
