"""One training from a data set to what it has shown: search, cross-validation, and one look at the end.

    the data set, in days   | walk-forward windows: parameters are chosen here      | final window |
    the shipped model       | fitted on the earlier, calibrated on the later part   | measured     |

The final window is looked at once, by the model that is shipped, after everything was chosen.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np

from patang.errors import BadInput
from patang.market.sessions import IST
from patang.training.dataset import Dataset
from patang.training.evidence import Evidence, Outcomes, Reliability, Trial
from patang.training.gates.deflated_sharpe import sharpe
from patang.training.importance import Importance, importance_of
from patang.training.ledger import FinalAsked, Subject, TrialKept, TrialLedger
from patang.training.metrics import reliability, window_metrics
from patang.training.paths import path_sharpes
from patang.training.search import Run, Tried, best, choices, search
from patang.training.splits import Span, hold_out, most_blocks
from patang.training.trainer import Parameters, Trained, fit, in_two
from patang.training.walk_forward import outcomes_of, windows

__all__ = ["Plan", "Shown", "experiment", "steps"]


@dataclass(frozen=True, slots=True)
class Plan:
    """How a training goes. `final_share` of the days is the final window; of the days before it the share
    `first_fit` is only learnt from, the rest are `windows` of the walk-forward. Up to `folds` blocks of days,
    as the days allow, make the combinations of the cross-validation, `test_folds` of them foretold at a
    time. `embargo_days` of entries lie between what is known and what is foretold. `min_confidence` is the
    p_win from which the desk trades (settings.risk)."""

    min_confidence: float
    trials: int = 20
    windows: int = 5
    first_fit: float = 0.4
    final_share: float = 0.2
    folds: int = 6
    test_folds: int = 2
    embargo_days: int = 1


@dataclass(frozen=True, slots=True)
class Shown:
    """The model that was measured in the final window, with its evidence. `importance` is for its card."""

    trained: Trained
    evidence: Evidence
    importance: Importance


def steps(plan: Plan) -> int:
    """How often `experiment` calls `progress`."""
    return plan.trials + 3


def experiment(
    data: Dataset,
    card: Mapping[str, Any],
    plan: Plan,
    seed: int,
    ledger: TrialLedger,
    *,
    run: Run | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Shown:
    """Searches, fits, and looks at the final window. `card` is the data set's (`DataCard`, as JSON); `run`
    runs windows elsewhere. The same arguments and an equal ledger give the same bytes, and so does the same
    run again on the ledger that it has written.

    `evidence.model_version` is a digest of the models' bytes; an artifact has a version of its own.
    Raises BadInput for too few days or entries.
    """
    final = hold_out(data, plan.final_share, plan.embargo_days)
    known, own = final.known(data), final.own(data)
    subject = Subject(strategy=data.strategy, source=str(card["source"]), sha256=str(card["sha256"]))
    own_trials: list[TrialKept] = []

    def kept(trial: Trial) -> None:
        own_trials.append(TrialKept(subject=subject, seed=seed, trial=trial))
        ledger.tried(own_trials[-1])
        progress(f"trial {trial.number}")

    tried = search(
        known,
        windows(
            known,
            plan.windows,
            first_fit=plan.first_fit,
            embargo_days=plan.embargo_days,
            min_confidence=plan.min_confidence,
        ),
        choices(known, plan.trials, seed),
        seed,
        kept=kept,
        run=run,
    )
    chosen = best(tried)
    parameters = Parameters.of(chosen.trial.parameters)
    combinations = path_sharpes(
        known,
        parameters,
        seed,
        min_confidence=plan.min_confidence,
        folds=min(plan.folds, most_blocks(known, plan.embargo_days)),
        test_folds=plan.test_folds,
        embargo_days=plan.embargo_days,
    )
    progress("cross-validation")
    trained = fit(known, parameters, seed)
    importance = importance_of(trained, in_two(known)[1])
    progress("model")
    if not len(own):
        raise BadInput("the final window has no entry")
    asked = ledger.ask_final(_asking(subject, final, trained, plan))
    earlier = tuple(sharpe(np.array(trial.day_returns)) for trial in ledger.trials_beside(own_trials))
    evidence = _evidence(trained, importance, tried, chosen, combinations, own, plan).model_copy(
        update={"data": dict(card), "final_asked": asked, "earlier_sharpes": earlier}
    )
    progress("final window")
    return Shown(trained, evidence, importance)


def _asking(subject: Subject, final: Span, trained: Trained, plan: Plan) -> FinalAsked:
    begin, end = (datetime.fromtimestamp(at, IST) for at in (final.begin, final.end))
    told = f"{subject.strategy} {subject.source} {begin.isoformat()} {end.isoformat()}"
    return FinalAsked(
        subject=subject,
        seed=trained.seed,
        begin=begin,
        end=end,
        bounds=hashlib.sha256(told.encode()).hexdigest(),
        parameters=asdict(trained.parameters),
        model=_digest(trained),
        min_confidence=plan.min_confidence,
    )


def _digest(trained: Trained) -> str:
    """SHA-256 of the models' bytes, hexadecimal."""
    return hashlib.sha256(trained.classifier + trained.regressor).hexdigest()


def _evidence(
    trained: Trained,
    importance: Importance,
    tried: tuple[Tried, ...],
    chosen: Tried,
    combinations: tuple[float, ...],
    own: Dataset,
    plan: Plan,
) -> Evidence:
    answers = trained.answers(own)
    outcomes = _joined([result.outcomes for result in chosen.results])
    final = outcomes_of(own, answers, trained.taken(answers, plan.min_confidence))
    return Evidence(
        strategy=trained.strategy,
        model_version=f"{trained.strategy}-{_digest(trained)[:10]}",
        seed=trained.seed,
        data={},
        parameters=asdict(trained.parameters),
        windows=tuple(result.metrics for result in chosen.results if result.metrics is not None),
        combinations=combinations,
        final=window_metrics("final", own, answers, trained.base_rate, trained.mean_gross_pct),
        reliability=_reliability(_joined([outcomes, final])),
        importance=importance.gain,
        contributions=importance.contribution,
        trials=tuple(one.trial for one in tried),
        outcomes=outcomes,
        final_outcomes=final,
    )


def _joined(parts: list[Outcomes]) -> Outcomes:
    """Stretches that follow each other, as one."""
    columns = {
        name: tuple(value for part in parts for value in getattr(part, name))
        for name in Outcomes.model_fields
    }
    return Outcomes(**columns)


def _reliability(of: Outcomes) -> Reliability:
    p_win, net, weight = (np.array(column) for column in (of.p_win, of.net_pct, of.weight))
    return reliability(p_win, (net > 0).astype(np.float64), weight)
