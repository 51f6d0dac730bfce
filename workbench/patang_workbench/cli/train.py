"""`patang train`: a model from labelled entries, what it has shown, and whether it may decide about money."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from patang.errors import PatangError
from patang_workbench.cli.dataset import add_dataset_arguments, material_for, settings_for
from patang_workbench.cli.progress import progress_bar
from patang_workbench.cli.running import CommandError
from patang_workbench.research.run_files import RESEARCH

if TYPE_CHECKING:
    from patang.training.experiment import Plan
    from patang.training.pipeline import Researched

__all__ = ["LEDGER", "add_arguments", "add_plan_arguments", "plan_of", "print_verdict", "run"]

LEDGER = RESEARCH / "trials.jsonl"
_NOTES = """Parameters are chosen by a purged walk-forward; the last part of the days is looked at once, by
the model that comes out. Every trial and every look is kept in the ledger and counts in the gates. A model
that fails one is written too, marked as for demonstration only: in mode live nothing is proposed on its word.
docs/concepts/training.md says how. Exit code: 0 trained, promoted or not; 1 it could not be trained; 2 not
understood."""


def add_plan_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare how a training goes, for `patang train` and `patang walk-forward`."""
    parser.add_argument(
        "--trials", type=_some, default=20, metavar="N", help="choices of parameters to try (20)"
    )
    parser.add_argument(
        "--windows", type=_some, default=5, metavar="N", help="windows of the walk-forward (5)"
    )
    parser.add_argument(
        "--final",
        type=_share,
        default=0.2,
        metavar="SHARE",
        help="share of the days that is looked at once (0.2)",
    )
    parser.add_argument(
        "--embargo", type=_days, default=1, metavar="DAYS", help="days between what is known and foretold (1)"
    )
    parser.add_argument(
        "--min-confidence",
        type=_share,
        metavar="P",
        help="p_win from which an entry is traded (risk.min_confidence of the settings)",
    )
    parser.add_argument(
        "--ledger", type=Path, default=LEDGER, metavar="FILE", help=f"all that was ever tried ({LEDGER})"
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it is trained on, how, and where the model goes."""
    parser.epilog = _NOTES
    add_dataset_arguments(parser)
    add_plan_arguments(parser)
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="the run and its model (.patang/research/train-STRATEGY)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    """Train, judge, keep the model and the run, say what came of it."""
    # XGBoost takes seconds to import: not for every command's --help.
    from patang.training.experiment import steps
    from patang.training.ledger import TrialLedger
    from patang.training.pipeline import research
    from patang_workbench.research.models import write_model
    from patang_workbench.research.run_files import keep_run

    out: Path = options.out or RESEARCH / f"train-{options.strategy}"
    # First: a look at the final window is spent whether or not the run can be kept.
    out.mkdir(parents=True, exist_ok=True)
    plan = plan_of(options)
    material = material_for(options, kept_in=out / "dataset")
    try:
        with progress_bar(steps(plan)) as told:
            found = research(material, plan, options.seed, TrialLedger(options.ledger), progress=told)
        metadata = write_model(out / "model", found, material.card)
        keep_run("train", options.strategy, found.run, out=out)
    except PatangError as error:
        raise CommandError(str(error)) from error
    if options.json:
        print(json.dumps(_told(found, metadata.model_version, out)))
    else:
        print(
            f"{out}: {metadata.model_version}, {len(metadata.inputs)} inputs, report in {out / 'report.html'}"
        )
        _print(found)
        print_verdict(found)
    return 0


def plan_of(options: argparse.Namespace) -> "Plan":
    """The training that the options ask for."""
    from patang.training.experiment import Plan

    least = options.min_confidence
    return Plan(
        min_confidence=settings_for(options).risk.min_confidence if least is None else least,
        trials=options.trials,
        windows=options.windows,
        final_share=options.final,
        embargo_days=options.embargo,
    )


def _told(found: "Researched", version: str, out: Path) -> dict[str, object]:
    evidence, verdict = found.run.evidence, found.run.verdict
    return {
        "out": str(out),
        "model_version": version,
        "promoted": verdict.promoted,
        "gates": [gate.model_dump(mode="json") for gate in verdict.gates],
        "parameters": dict(evidence.parameters),
        "windows": [window.model_dump(mode="json") for window in evidence.windows],
        "final": evidence.final.model_dump(mode="json"),
        "combinations": list(evidence.combinations),
        "trials": len(evidence.trials),
        "earlier_trials": evidence.earlier_trials,
        "final_asked": evidence.final_asked,
        "data": {name: evidence.data[name] for name in ("source", "first", "last", "rows", "sha256")},
    }


def _print(found: "Researched") -> None:
    evidence = found.run.evidence
    for window in (*evidence.windows, evidence.final):
        print(
            f"{window.name:<10} {window.first} to {window.last}  {window.rows:5d} entries, "
            f"{100 * window.won:.1f} % won  accuracy {window.accuracy:.3f}  F1 {window.f1:.3f}  "
            f"AUC {window.auc:.3f}  Brier skill {window.brier_skill:+.4f}  "
            f"ECE {window.calibration_error:.3f}  R2 {window.return_r2:+.4f}"
        )
    times = "once" if evidence.final_asked == 1 else f"{evidence.final_asked} times by now"
    print(
        f"{len(evidence.trials)} trials, {evidence.earlier_trials} of earlier runs; final window seen {times}"
    )


def print_verdict(found: "Researched") -> None:
    """Every gate with its number and its bound, and what they come to."""
    verdict = found.run.verdict
    for gate in verdict.gates:
        value = "not measured" if gate.value is None else f"{gate.value:.4g}"
        word = "passed" if gate.passed else "FAILED"
        print(f"{word}  {gate.name:<18} {value} (needs {gate.comparison} {gate.threshold:g}): {gate.told}")
    if verdict.promoted:
        print("Promoted: every gate let it pass.")
        return
    names = ", ".join(gate.name for gate in verdict.failed) or "no gate was asked"
    print(f"No edge that the gates accept ({names}): the model is for demonstration only.")


def _some(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to 1000")
    return int(text)


def _days(text: str) -> int:
    if not text.isdecimal() or int(text) > 60:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of days from 0 to 60")
    return int(text)


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 < share < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no share between 0 and 1")
    return share
