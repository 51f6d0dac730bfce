"""`patang sweep`: many choices tried, kept, and told with how easily the best of them is chance."""

import json

import pyarrow.parquet as pq
import pytest

from patang_workbench.cli import main
from patang_workbench.research.sweeps import SweepRun

SWEEP = [
    "sweep",
    "--data",
    "synthetic:3",
    "--from",
    "2026-06-29",
    "--to",
    "2026-06-30",
    "--symbols",
    "SBIN,INFY",
]


def test_every_cell_is_kept_and_choices_are_told(tmp_path, capsys):
    choices = ["--grid", "stop_atr=4:8:2", "--grid", "exit_by=14:45,15:00", "--windows", "2"]
    assert main([*SWEEP, *choices, "--out", str(tmp_path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    run = SweepRun.model_validate_json((tmp_path / "run.json").read_text())
    assert told["cells"] == len(run.cells) == 2 * 2 * 6
    assert {tuple(choice["parameters"].items()) for choice in told["choices"]} == {
        (("stop_atr", stop), ("exit_by", clock)) for stop in (4, 6, 8) for clock in ("14:45", "15:00")
    }
    nets = [choice["net_pnl"] for choice in told["choices"]]
    assert nets == sorted(nets, reverse=True)
    assert sum(nets) == pytest.approx(float(sum(cell.net_pnl for cell in run.cells)))
    assert pq.read_table(tmp_path / "cells.parquet").num_rows == 24


def test_a_sample_is_drawn_by_the_seed(tmp_path, capsys):
    def drawn(seed: str) -> list[object]:
        wanted = ["--grid", "stop_atr=2:20:1", "--sample", "2", "--seed", seed]
        assert main([*SWEEP, *wanted, "--out", str(tmp_path), "--json"]) == 0
        return sorted(c["parameters"]["stop_atr"] for c in json.loads(capsys.readouterr().out)["choices"])

    assert len(drawn("1")) == 2
    assert drawn("1") == drawn("1") != drawn("2")


def test_the_table_says_what_the_best_is_worth(tmp_path, capsys):
    assert main([*SWEEP, "--grid", "stop_atr=4,8", "--out", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "4 cells, 2 choices" in shown
    assert "The best of 2 looks good by chance alone: there are too few days" in shown


@pytest.mark.parametrize(
    ("grid", "why"),
    [
        ("stop_atr", "'stop_atr' is no SETTING=VALUES"),
        ("stop_atr=8:4:1", "'8:4:1' is no range FIRST:LAST:STEP that goes up"),
        ("=3", "'=3' is no SETTING=VALUES"),
    ],
)
def test_a_grid_that_is_none_is_not_understood(grid, why, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([*SWEEP, "--grid", grid])
    assert stopped.value.code == 2
    assert why in capsys.readouterr().err


def test_an_unknown_setting_is_named(tmp_path, capsys):
    assert main([*SWEEP, "--grid", "stop_at=3", "--out", str(tmp_path)]) == 1
    assert "stop_at: Extra inputs" in capsys.readouterr().err
