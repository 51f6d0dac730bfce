"""`patang dataset`: from candles to a folder that can be trained on."""

import json

import pytest

from patang_workbench.cli import main
from patang_workbench.research.dataset_files import read_dataset

SYNTHETIC = ["--data", "synthetic:3", "--from", "2026-06-24", "--to", "2026-06-25", "--every", "5"]
EQUITY = ["dataset", *SYNTHETIC, "--strategy", "equity", "--symbols", "INFY,RELIANCE"]


def test_it_makes_a_data_set_and_says_what_it_is(tmp_path, capsys):
    out = tmp_path / "made"
    assert main([*EQUITY, "--out", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    data, card = read_dataset(out)
    assert told["out"] == str(out)
    assert (told["rows"], told["sha256"]) == (len(data), card.sha256)
    assert set(told["symbols"]) == {"INFY", "RELIANCE"}
    assert told["labels"]["cycle_interval_seconds"] == 300
    assert (told["first"], told["last"]) == ("2026-06-24", "2026-06-25")
    assert "SHA-256" in (out / "card.md").read_text()


def test_premiums_that_a_model_made_are_told(tmp_path, capsys):
    arguments = ["dataset", *SYNTHETIC, "--strategy", "long_options", "--symbols", "NIFTY"]
    assert main([*arguments, "--out", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "prices made by a model: 100 %" in shown
    assert read_dataset(tmp_path)[1].modelled_share == 1


def test_settings_decide(tmp_path, capsys):
    settings = tmp_path / "settings.yaml"
    settings.write_text("equity:\n  max_hold_minutes: 30\n")
    assert main([*EQUITY, "--settings", str(settings), "--out", str(tmp_path / "made"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["labels"]["max_hold_minutes"] == 30
    data, _ = read_dataset(tmp_path / "made")
    assert (data.left - data.entered).max() <= 31 * 60


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--data", "synthetic:3"], "give --from and --to"),
        (["--data", "synthetic:x", "--from", "2026-06-24", "--to", "2026-06-25"], "write synthetic:7"),
        (["--data", "nowhere", "--from", "2026-06-24", "--to", "2026-06-25"], "nowhere"),
    ],
)
def test_it_says_what_is_missing(arguments, said, tmp_path, capsys):
    assert main(["dataset", *arguments, "--strategy", "equity", "--out", str(tmp_path / "made")]) == 1
    assert said in capsys.readouterr().err
    assert not (tmp_path / "made").exists()


def test_no_entry_is_no_data_set(tmp_path, capsys):
    settings = tmp_path / "settings.yaml"
    settings.write_text("equity:\n  min_adx: 60\n  setups: [momentum]\n  min_atr_pct: 5\n  max_atr_pct: 6\n")
    assert main([*EQUITY, "--settings", str(settings), "--out", str(tmp_path / "made")]) == 1
    assert "found no entry" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [["--every", "16"], ["--latency-bars", "-1"], ["--symbols", ","]])
def test_what_is_not_understood_ends_with_2(wrong, capsys):
    with pytest.raises(SystemExit) as ended:
        main([*EQUITY, *wrong])
    assert ended.value.code == 2
    assert capsys.readouterr().err
