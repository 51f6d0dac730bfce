"""From a data set to a verdict: a training, what luck would have made of its trades, the gates."""

from collections.abc import Callable
from dataclasses import dataclass

from patang.errors import BadInput
from patang.training.card import DataCard
from patang.training.dataset import Dataset
from patang.training.evidence import Evidence
from patang.training.experiment import Plan, Shown, experiment
from patang.training.gates.judge import judge
from patang.training.gates.random_entries import drawn_at_random
from patang.training.ledger import TrialLedger
from patang.training.run import TrainingRun
from patang.training.search import Run

__all__ = ["Material", "Researched", "research", "with_random_entries"]


@dataclass(frozen=True, slots=True)
class Material:
    """What a training is made of. `at_random` are labelled entries that nothing chose, on the same bars
    (`backtest.shuffled`); None where there are none, and then no model is promoted."""

    data: Dataset
    card: DataCard
    at_random: Dataset | None


@dataclass(frozen=True, slots=True)
class Researched:
    """A trained model, and the run that is kept and drawn of it."""

    shown: Shown
    run: TrainingRun


def research(
    material: Material,
    plan: Plan,
    seed: int,
    ledger: TrialLedger,
    *,
    run: Run | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Researched:
    """Trains and judges. The arguments are those of `experiment`, which says what is raised.

    The same arguments and an equal ledger give the same bytes.
    """
    card = material.card.model_dump(mode="json")
    shown = experiment(material.data, card, plan, seed, ledger, run=run, progress=progress)
    evidence = with_random_entries(shown.evidence, material.at_random)
    return Researched(shown, TrainingRun(evidence=evidence, verdict=judge(evidence)))


def with_random_entries(evidence: Evidence, at_random: Dataset | None) -> Evidence:
    """The evidence, with what entries at random of the same stretch of time would have earned."""
    stretches = (evidence.outcomes, evidence.final_outcomes)
    entered = [moment.timestamp() for part in stretches for moment in part.entered]
    if at_random is None or not entered:
        return evidence
    pool = at_random.rows((at_random.entered >= min(entered)) & (at_random.entered <= max(entered)))
    if not len(pool):
        raise BadInput("there is no entry at random between the first and the last entry that was foretold")
    drawn = drawn_at_random(stretches, pool, evidence.seed)
    return evidence.model_copy(update={"random_entries": drawn})
