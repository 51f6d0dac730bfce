"""From a data set to a verdict: noise promotes nothing, an edge is found, and every look is counted."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from patang.model.inputs import EQUITY_INPUTS
from patang.settings import Settings
from patang.training.experiment import Plan
from patang.training.ledger import TrialLedger
from patang.training.pipeline import Material, Researched, research
from patang_workbench.research.datasets import Wish
from patang_workbench.research.materials import make_material
from tests.unit.training.sample_data import card_of, entries

# Confident from a coin's chance on: noise is traded, too, and has to fail for what it earns.
PLAN = Plan(min_confidence=0.5, trials=2, windows=2, folds=3, test_folds=2)


def researched(folder: Path, seed: int, strength: float, rows: int = 1_200) -> Researched:
    data = entries(rows=rows, days=60, strength=strength, seed=seed, cost=0.02)
    at_random = entries(rows=rows, days=60, strength=0, seed=1_000 + seed, cost=0.02)
    material = Material(data, card_of(data, f"seed {seed}"), at_random)
    return research(material, PLAN, seed, TrialLedger(folder / "ledger.jsonl"))


def test_twenty_seeds_of_noise_promote_no_model(tmp_path: Path) -> None:
    runs = [researched(tmp_path, seed, strength=0, rows=700).run for seed in range(20)]

    assert not any(run.verdict.promoted for run in runs)
    # Not for want of trades alone: what was traded earned nothing that luck does not explain.
    traded = [run for run in runs if sum(run.evidence.outcomes.taken) > 20]
    assert len(traded) >= 5
    for run in traded:
        assert {"expectancy", "deflated_sharpe"} & {gate.name for gate in run.verdict.failed}


def test_a_planted_edge_is_found(tmp_path: Path) -> None:
    run = researched(tmp_path, 1, strength=1.0).run

    assert run.verdict.failed == ()
    assert run.verdict.promoted
    # What was planted is what the model answers by.
    contributions = run.evidence.contributions
    assert max(contributions, key=lambda name: contributions[name]) == EQUITY_INPUTS[0]


def test_the_same_run_again_gives_the_same_bytes_and_is_no_further_look(tmp_path: Path) -> None:
    first, again = (researched(tmp_path, 1, strength=1.0).run for _ in range(2))

    assert again.model_dump_json() == first.model_dump_json()
    assert (again.evidence.final_asked, again.evidence.earlier_trials) == (1, 0)


def test_another_choice_for_the_same_source_is_counted_against_it_and_luck_has_to_be_measured(
    tmp_path: Path,
) -> None:
    data = entries(rows=1_200, days=60)
    material = Material(data, card_of(data), None)
    ledger = TrialLedger(tmp_path / "ledger.jsonl")

    first, other = (research(material, PLAN, seed, ledger).run for seed in (1, 2))

    assert (first.evidence.final_asked, first.evidence.earlier_trials) == (1, 0)
    assert (other.evidence.final_asked, other.evidence.earlier_trials) == (2, 2)
    assert "random_entries" in {gate.name for gate in first.verdict.failed}


def test_what_comes_after_the_final_window_was_chosen_cannot_change_the_choice(tmp_path: Path) -> None:
    data = entries(rows=1_200, days=60)
    last = data.entered >= np.quantile(data.entered, 0.85)
    other = replace(data, gross_pct=np.where(last, -data.gross_pct, data.gross_pct))
    ledgers = (TrialLedger(tmp_path / name) for name in ("a", "b"))

    kept, changed = (
        research(Material(one, card_of(data), None), PLAN, 1, ledger).run.evidence
        for one, ledger in zip((data, other), ledgers, strict=True)
    )

    assert changed.parameters == kept.parameters
    assert changed.outcomes == kept.outcomes
    assert changed.model_version == kept.model_version
    assert changed.final != kept.final


def test_entries_at_random_are_as_many_at_the_same_hours_and_not_the_same(tmp_path: Path) -> None:
    settings = Settings().model_copy(update={"cycle_interval_seconds": 300})
    wish = Wish("equity", settings, date(2026, 6, 22), date(2026, 6, 30), ("SBIN",))

    material = make_material("synthetic:5:0.4", wish, 1, tmp_path)

    assert material.at_random is not None
    assert len(material.data) > 30
    assert abs(len(material.at_random) / len(material.data) - 1) < 0.5
    assert not set(material.at_random.entered.tolist()) <= set(material.data.entered.tolist())
    hours = [np.mean((of.entered + 19_800) % 86_400) / 3_600 for of in (material.data, material.at_random)]
    assert hours[0] == pytest.approx(hours[1], abs=0.75)
