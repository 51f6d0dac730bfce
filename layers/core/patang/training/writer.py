"""Writing an artifact: the model's files, metadata that names their hashes, and the model card."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from patang.model.artifact import Metadata
from patang.model.card import GateTold
from patang.training.gates.verdict import Verdict
from patang.training.importance import Importance
from patang.training.trainer import Trained

__all__ = ["write_artifact"]

_NOT_JUDGED = "**For demonstration only: no gate was asked about this model.**"
_NOT_PROMOTED = (
    "**For demonstration only: it did not pass every gate.** No edge was shown that the gates accept."
)
_PROMOTED = "**Promoted: every gate let it pass.**"


def write_artifact(
    folder: Path,
    trained: Trained,
    *,
    labels: Mapping[str, Any],
    data: Mapping[str, Any],
    metrics: Mapping[str, Any],
    importance: Importance,
    card: str,
    verdict: Verdict | None = None,
) -> Metadata:
    """Writes `folder`/strategy. The version is made of all that is written: the same model has the same one.

    `metrics` is what was measured on entries unseen by all choices, `card` the text a person reads first;
    tables are put below it. `verdict`: what the gates said; None where they were not asked.
    """
    files = {"classifier.json": trained.classifier, "regressor.json": trained.regressor}
    metadata = Metadata(
        strategy=trained.strategy,
        model_version="",
        inputs=trained.names,
        files={name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
        libraries=trained.libraries,
        calibration=trained.calibration,
        dissimilarity=trained.dissimilarity,
        promoted=verdict is not None and verdict.promoted,
        gates=tuple(
            GateTold(name=gate.name, passed=gate.passed, told=gate.told)
            for gate in (verdict.gates if verdict else ())
        ),
        labels=_plain(labels),
        data=_plain(data),
        training=_plain(trained.told()),
        metrics=_plain(metrics),
    ).sealed()
    place = folder / trained.strategy
    place.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (place / name).write_bytes(content)
    (place / "metadata.json").write_text(json.dumps(metadata.model_dump(mode="json"), indent=2) + "\n")
    (place / "model_card.md").write_text(_card(metadata, importance, card))
    return metadata


def _plain(told: Mapping[str, Any]) -> dict[str, Any]:
    """As it will come back from the file, so that the digest is that of what is read.

    A number that is none has no word in JSON: it raises ValueError."""
    plain: dict[str, Any] = json.loads(json.dumps(dict(told), default=str, allow_nan=False))
    return plain


def _card(metadata: Metadata, importance: Importance, text: str) -> str:
    standing = _PROMOTED if metadata.promoted else _NOT_PROMOTED if metadata.gates else _NOT_JUDGED
    gates = [
        f"| {gate.name} | {'passed' if gate.passed else 'FAILED'} | {gate.told} |" for gate in metadata.gates
    ]
    weights = [
        f"| {name} | {importance.gain.get(name, 0.0):.4g} | {importance.contribution[name]:.4g} |"
        for name in sorted(metadata.inputs, key=lambda name: -importance.contribution[name])
    ]
    return "\n".join(
        [
            f"# {metadata.model_version}",
            "",
            standing,
            "",
            text.strip(),
            "",
            *_table(
                "Measured on entries that no choice has seen", ("metric", "value"), _rows(metadata.metrics)
            ),
            *(_table("Gates", ("gate", "answer", "what it said"), gates) if gates else ()),
            *_table(
                "What the inputs do",
                ("input", "gain", "mean contribution, log-odds"),
                weights,
                "Gain is XGBoost's: the mean improvement of a split on the input. The contribution is the "
                "mean absolute Shapley value of the trees in the calibration's rows, as XGBoost has it.",
            ),
            *_table("Training", ("parameter", "value"), _rows(metadata.training)),
            *_table("Versions", ("library", "version"), _rows(metadata.libraries)),
            *_table("Data", ("", ""), _rows(metadata.data)),
        ]
    )


def _rows(told: Mapping[str, Any]) -> list[str]:
    return [f"| {name} | {value} |" for name, value in told.items() if not isinstance(value, dict)]


def _table(title: str, heads: tuple[str, ...], rows: list[str], text: str = "") -> list[str]:
    above = [text, ""] if text else []
    head = f"| {' | '.join(heads)} |"
    return [f"## {title}", "", *above, head, "|---" * len(heads) + "|", *rows, ""]
