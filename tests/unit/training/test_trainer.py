"""Models: the same bytes, the desk's own answers, and no input that history hardly knew."""

from dataclasses import replace

import numpy as np
import pytest
import xgboost

from patang.errors import BadInput
from patang.model.signal_model import SignalModel
from patang.training.calibration import fit_calibration
from patang.training.gates.thresholds import THRESHOLDS
from patang.training.gates.verdict import GateResult, Verdict
from patang.training.importance import importance_of
from patang.training.metrics import expected_calibration_error, reliability, window_metrics
from patang.training.trainer import Parameters, covered, fit, fit_and_calibrate, in_two
from patang.training.writer import write_artifact
from tests.unit.training.sample_data import entries

FEW = Parameters(rounds=15, min_child_weight=10)


@pytest.fixture(scope="module")
def data():
    return entries()


@pytest.fixture(scope="module")
def trained(data):
    return fit(data, FEW, seed=7)


def write(folder, data, trained, verdict=None):
    return write_artifact(
        folder,
        trained,
        labels={"target_atr": 14.0},
        data={"kind": "made", "sha256": "0" * 64},
        metrics={"auc": 0.6},
        importance=importance_of(trained, data),
        card="For a test.",
        verdict=verdict,
    )


def rows_of(data):
    return [dict(zip(data.names, row, strict=True)) for row in data.inputs.tolist()]


class TestTheSameAgain:
    def test_the_same_data_and_seed_give_the_same_bytes(self, data, trained, tmp_path):
        again = fit(data, FEW, seed=7)
        assert replace(again) == replace(trained)
        first, second = (write(tmp_path / name, data, made) for name, made in (("a", trained), ("b", again)))
        assert first == second
        for path in (tmp_path / "a").rglob("*.*"):
            assert path.read_bytes() == (tmp_path / "b" / path.relative_to(tmp_path / "a")).read_bytes()

    def test_what_the_desk_answers_has_the_bits_of_what_was_measured(self, data, trained, tmp_path):
        write(tmp_path, data, trained)
        model = SignalModel.load(tmp_path, "equity")
        measured = trained.answers(data)
        desk = model.predict(rows_of(data))
        alone = [model.predict([row])[0] for row in rows_of(data)[:50]]
        assert [p.p_win for p in desk] == measured.p_win.tolist()
        assert [p.expected_return_pct for p in desk] == measured.expected_return_pct.tolist()
        assert [p.distance for p in desk] == measured.distance.tolist()
        assert alone == desk[:50]

    def test_the_measured_answers_are_those_of_the_boosters_that_were_fitted(self, data):
        """Before they were written down and read again."""
        early, later = in_two(data)
        trained = fit_and_calibrate(early, later, FEW, 7)
        matrix = xgboost.DMatrix(early.inputs, early.won, weight=early.weight, nthread=1)
        settings = FEW.booster("binary:logistic", 7, "hist")
        booster = xgboost.train(settings, matrix, FEW.rounds)
        margin = booster.predict(xgboost.DMatrix(data.inputs, nthread=1), output_margin=True)
        expected = trained.calibration.p_win(margin.astype(np.float64))
        assert np.array_equal(trained.answers(data).p_win, expected)


class TestWhatIsLearnt:
    def test_it_learns_what_is_there(self, data, trained):
        later = entries(seed=2)
        measured = window_metrics("x", later, trained.answers(later), trained.base_rate, 0.0)
        assert measured.auc > 0.65
        assert measured.brier_skill > 0.03
        told = importance_of(trained, later)
        assert max(told.contribution, key=told.contribution.get) == data.names[0]
        assert max(told.gain, key=told.gain.get) == data.names[0]

    def test_it_finds_nothing_where_there_is_nothing(self):
        trained = fit(entries(strength=0), FEW, 7)
        later = entries(seed=2, strength=0)
        measured = window_metrics("x", later, trained.answers(later), trained.base_rate, 0.0)
        assert abs(measured.auc - 0.5) < 0.05
        assert measured.brier_skill < 0.01

    def test_a_row_without_weight_teaches_nothing(self, data):
        """As if what is told twice were told once."""
        heavy = np.arange(len(data)) % 2 == 0
        net = np.where(heavy, data.net_pct, -data.net_pct)
        light = replace(data, net_pct=net, weight=np.where(heavy, 1.0, 1e-12))
        own = entries(seed=2)
        alone, beside = (fit(of, FEW, 7).answers(own).p_win for of in (data.rows(heavy), light))
        assert np.corrcoef(alone, beside)[0, 1] > 0.9

    def test_the_calibration_has_no_row_of_the_fit_nor_of_its_days(self):
        data = entries()
        data = replace(data, left=data.entered + 172_800)
        early, later = in_two(data)
        assert early.left.max() < later.entered.min()
        assert 0.15 < len(later) / len(data) < 0.35

    def test_what_is_hardly_ever_known_is_no_input(self, data, tmp_path):
        rng = np.random.default_rng(3)
        inputs = data.inputs.copy()
        inputs[rng.random(len(data)) < 0.3, 4] = np.nan
        inputs[rng.random(len(data)) < 0.1, 5] = np.nan
        thin = replace(data, inputs=inputs)
        names = tuple(name for name in data.names if name != "adx")
        assert covered(thin) == names
        trained = fit(thin, FEW, 7)
        assert write(tmp_path, thin, trained).inputs == names
        # A live row that lacks what history lacked is answered.
        row = {name: value for name, value in rows_of(data)[0].items() if name != "adx"}
        (found,) = SignalModel.load(tmp_path, "equity").predict([row])
        assert found.p_win == trained.answers(data.rows(np.arange(1))).p_win[0]

    @pytest.mark.parametrize("rows", [slice(0, 20), slice(0, 0)])
    def test_too_little_is_refused(self, data, rows):
        with pytest.raises(BadInput, match="more varied entries"):
            fit(data.rows(rows), FEW, 7)

    def test_a_parameter_that_is_none_is_refused(self):
        assert Parameters.of(FEW.numbers()) == FEW
        assert Parameters.of({"rounds": 20.0}).rounds == 20
        with pytest.raises(BadInput, match="no parameter depth"):
            Parameters.of({"depth": 3})


