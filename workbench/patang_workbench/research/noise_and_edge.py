"""`python -m patang_workbench.research.noise_and_edge --seeds 20`: whether the gates can be trusted.

Whole runs, from synthetic candles over the live rules and exits to the verdict: on markets without an edge,
where nothing may be promoted, and on markets with a planted one, which has to be found.
"""

import argparse
import json
import logging
import tempfile
from collections import Counter
from datetime import date
from pathlib import Path

from patang.settings import Settings
from patang.training.experiment import Plan
from patang.training.ledger import TrialLedger
from patang.training.pipeline import research
from patang.training.run import TrainingRun
from patang_workbench.research.datasets import Wish
from patang_workbench.research.materials import make_material

__all__ = ["main", "researched"]

_SYMBOLS = ("RELIANCE", "INFY", "HDFCBANK", "SBIN")
_LAST_DAY = date(2026, 6, 30)
_FOUND = "%s: %d entries worth %.0f, %d traded, Brier skill %+.4f and %+.4f, %s"

log = logging.getLogger("patang.research")


def researched(place: str, seed: int, first: date, every: int, min_confidence: float) -> TrainingRun:
    """One run of the strategy for shares, with a ledger of its own; entries every so many minutes."""
    settings = Settings().model_copy(update={"cycle_interval_seconds": 60 * every})
    with tempfile.TemporaryDirectory() as folder:
        wish = Wish("equity", settings, first, _LAST_DAY, _SYMBOLS)
        material = make_material(place, wish, seed, Path(folder) / "data")
        plan = Plan(min_confidence=min_confidence, trials=6, windows=3, folds=4, test_folds=2)
        return research(material, plan, seed, TrialLedger(Path(folder) / "trials.jsonl")).run


def main(arguments: list[str] | None = None) -> int:
    """Prints a line a run; the exit code is 1 if noise was promoted or the edge was not found."""
    parser = argparse.ArgumentParser(prog="python -m patang_workbench.research.noise_and_edge")
    parser.add_argument("--seeds", type=int, default=20, help="markets without an edge (20)")
    parser.add_argument("--first-seed", type=int, default=1, help="of both (1)")
    parser.add_argument("--edges", type=int, default=2, help="markets with a planted edge (2)")
    parser.add_argument("--strength", type=float, default=0.4, help="of the edge, deviations a minute (0.4)")
    parser.add_argument("--from", dest="first", type=date.fromisoformat, default=date(2026, 3, 2))
    parser.add_argument("--every", type=int, default=5, help="minutes between two decisions (5)")
    parser.add_argument("--min-confidence", type=float, default=0.45, help="p_win that is traded (0.45)")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    seed = options.first_seed
    places = [f"synthetic:{n}" for n in range(seed, seed + options.seeds)]
    planted = [f"synthetic:{n}:{options.strength:g}" for n in range(seed, seed + options.edges)]
    promoted: Counter[bool] = Counter()
    for place in (*places, *planted):
        seed = int(place.split(":")[1])
        run = researched(place, seed, options.first, options.every, options.min_confidence)
        _tell(place, run)
        promoted[place in planted] += run.verdict.promoted
    log.info(
        json.dumps(
            {"noise": len(places), "noise_promoted": promoted[False]}
            | {"edges": len(planted), "edges_promoted": promoted[True]}
        )
    )
    return int(promoted[False] > 0 or promoted[True] < len(planted))


def _tell(place: str, run: TrainingRun) -> None:
    evidence, verdict = run.evidence, run.verdict
    skills = [window.brier_skill for window in evidence.windows]
    taken = sum(evidence.outcomes.taken) + sum(evidence.final_outcomes.taken)
    failed = ", ".join(gate.name for gate in verdict.failed) or "PROMOTED"
    rows, worth = evidence.data["rows"], evidence.data["effective_rows"]
    before = sum(skills) / max(len(skills), 1)
    log.info(_FOUND, place, rows, worth, taken, before, evidence.final.brier_skill, failed)


if __name__ == "__main__":
    raise SystemExit(main())
