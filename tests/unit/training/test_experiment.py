"""A training from a data set to its evidence: every trial kept, and one look at the end, which is counted."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from patang.errors import BadInput
from patang.training.evidence import Trial
from patang.training.experiment import Plan, experiment, steps
from patang.training.ledger import FinalAsked, TrialKept, TrialLedger
from patang.training.search import Tried, WindowRun, best, choices, run_here, search
from patang.training.splits import hold_out
from patang.training.trainer import Parameters
from patang.training.walk_forward import windows
from tests.unit.training.sample_data import entries

CARD = {"source": "made", "sha256": "0" * 64}
OTHER = {"source": "other", "sha256": "1" * 64}
PLAN = Plan(min_confidence=0.5, trials=2, windows=2, folds=4)


@pytest.fixture(scope="module")
def data():
    return entries(rows=800, days=24)


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    return TrialLedger(tmp_path_factory.mktemp("ledger") / "trials.jsonl")


@pytest.fixture(scope="module")
def told():
    return []


@pytest.fixture(scope="module")
def shown(data, kept, told):
    return experiment(data, CARD, PLAN, 7, kept, progress=told.append)


class TestEvidence:
    def test_it_tells_everything(self, shown, data):
        evidence = shown.evidence
        assert evidence.data == CARD
        assert len(evidence.windows) == 2
        assert len(evidence.trials) == 2
        assert len(evidence.combinations) == 3
        assert set(evidence.contributions) == set(data.names)
        assert evidence.final.auc > 0.6
        assert sum(evidence.reliability.count) == sum(w.rows for w in (*evidence.windows, evidence.final))
        assert len(evidence.outcomes.entered) == sum(window.rows for window in evidence.windows)
        assert len(evidence.final_outcomes.entered) == evidence.final.rows
        assert max(evidence.outcomes.entered) < min(evidence.final_outcomes.entered)
        assert (evidence.final_asked, evidence.earlier_trials) == (1, 0)

    def test_the_same_bytes_twice(self, shown, data, tmp_path):
        again = experiment(data, CARD, PLAN, 7, TrialLedger(tmp_path / "trials.jsonl"))
        assert again.evidence.model_dump_json() == shown.evidence.model_dump_json()
        assert again.trained == shown.trained

    def test_nothing_is_chosen_on_the_final_window(self, shown, data, tmp_path):
        """With other outcomes in it, the same model comes out, and is measured otherwise."""
        final = data.entered >= hold_out(data).begin
        other = replace(
            data, **{name: np.where(final, -9.0, getattr(data, name)) for name in ("gross_pct", "net_pct")}
        )
        found = experiment(other, CARD, PLAN, 7, TrialLedger(tmp_path / "trials.jsonl"))
        assert found.trained == shown.trained
        assert found.evidence.trials == shown.evidence.trials
        assert found.evidence.combinations == shown.evidence.combinations
        assert found.evidence.final != shown.evidence.final

    def test_progress_is_told_step_by_step(self, shown, told):
        assert told == ["trial 1", "trial 2", "cross-validation", "model", "final window"]
        assert len(told) == steps(PLAN)


class TestSearch:
    def test_choices_are_different_and_of_the_seed(self, data):
        first = choices(data, 30, 7)
        assert len(set(first)) == 30
        assert choices(data, 30, 7) == first
        assert choices(data, 30, 8) != first
        with pytest.raises(BadInput, match="the grid has"):
            choices(data, 10**6, 7)

    def test_windows_may_run_elsewhere(self, data):
        """Whoever runs them gets all at once, and hands the results back in order."""
        asked = []

        def elsewhere(runs):
            asked.extend(runs)
            return reversed(list(run_here(data)(list(reversed(runs)))))

        cut = windows(data, 2, min_confidence=0.5)
        tries = choices(data, 2, 7)
        trials = []
        found = search(data, cut, tries, 7, kept=trials.append, run=elsewhere)
        assert [trial.number for trial in trials] == [1, 2]
        assert [type(run) for run in asked] == [WindowRun] * 4
        assert found == search(data, cut, tries, 7, kept=lambda _: None)
        inside = data.entered >= cut[0].begin.timestamp()
        days = len(np.unique((data.entered[inside] + 19_800) // 86_400))
        assert {len(one.trial.day_returns) for one in found} == {days}

    def test_the_windows_of_the_best_alone_are_held(self, data):
        """Those of twenty trials on half a million entries are gigabytes."""
        cut = windows(data, 2, min_confidence=0.5)
        found = search(data, cut, choices(data, 4, 7), 7, kept=lambda _: None)
        assert [len(one.results) for one in found] == [2 * (one is best(found)) for one in found]

    def test_the_first_of_equals_is_the_best(self):
        scores = (0.1, 0.3, 0.3, 0.2)
        tried = [
            Tried(Trial(number=n, parameters={}, score=score, day_returns=()), ())
            for n, score in enumerate(scores)
        ]
        assert best(tried).trial.number == 1

    def test_windows_that_cannot_be_measured_are_told(self):
        data = entries(rows=40, days=10)
        with pytest.raises(BadInput, match="no window could be measured: window 1: "):
            search(data, windows(data, 2, min_confidence=0.5), [Parameters()], 7, kept=lambda _: None)


class TestLedger:
    def test_every_trial_and_the_look_at_the_end_are_kept(self, shown, kept):
        *trials, asked = kept.lines()
        assert [line.trial for line in trials if isinstance(line, TrialKept)] == list(shown.evidence.trials)
        assert isinstance(asked, FinalAsked)
        assert asked.parameters == shown.evidence.parameters
        assert asked.begin.date() <= shown.evidence.final.first
        assert len(asked.bounds) == 64

    def test_a_second_look_is_counted_whatever_part_of_the_window_it_sees(self, kept, shown, tmp_path):
        *_, first = kept.lines()
        day = timedelta(days=1)
        asked = [
            first,
            # The very same question again.
            first,
            first.model_copy(update={"begin": first.end - day, "end": first.end + day}),
            first.model_copy(update={"parameters": {"rounds": 1.0}}),
            first.model_copy(update={"begin": first.end, "end": first.end + day}),
            first.model_copy(update={"subject": first.subject.model_copy(update=OTHER)}),
            # The very same rows under another name.
            first.model_copy(update={"subject": first.subject.model_copy(update={"source": "a copy"})}),
        ]
        ledger = TrialLedger(tmp_path / "trials.jsonl")
        assert [ledger.ask_final(question) for question in asked] == [1, 1, 2, 3, 2, 1, 4]
        assert len(list(ledger.lines())) == len(asked)

    def test_another_bound_of_the_same_model_is_another_look(self, data, kept, shown, tmp_path):
        """It changes nothing that is chosen: whoever tries bounds until the final window pays is counted."""
        ledger = TrialLedger(tmp_path / "trials.jsonl")
        *_, asked = kept.lines()
        ledger.ask_final(asked)

        bolder = experiment(data, CARD, replace(PLAN, min_confidence=0.45), 7, ledger)

        assert bolder.trained == shown.trained
        assert bolder.evidence.final_asked == 2
        assert ledger.ask_final(asked.model_copy(update={"model": "1" * 64})) == 3

    def test_runs_beside_each_other_know_of_each_other(self, kept, tmp_path):
        """Each has told the ledger before it counts, so that not both are the first."""
        *_, asked = kept.lines()
        counted = []

        class Beside(TrialLedger):
            def lines(self):
                if not counted:
                    counted.append(0)
                    other = asked.model_copy(update={"seed": 8})
                    counted.append(TrialLedger(tmp_path / "trials.jsonl").ask_final(other))
                return super().lines()

        assert (Beside(tmp_path / "trials.jsonl").ask_final(asked), counted[1]) == (2, 2)

    def test_trials_of_other_runs_on_the_source_are_counted_once(self, kept, shown, tmp_path):
        first, second, _ = kept.lines()
        ledger = TrialLedger(tmp_path / "trials.jsonl")
        elsewhere = first.subject.model_copy(update=OTHER)
        for line in (first, first, second, first.model_copy(update={"subject": elsewhere})):
            ledger.tried(line)
        assert ledger.trials_beside([second]) == (first.trial,)
        assert ledger.trials_beside([first, second]) == ()
        assert ledger.trials_beside([second.model_copy(update={"seed": 8})]) == (first.trial, second.trial)

    def test_a_run_that_is_given_up_leaves_its_trials(self, data, tmp_path):
        ledger = TrialLedger(tmp_path / "trials.jsonl")

        def give_up(told):
            if told == "trial 2":
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            experiment(data, CARD, PLAN, 7, ledger, progress=give_up)
        assert len(list(ledger.lines())) == 2

    def test_a_line_that_cannot_be_read_is_named(self, tmp_path):
        path = tmp_path / "trials.jsonl"
        path.write_text('{"kind": "trial"}\n')
        with pytest.raises(BadInput, match="line 1 of the ledger"):
            list(TrialLedger(path).lines())