class TestTaken:
    def test_only_what_is_near_sure_and_worth_its_costs(self, data, trained):
        answers = trained.answers(data)
        taken = trained.taken(answers, 0.5)
        assert 0 < taken.sum() < len(data)
        assert (answers.p_win[taken] >= 0.5).all()
        assert (answers.expected_return_pct[taken] > trained.cost_pct).all()
        far = answers._replace(distance=np.full(len(data), 1e9))
        assert not trained.taken(far, 0.0).any()
        assert trained.cost_pct == pytest.approx(0.05)


class TestCard:
    def test_it_says_that_the_model_is_for_demonstration_only_and_which_gate_said_no(
        self, data, trained, tmp_path
    ):
        verdict = Verdict(
            gates=(
                GateResult(
                    name="brier_skill", passed=True, value=0.1, comparison=">", threshold=0, told="+0.1"
                ),
                GateResult(
                    name="effective_size",
                    passed=False,
                    value=9,
                    comparison=">=",
                    threshold=100,
                    told="9 rows",
                ),
            )
        )
        metadata = write(tmp_path, data, trained, verdict)
        assert not metadata.promoted
        card = (tmp_path / "equity" / "model_card.md").read_text()
        assert "For demonstration only" in card
        assert "| effective_size | FAILED | 9 rows |" in card
        good = tuple(verdict.gates[0].model_copy(update={"name": name}) for name in THRESHOLDS)
        promoted = write(tmp_path, data, trained, Verdict(gates=good))
        assert promoted.promoted
        assert SignalModel.load(tmp_path, "equity").promoted
        card = (tmp_path / "equity" / "model_card.md").read_text()
        assert "Promoted: every gate let it pass" in card
        for name in data.names:
            assert f"| {name} |" in card


class TestCalibration:
    def test_a_distorted_score_becomes_the_true_probability(self):
        rng = np.random.default_rng(3)
        margin = rng.normal(0, 2, 40_000)
        truth = 1 / (1 + np.exp(-(0.5 * margin - 1)))
        won = (rng.random(40_000) < truth).astype(float)
        weight = np.ones(len(won))
        fitted = fit_calibration(margin, won, weight)
        assert fitted.slope == pytest.approx(0.5, abs=0.03)
        assert fitted.intercept == pytest.approx(-1, abs=0.05)
        assert expected_calibration_error(fitted.p_win(margin), won, weight) < 0.02

    def test_a_score_that_ranks_the_wrong_way_says_the_base_rate_alone(self):
        rng = np.random.default_rng(3)
        margin = rng.normal(size=5_000)
        won = (rng.random(5_000) < 1 / (1 + np.exp(margin + 1))).astype(float)
        fitted = fit_calibration(margin, won, np.ones(5_000))
        assert fitted.slope == 0
        assert fitted.p_win(margin) == pytest.approx(won.mean(), abs=0.001)

    def test_rows_count_by_their_weight(self):
        margin, won = np.array([-1.0, 0.0, 1.0, 2.0] * 30), np.array([0.0, 1.0, 0.0, 1.0] * 30)
        weight = np.tile([1.0, 2.0, 3.0, 1.0], 30)
        repeated = np.repeat(np.arange(120), weight.astype(int))
        weighed = fit_calibration(margin, won, weight)
        told = fit_calibration(margin[repeated], won[repeated], np.ones(len(repeated)))
        assert weighed.slope == pytest.approx(told.slope, abs=1e-4)
        assert weighed.intercept == pytest.approx(told.intercept, abs=1e-4)


class TestMetrics:
    def test_the_answers_of_a_guess_have_no_skill(self, data):
        trained = fit(data, FEW, 7)
        guess = trained.answers(data)._replace(
            p_win=np.full(len(data), trained.base_rate),
            expected_return_pct=np.full(len(data), trained.mean_gross_pct),
        )
        told = window_metrics("x", data, guess, trained.base_rate, trained.mean_gross_pct)
        assert told.brier_skill == pytest.approx(0)
        assert told.return_r2 == pytest.approx(0)
        assert told.auc == 0.5

    def test_a_stretch_of_losers_alone_can_be_measured(self, data, trained):
        losers = data.rows(data.net_pct <= 0)
        told = window_metrics("x", losers, trained.answers(losers), trained.base_rate, 0.0)
        assert (told.auc, told.won) == (0.5, 0)

    def test_the_bins_of_reliability_hold_every_row(self, data, trained):
        p_win = trained.answers(data).p_win
        bins = reliability(p_win, data.won, data.weight)
        assert sum(bins.count) == len(data)
        assert (np.diff(bins.predicted) > -1e-12).all()
        even = np.ones(len(data))
        bins = reliability(p_win, data.won, even)
        error = np.abs(np.subtract(bins.predicted, bins.observed)) @ bins.count / len(data)
        assert expected_calibration_error(p_win, data.won, even) == pytest.approx(error)
