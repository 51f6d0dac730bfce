"""`python -m patang_workbench.training --seed 7 --out model_artifacts`: the demonstration models."""

import argparse
import logging
from pathlib import Path

from patang.training.dataset import Dataset
from patang.training.trainer import train
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
        data = entries[strategy]
        log.info("%s: training on %d entries", strategy, len(data))
        metadata = write_artifact(
            chosen.out,
            strategy,
            train(data),
            labels=labels_of(strategy, DEMONSTRATION),
            data={
                "kind": "synthetic",
                "seed": chosen.seed,
                "symbols": chosen.symbols,
                "sessions": chosen.days,
                "until": LAST_DAY.isoformat(),
                "entries": len(data),
            },
            card=CARDS[strategy],
        )
        log.info("%s: %s", metadata.model_version, metadata.metrics)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
