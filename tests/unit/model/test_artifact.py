"""An artifact is used only if it is whole, unchanged and of the schema the code feeds."""

import hashlib
import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
import xgboost

from patang.errors import ModelRefused
from patang.model.artifact import Metadata
from patang.model.inputs import INPUTS, session_fraction, underlying_inputs
from patang.model.signal_model import SignalModel, load_models
from patang.training.gates.thresholds import THRESHOLDS
from tests.unit.strategies.markets import AS_OF, FALLING, RISING

SHIPPED = Path(__file__).parents[3] / "model_artifacts"


@pytest.fixture
def artifacts(tmp_path):
    """A copy of the shipped artifacts that a test may spoil."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "model_artifacts"))


def change_metadata(folder, **changes):
    """As somebody would who writes a whole artifact: under the version that belongs to it."""
    path = folder / "metadata.json"
    changed = Metadata.model_validate(json.loads(path.read_text()) | changes).sealed()
    path.write_text(changed.model_dump_json())


def row(strategy, **changes):
    plain = underlying_inputs(RISING, 25_000.0, 1, session_fraction(AS_OF)) | {
        "abs_delta": 0.3,
        "days_to_expiry": 6.0,
        "atr_premium_pct": 2.0,
        "theta_premium_pct_hour": -0.4,
    }
    return {name: plain[name] for name in INPUTS[strategy]} | changes


@pytest.mark.parametrize("strategy", list(INPUTS))
def test_the_shipped_models_answer_with_probabilities(strategy):
    model = SignalModel.load(SHIPPED, strategy)
    rows = [row(strategy, rsi=rsi) for rsi in range(50, 76, 5)]
    for prediction in model.predict(rows):
        assert 0 < prediction.p_win < 1
        assert math.isfinite(prediction.expected_return_pct)
    assert model.version.startswith(f"{strategy}-")


def test_one_batch_answers_as_single_rows_do():
    model = SignalModel.load(SHIPPED, "equity")
    rows = [row("equity", adx=float(adx)) for adx in range(20, 60, 5)]
    assert model.predict(rows) == [model.predict([single])[0] for single in rows]
    assert model.predict([]) == []


def log_odds(p):
    return math.log(p / (1 - p))


@pytest.mark.parametrize("strategy", list(INPUTS))
def test_the_contributions_of_the_inputs_add_up_to_the_answer(strategy):
    model = SignalModel.load(SHIPPED, strategy)
    rows = [row(strategy, rsi=rsi, adx=80 - rsi) for rsi in (51.0, 60.0, 69.0)]
    for prediction, parts in zip(model.predict(rows), model.explain(rows), strict=True):
        assert set(parts.p_win_log_odds.inputs) == set(INPUTS[strategy])
        assert parts.p_win_log_odds.total == pytest.approx(log_odds(prediction.p_win), abs=1e-4)
        assert parts.expected_return_pct.total == pytest.approx(prediction.expected_return_pct, abs=1e-4)
    assert model.explain([]) == []


def test_a_model_that_looks_at_one_input_has_all_of_its_answer_from_it(artifacts):
    rng = np.random.default_rng(1)
    table = rng.normal(size=(500, len(INPUTS["equity"])))
    adx = INPUTS["equity"].index("adx")
    labels = (table[:, adx] > 0).astype(float)
    booster = xgboost.train(
        {"max_depth": 2, "objective": "binary:logistic", "nthread": 1}, xgboost.DMatrix(table, labels), 20
    )
    put_classifier(artifacts / "equity", booster)
    model = SignalModel.load(artifacts, "equity")
    (parts,) = model.explain([dict.fromkeys(INPUTS["equity"], 0.0) | {"adx": 2.0}])
    moved = {name for name, value in parts.p_win_log_odds.inputs.items() if value}
    assert moved == {"adx"}
    assert parts.p_win_log_odds.ranked[0][0] == "adx"
    assert parts.p_win_log_odds.inputs["adx"] > 1


def put_classifier(folder, booster):
    content = bytes(booster.save_raw("json"))
    (folder / "classifier.json").write_bytes(content)
    files = json.loads((folder / "metadata.json").read_text())["files"]
    change_metadata(folder, files=files | {"classifier.json": hashlib.sha256(content).hexdigest()})


def test_the_order_of_names_in_a_row_does_not_matter():
    model = SignalModel.load(SHIPPED, "equity")
    straight = row("equity")
    assert model.predict([straight]) == model.predict([dict(reversed(straight.items()))])


def test_the_probability_is_the_calibrated_margin_of_the_classifier():
    model = SignalModel.load(SHIPPED, "long_options")
    booster = xgboost.Booster(model_file=str(SHIPPED / "long_options" / "classifier.json"))
    single = row("long_options")
    table = np.array([[single[name] for name in INPUTS["long_options"]]])
    margin = float(booster.inplace_predict(table, predict_type="margin")[0])
    fitted = model.metadata.calibration
    expected = 1 / (1 + math.exp(-(fitted.slope * margin + fitted.intercept)))
    assert model.predict([single])[0].p_win == pytest.approx(expected, rel=1e-6)


def test_a_changed_file_is_refused(artifacts):
    path = artifacts / "equity" / "classifier.json"
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(ModelRefused, match="SHA-256"):
        SignalModel.load(artifacts, "equity")


def test_a_model_of_another_schema_is_refused_and_the_difference_named(artifacts):
    change_metadata(artifacts / "equity", inputs=[*INPUTS["equity"][:-1], "moon_phase"])
    with pytest.raises(ModelRefused, match="moon_phase"):
        SignalModel.load(artifacts, "equity")


def test_inputs_in_another_order_are_another_schema(artifacts):
    change_metadata(artifacts / "equity", inputs=list(reversed(INPUTS["equity"])))
    with pytest.raises(ModelRefused, match="their order"):
        SignalModel.load(artifacts, "equity")


def test_a_model_of_another_strategy_is_refused(artifacts):
    change_metadata(artifacts / "equity", strategy="long_options")
    with pytest.raises(ModelRefused, match="long_options"):
        SignalModel.load(artifacts, "equity")


@pytest.mark.parametrize("name", ["metadata.json", "regressor.json"])
def test_a_missing_file_is_named(artifacts, name):
    (artifacts / "equity" / name).unlink()
    with pytest.raises(ModelRefused, match=r"MODEL_PATH|regressor\.json"):
        SignalModel.load(artifacts, "equity")


def test_metadata_that_says_too_little_is_refused(artifacts):
    (artifacts / "equity" / "metadata.json").write_text('{"strategy": "equity"}')
    with pytest.raises(ModelRefused, match="does not describe a model"):
        SignalModel.load(artifacts, "equity")


def test_a_file_that_is_no_model_is_refused_though_its_metadata_vouches_for_it(artifacts):
    (artifacts / "equity" / "classifier.json").write_bytes(b"{}")
    files = json.loads((artifacts / "equity" / "metadata.json").read_text())["files"]
    change_metadata(
        artifacts / "equity", files=files | {"classifier.json": hashlib.sha256(b"{}").hexdigest()}
    )
    with pytest.raises(ModelRefused, match="cannot be loaded"):
        SignalModel.load(artifacts, "equity")


def test_one_bad_model_stops_all(artifacts):
    (artifacts / "long_options" / "classifier.json").write_bytes(b"{}")
    with pytest.raises(ModelRefused):
        load_models(artifacts)


def test_the_shipped_artifacts_are_small_and_say_what_they_are():
    assert sum(path.stat().st_size for path in SHIPPED.rglob("*") if path.is_file()) < 300_000
    for strategy in INPUTS:
        metadata = json.loads((SHIPPED / strategy / "metadata.json").read_text())
        card = (SHIPPED / strategy / "model_card.md").read_text()
        assert metadata["data"]["kind"] == "synthetic"
        assert "trained on synthetic data only" in card
        assert str(metadata["metrics"]["auc"]) in card


def test_inputs_have_no_scale_and_mirror_with_the_direction():
    up = underlying_inputs(RISING, 25_010.0, 1, 0.5)
    down = underlying_inputs(FALLING, 24_990.0, -1, 0.5)
    for name in ("macd_atr", "macd_histogram_atr", "price_over_ema_atr", "rsi", "adx"):
        assert up[name] == pytest.approx(down[name])
    priced = ("ema_12", "ema_26", "macd", "macd_signal", "atr_14", "std_dev_20")
    tenth = RISING | {name: RISING[name] / 10 for name in priced}
    assert underlying_inputs(tenth, 2_501.0, 1, 0.5) == pytest.approx(up)


def trained_on(strategy, changes):
    """The shipped metadata with some of it changed, as it would have been written."""
    kept = json.loads((SHIPPED / strategy / "metadata.json").read_text())
    return Metadata.model_validate(kept | changes)


def test_metadata_that_was_changed_after_it_was_written_is_refused(artifacts):
    path = artifacts / "equity" / "metadata.json"
    kept = json.loads(path.read_text())
    kept["dissimilarity"]["furthest"] *= 2
    path.write_text(json.dumps(kept))
    with pytest.raises(ModelRefused, match="somebody changed it"):
        SignalModel.load(artifacts, "equity")


@pytest.mark.parametrize("version", ["3.3.9", "4.4.1", "0.1"])
def test_a_model_of_another_xgboost_is_refused(artifacts, version):
    libraries = trained_on("equity", {}).libraries
    change_metadata(artifacts / "equity", libraries=libraries | {"xgboost": version})
    with pytest.raises(ModelRefused, match=f"was trained with XGBoost {version}"):
        SignalModel.load(artifacts, "equity")


def test_a_patch_of_the_same_xgboost_is_served(artifacts):
    major, minor, *_ = xgboost.__version__.split(".")
    libraries = trained_on("equity", {}).libraries | {"xgboost": f"{major}.{minor}.99"}
    change_metadata(artifacts / "equity", libraries=libraries)
    assert SignalModel.load(artifacts, "equity").predict([row("equity")])


PASSED = [{"name": name, "passed": True, "told": "as it should"} for name in THRESHOLDS]
FAILED = [*PASSED[:-1], PASSED[-1] | {"passed": False}]


@pytest.mark.parametrize("gates", [[], FAILED, PASSED[1:], [{"name": "mine", "passed": True, "told": ""}]])
def test_a_model_is_promoted_by_gates_alone_and_by_all_that_there_are(gates):
    with pytest.raises(ValueError, match="not that every gate let it pass"):
        trained_on("equity", {"promoted": True, "gates": gates})
    assert trained_on("equity", {"promoted": True, "gates": PASSED}).promoted


def test_the_shipped_models_are_for_demonstration_only():
    for strategy in INPUTS:
        assert not SignalModel.load(SHIPPED, strategy).promoted
        card = (SHIPPED / strategy / "model_card.md").read_text()
        assert "For demonstration only" in card


def test_a_model_of_some_of_the_inputs_is_asked_about_those_alone(artifacts):
    """Its history did not know the others often enough."""
    some = ("macd_atr", "rsi", "atr_pct")
    rng = np.random.default_rng(4)
    table = rng.normal(size=(400, 3))
    booster = xgboost.train(
        {"max_depth": 2, "objective": "binary:logistic", "nthread": 1},
        xgboost.DMatrix(table, (table[:, 1] > 0).astype(float)),
        5,
    )
    whole = json.loads((artifacts / "equity" / "metadata.json").read_text())
    content = bytes(booster.save_raw("json"))
    digest = hashlib.sha256(content).hexdigest()
    for name in ("classifier.json", "regressor.json"):
        (artifacts / "equity" / name).write_bytes(content)
    change_metadata(
        artifacts / "equity",
        inputs=some,
        files=dict.fromkeys(whole["files"], digest),
        dissimilarity={
            "center": [0, 0, 0],
            "whitening": np.eye(3).tolist(),
            "quantile": 0.99,
            "furthest": 3.0,
        },
    )
    model = SignalModel.load(artifacts, "equity")
    (plain,) = model.predict([{"macd_atr": 0.0, "rsi": 1.0, "atr_pct": 2.0}])
    (beside,) = model.predict([row("equity", macd_atr=0.0, rsi=1.0, atr_pct=2.0)])
    assert plain == beside
    assert plain.distance == pytest.approx(math.sqrt(5))
    assert not plain.dissimilar
    (away,) = model.predict([{"macd_atr": 0.0, "rsi": 3.1, "atr_pct": 0.0}])
    assert away.dissimilar
    assert set(model.explain([row("equity")])[0].p_win_log_odds.inputs) == set(some)
