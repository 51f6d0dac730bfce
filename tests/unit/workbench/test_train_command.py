"""`patang train`: a run and a model, whatever the gates say, and the same bytes again."""

import json

import pytest

from patang.model.signal_model import SignalModel
from patang.training.run import TrainingRun
from patang_workbench.cli import main
from patang_workbench.research.dataset_files import keep_dataset
from patang_workbench.research.run_files import read_run
from tests.unit.training.sample_data import card_of, entries

FEW = ["--trials", "2", "--windows", "2", "--min-confidence", "0.5"]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    made = entries(rows=500, days=24)
    keep_dataset(folder, made, card_of(made))
    return folder


def train(data, folder, *more):
    where = ["--out", str(folder / "run"), "--ledger", str(folder / "trials.jsonl")]
    return main(["train", "--data", str(data), "--strategy", "equity", *FEW, *where, *more])


def test_it_keeps_the_run_and_a_model_that_loads_for_demonstration(data, tmp_path, capsys):
    assert train(data, tmp_path, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    kept = read_run(tmp_path / "run")
    assert isinstance(kept, TrainingRun)
    assert told["trials"] == len(kept.evidence.trials) == 2
    assert told["final"] == kept.evidence.final.model_dump(mode="json")
    # There are no entries at random beside this data set: that gate cannot be asked.
    assert not told["promoted"]
    assert {gate["name"] for gate in told["gates"] if not gate["passed"]} >= {"random_entries"}
    model = SignalModel.load(tmp_path / "run" / "model", "equity")
    assert model.version == told["model_version"]
    assert not model.promoted
    assert [gate.name for gate in model.metadata.gates] == [gate["name"] for gate in told["gates"]]
    assert model.metadata.data["sha256"] == told["data"]["sha256"]
    card = (tmp_path / "run" / "model" / "equity" / "model_card.md").read_text()
    assert "For demonstration only: it did not pass every gate" in card
    assert "looked at once" in card
    assert (tmp_path / "run" / "report.html").stat().st_size > 10_000


def test_the_same_again_is_the_same_and_no_second_look(data, tmp_path, capsys):
    assert train(data, tmp_path) == 0
    shown = capsys.readouterr().out
    files = {path: path.read_bytes() for path in (tmp_path / "run").rglob("*.*")}
    assert train(data, tmp_path) == 0
    assert capsys.readouterr().out == shown
    assert {path: path.read_bytes() for path in (tmp_path / "run").rglob("*.*")} == files
    assert "No edge that the gates accept" in shown
    assert "final window seen once" in shown
    assert train(data, tmp_path, "--seed", "8") == 0
    assert "2 of earlier runs; final window seen 2 times by now" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--windows", "40"], "ask for fewer windows"),
        (["--strategy", "long_options"], "is a data set of equity, not of long_options"),
    ],
)
def test_it_says_why_there_is_no_model(data, tmp_path, capsys, arguments, said):
    assert train(data, tmp_path, *arguments) == 1
    assert said in capsys.readouterr().err
    assert not (tmp_path / "run" / "model").exists()


@pytest.mark.parametrize("wrong", [["--trials", "0"], ["--final", "1.5"], ["--embargo", "x"]])
def test_what_is_no_number_is_not_understood(data, tmp_path, wrong):
    with pytest.raises(SystemExit, match="2"):
        train(data, tmp_path, *wrong)


@pytest.mark.parametrize("seed", ["-1", "4294967296", "x", "\u0663"])
def test_a_seed_that_is_none_is_told_before_anything_is_read(data, tmp_path, capsys, seed):
    with pytest.raises(SystemExit) as ended:
        train(data, tmp_path, "--seed", seed)
    assert ended.value.code == 2
    assert "from 0 to 4294967295" in capsys.readouterr().err


def test_where_nothing_can_be_kept_no_look_is_spent(data, tmp_path, capsys):
    (tmp_path / "run").write_text("a file")
    assert train(data, tmp_path) == 1
    assert capsys.readouterr().err == f"patang: {tmp_path / 'run'}: File exists\n"
    assert not (tmp_path / "trials.jsonl").exists()
