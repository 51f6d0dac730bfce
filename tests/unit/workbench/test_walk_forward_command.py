"""`patang walk-forward`: windows, gates and the verdict, whatever it is; the run is kept."""

import json
from datetime import date
from pathlib import Path

import pytest

from patang.training.gates.thresholds import THRESHOLDS
from patang_workbench.cli import main
from patang_workbench.research.dataset_files import keep_dataset
from patang_workbench.research.run_files import read_run
from tests.unit.training.sample_data import card_of, entries


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("noise")
    for place, seed in ((folder / "at-random", 2), (folder, 1)):
        made = entries(rows=600, days=40, strength=0, seed=seed)
        keep_dataset(place, made, card_of(made))
    return folder


def walk(material: Path, folder: Path, *more: str) -> int:
    where = ["--out", str(folder / "run"), "--ledger", str(folder / "trials.jsonl")]
    few = ["--trials", "2", "--windows", "2", "--min-confidence", "0.4"]
    return main(["walk-forward", "--data", str(material), "--strategy", "equity", *few, *where, *more])


def test_noise_is_judged_told_and_not_promoted(
    material: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert walk(material, tmp_path, "--json") == 0
    told = json.loads(capsys.readouterr().out)

    assert not told["promoted"]
    assert [gate["name"] for gate in told["gates"]] == list(THRESHOLDS)
    assert told["failed"] == [gate["name"] for gate in told["gates"] if not gate["passed"]]
    assert len(told["windows"]) == 2
    assert date.fromisoformat(told["windows"][-1]["last"]) < date.fromisoformat(told["final"]["first"])
    kept = read_run(tmp_path / "run")
    assert [gate.model_dump(mode="json") for gate in kept.verdict.gates] == told["gates"]
    assert not (tmp_path / "run" / "model").exists()
    assert (tmp_path / "run" / "report.html").is_file()

    # The same again says the same, to a person too.
    assert walk(material, tmp_path) == 0
    shown = capsys.readouterr().out
    assert "No edge that the gates accept" in shown
    assert f"FAILED  {told['failed'][0]}" in shown
    assert f"{told['foretold']} entries foretold, {told['taken']} of them good enough to trade" in shown
    assert read_run(tmp_path / "run") == kept


def test_it_says_why_it_could_not_be_run(
    material: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert walk(material, tmp_path, "--windows", "90") == 1
    assert "ask for fewer windows" in capsys.readouterr().err
