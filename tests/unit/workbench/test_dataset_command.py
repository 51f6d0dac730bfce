"""`patang dataset`: from candles to a folder that can be trained on."""

import json
from datetime import datetime

import numpy as np
import pytest

from patang.market.sessions import IST
from patang_workbench.cli import main
from patang_workbench.history.store import store_at
from patang_workbench.research.dataset_files import read_dataset
from patang_workbench.research.synthetic import noise_history

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


def test_the_candles_of_a_store_are_read_and_what_is_wrong_with_them_is_told(tmp_path, capsys):
    (share,) = noise_history(3, symbols=("INFY",), days=12).symbols
    half_a_day = (share.days == share.days[-1]) & (np.arange(len(share)) % 375 > 180)
    store_at(str(tmp_path / "store")).put("INFY", "minute", candles(share.rows(~half_a_day)))
    arguments = ["--strategy", "equity", "--symbols", "INFY", "--from", "2026-06-24", "--to", "2026-06-30"]
    kept = ["--data", str(tmp_path / "store"), "--every", "5", "--out", str(tmp_path / "made"), "--json"]
    assert main(["dataset", *arguments, *kept]) == 0
    card = json.loads(capsys.readouterr().out)
    assert card["source"] == str(tmp_path / "store")
    assert list(card["skipped"]) == ["2026-06-30"]
    assert "of 375 bars are missing" in card["skipped"]["2026-06-30"]
    assert card["findings"]["gap"] == 1
    assert card["last"] < "2026-06-30"


def candles(share):
    names = ("open", "high", "low", "close", "volume")
    columns = zip(share.starts.tolist(), *(getattr(share, name).tolist() for name in names), strict=True)
    return [
        {"symbol": share.symbol, "timestamp": datetime.fromtimestamp(start, IST), "oi": None}
        | dict(zip(names, values, strict=True))
        for start, *values in columns
    ]


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
