"""The artifact of a training: the model that was judged, with its data, its figures and its verdict."""

from pathlib import Path
from typing import Any

from patang.model.artifact import Metadata
from patang.training.card import DataCard
from patang.training.pipeline import Researched
from patang.training.writer import write_artifact

__all__ = ["write_model"]

_SYNTHETIC = "synthetic"
_CARD = """
Probability that an entry of the {strategy} rules ends with a profit after charges, spread and slippage, and
its expected return before them. Trained on {rows} entries of {first} to {last} from `{source}`, {effective}
of them independent; {modelled:.0%} of the entries had prices that a model made of the underlying's. Winners
after costs: {base_rate:.1%}.

The metrics are those of the final window, which nothing was chosen on. It had been looked at {asked} by the
time of this training, which chose among {trials} trials; {earlier} more were made in earlier ones.
"""


def write_model(folder: Path, found: Researched, card: DataCard) -> Metadata:
    """Writes `folder`/strategy: what MODEL_PATH may point to."""
    evidence = found.run.evidence
    asked = "once" if evidence.final_asked == 1 else f"{evidence.final_asked} times"
    text = _CARD.format(
        strategy=card.strategy,
        rows=card.rows,
        first=card.first,
        last=card.last,
        source=card.source,
        effective=round(card.effective_rows),
        modelled=card.modelled_share,
        base_rate=card.base_rate,
        asked=asked,
        trials=len(evidence.trials),
        earlier=evidence.earlier_trials,
    )
    return write_artifact(
        folder,
        found.shown.trained,
        labels=card.labels,
        data=_data(card),
        metrics={
            name: round(value, 4) if isinstance(value, float) else value
            for name, value in evidence.final.model_dump(mode="json").items()
        },
        importance=found.shown.importance,
        card=text,
        verdict=found.run.verdict,
    )


def _data(card: DataCard) -> dict[str, Any]:
    told = ("source", "first", "last", "sessions", "rows", "effective_rows", "modelled_share", "sha256")
    kept = card.model_dump(mode="json", include=set(told))
    kind = _SYNTHETIC if card.source.startswith(_SYNTHETIC) else "candles"
    return {"kind": kind, **{name: kept[name] for name in told}}
