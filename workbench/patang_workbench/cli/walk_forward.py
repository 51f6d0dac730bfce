"""`patang walk-forward`: what models would have foretold, window after window, and the verdict on them."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from patang.errors import PatangError
from patang_workbench.cli.dataset import add_dataset_arguments, material_for
from patang_workbench.cli.distributed import add_distributed_arguments
from patang_workbench.cli.progress import progress_bar
from patang_workbench.cli.running import CommandError
from patang_workbench.cli.train import add_plan_arguments, plan_of, print_verdict
from patang_workbench.research.run_files import RESEARCH

if TYPE_CHECKING:
    from patang.training.dataset import Dataset
    from patang.training.evidence import WindowMetrics
    from patang.training.experiment import Plan
    from patang.training.pipeline import Researched
    from patang.training.search import Run

__all__ = ["add_arguments", "run"]

_NOTES = """Each window is foretold by models of what had ended before it; parameters are chosen on the
windows, and the last part of the days is looked at once. The gates (docs/concepts/model-gates.md) are all
asked, and each says its number. No model is written: that is `patang train`. Exit code: 0 judged, also where
nothing is promoted; 1 it could not be run; 2 not understood."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the data, how it goes, and where the run is kept."""
    parser.epilog = _NOTES
    add_dataset_arguments(parser)
    add_plan_arguments(parser)
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="the run (.patang/research/walk-forward-STRATEGY)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_distributed_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Walk forward, judge, keep the run, say what came of it."""
    out: Path = options.out or RESEARCH / f"walk-forward-{options.strategy}"
    # First: a look at the final window is spent whether or not the run can be kept.
    out.mkdir(parents=True, exist_ok=True)
    found = _walked(options, out)
    if options.json:
        print(json.dumps(_told(found, out)))
        return 0
    print(f"{out}: report in {out / 'report.html'}")
    evidence = found.run.evidence
    for window in (*evidence.windows, evidence.final):
        print(_line(window))
    taken = sum(evidence.outcomes.taken) + sum(evidence.final_outcomes.taken)
    foretold = len(evidence.outcomes.taken) + len(evidence.final_outcomes.taken)
    print(f"{foretold} entries foretold, {taken} of them good enough to trade")
    print_verdict(found)
    return 0


def _walked(options: argparse.Namespace, out: Path) -> "Researched":
    # XGBoost takes seconds to import: not for every command's --help.
    from patang.training.experiment import steps
    from patang.training.ledger import TrialLedger
    from patang.training.pipeline import research
    from patang_workbench.research.run_files import keep_run

    plan = plan_of(options)
    material = material_for(options, kept_in=out / "dataset")
    try:
        elsewhere = _elsewhere(material.data, plan, options) if options.distributed else None
        with progress_bar(steps(plan)) as told:
            found = research(
                material, plan, options.seed, TrialLedger(options.ledger), run=elsewhere, progress=told
            )
        keep_run("walk-forward", options.strategy, found.run, out=out)
    except PatangError as error:
        raise CommandError(str(error)) from error
    return found


def _elsewhere(data: "Dataset", plan: "Plan", options: argparse.Namespace) -> "Run":
    """Runs windows on the workers of a stage: on the entries that a training knows before it looks at the
    final window."""
    from patang.training.splits import hold_out
    from patang_workbench.cli.distributed_run import worked_through
    from patang_workbench.research.job_plans import walk_forward_plan, window_results

    known = hold_out(data, plan.final_share, plan.embargo_days).known(data)
    return lambda runs: window_results(worked_through(walk_forward_plan(runs, known), options))


def _told(found: "Researched", out: Path) -> dict[str, object]:
    evidence, verdict = found.run.evidence, found.run.verdict
    return {
        "out": str(out),
        "strategy": evidence.strategy,
        "seed": evidence.seed,
        "promoted": verdict.promoted,
        "failed": [gate.name for gate in verdict.failed],
        "gates": [gate.model_dump(mode="json") for gate in verdict.gates],
        "windows": [window.model_dump(mode="json") for window in evidence.windows],
        "final": evidence.final.model_dump(mode="json"),
        "parameters": dict(evidence.parameters),
        "combinations": list(evidence.combinations),
        "trials": len(evidence.trials),
        "earlier_trials": evidence.earlier_trials,
        "final_asked": evidence.final_asked,
        "foretold": len(evidence.outcomes.taken) + len(evidence.final_outcomes.taken),
        "taken": sum(evidence.outcomes.taken) + sum(evidence.final_outcomes.taken),
        "data": {name: evidence.data[name] for name in ("source", "first", "last", "rows", "sha256")},
    }


def _line(window: "WindowMetrics") -> str:
    return (
        f"{window.name:<10} {window.first} to {window.last}  {window.rows:5d} entries worth "
        f"{window.effective_rows:6.1f}  {100 * window.won:.1f} % won  AUC {window.auc:.3f}  "
        f"Brier skill {window.brier_skill:+.4f}  ECE {window.calibration_error:.3f}"
    )
