"""`python -m patang_workbench.training --seed 7 --out model_artifacts`: the demonstration models."""

import argparse
import logging
from pathlib import Path

import numpy as np

from patang.model.artifact import Metadata
from patang.model.inputs import StrategyName
from patang.training.card import content_hash
from patang.training.dataset import Dataset, split_by_time
from patang.training.importance import importance_of
from patang.training.metrics import window_metrics
from patang.training.trainer import Parameters, fit_and_calibrate
from patang.training.writer import write_artifact
from patang_workbench.demo.profile import DEMONSTRATION
from patang_workbench.training.cards import CARDS, labels_of
from patang_workbench.training.entries import equity_entries, option_entries
from patang_workbench.training.history import LAST_DAY, synthetic_history

__all__ = ["main"]

SYMBOLS, DAYS = 48, 100

log = logging.getLogger("patang.training")


def main(arguments: list[str] | None = None) -> int:
    """Trains both models on synthetic history and writes their artifacts; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m patang_workbench.training",
        description="Train the demonstration models on a synthetic market, the same for a seed.",
    )
    parser.add_argument("--seed", type=int, default=7, help="seed of the synthetic market (default: 7)")
    parser.add_argument("--out", type=Path, default=Path("model_artifacts"), help="folder of the artifacts")
    parser.add_argument("--symbols", type=int, default=SYMBOLS, help=f"symbols (default: {SYMBOLS})")
    parser.add_argument("--days", type=int, default=DAYS, help=f"sessions (default: {DAYS})")
    chosen = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    history = list(synthetic_history(chosen.seed, chosen.symbols, chosen.days))
    log.info("%d synthetic symbols over %d sessions", len(history), chosen.days)
    entries: dict[str, Dataset] = {
        "equity": equity_entries(history, DEMONSTRATION),
        "long_options": option_entries(history, DEMONSTRATION, chosen.seed),
    }
    for strategy in ("equity", "long_options"):
        log.info("%s: training on %d entries", strategy, len(entries[strategy]))
        metadata = _trained(chosen, strategy, entries[strategy])
        log.info("%s: %s", metadata.model_version, metadata.metrics)
    return 0


def _trained(chosen: argparse.Namespace, strategy: StrategyName, data: Dataset) -> Metadata:
    """Fits on the earliest entries, calibrates on later ones, measures on the latest, and writes it."""
    split = split_by_time(data)
    # Exact splits: these few rows can afford them, and no bins stand between them and the model.
    trained = fit_and_calibrate(split.fit, split.calibrate, Parameters(), chosen.seed, "exact")
    answers = trained.answers(split.measure)
    measured = window_metrics(
        "last fifth", split.measure, answers, trained.base_rate, trained.mean_gross_pct
    ).model_dump(mode="json")
    best = np.argsort(-answers.expected_return_pct, kind="stable")[: max(len(split.measure) // 10, 1)]
    return write_artifact(
        chosen.out,
        trained,
        labels=labels_of(strategy, DEMONSTRATION),
        data={
            "kind": "synthetic",
            "seed": chosen.seed,
            "symbols": chosen.symbols,
            "sessions": chosen.days,
            "until": LAST_DAY.isoformat(),
            "entries": len(data),
            "sha256": content_hash(data),
        },
        metrics={
            **{name: _short(value) for name, value in measured.items()},
            "mean_gross_pct": _short(float(split.measure.gross_pct.mean())),
            "mean_net_pct": _short(float(split.measure.net_pct.mean())),
            "best_tenth_net_pct": _short(float(split.measure.net_pct[best].mean())),
            "p_win_range": [_short(float(at(answers.p_win))) for at in (np.min, np.max)],
            "expected_return_range_pct": [
                _short(float(at(answers.expected_return_pct))) for at in (np.min, np.max)
            ],
        },
        importance=importance_of(trained, split.calibrate),
        card=CARDS[strategy],
    )


def _short(value: object) -> object:
    return round(value, 4) if isinstance(value, float) else value


if __name__ == "__main__":
    raise SystemExit(main())
