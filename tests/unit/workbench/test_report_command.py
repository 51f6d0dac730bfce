"""`patang report`: the page of a kept run, drawn again, shown and stored."""

import json
import webbrowser

import pytest

from patang_workbench.cli import main
from patang_workbench.research.run_files import keep_run
from tests.unit.backtest.sample_runs import backtest_run, training_run


@pytest.fixture
def folder(tmp_path):
    run, history = backtest_run(days=6)
    return keep_run("backtest", "a", run, history=history, out=tmp_path / "kept")


def test_the_page_of_a_backtest(folder, capsys):
    (folder / "report.html").unlink()
    assert main(["report", str(folder), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    run, _ = backtest_run(days=6)
    assert said == {
        "kind": "backtest",
        "first": "2024-01-01",
        "last": "2024-01-08",
        "trades": 7,
        "net_pnl": pytest.approx(float(sum(trade.net_pnl for trade in run.trades)), abs=0.005),
        "modelled_share": pytest.approx(1 / 7),
        "report": str(folder / "report.html"),
    }
    assert (folder / "report.html").exists()


def test_the_page_of_a_training_put_into_a_store(tmp_path, capsys, monkeypatch):
    folder, store = keep_run("train", "a", training_run(), out=tmp_path / "kept"), tmp_path / "store"
    monkeypatch.setenv("PATANG_STORE", str(tmp_path / "not-asked-for"))
    assert main(["report", str(folder), "--store", str(store), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["promoted"], said["failed_gates"]) == (False, ["brier_skill", "effective_size"])
    assert (store / "reports/kept/report.html").read_bytes() == (folder / "report.html").read_bytes()
    assert said["stored"] == f"{store}/reports/kept/report.html"
    assert main(["report", str(folder)]) == 0
    assert capsys.readouterr().out == f"{folder / 'report.html'}\n"
    assert not (tmp_path / "not-asked-for").exists()


def test_a_browser_shows_the_page_or_it_is_told(folder, capsys, monkeypatch):
    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda address: bool(opened.append(address)) or len(opened) == 1)
    assert main(["report", str(folder), "--open"]) == 0
    assert opened == [(folder / "report.html").resolve().as_uri()]
    capsys.readouterr()
    assert main(["report", str(folder), "--open"]) == 1
    assert "no browser could be started" in capsys.readouterr().err


def test_without_a_run_it_says_what_to_give(tmp_path, capsys):
    assert main(["report", str(tmp_path)]) == 1
    assert f"{tmp_path} holds no run" in capsys.readouterr().err


def test_a_sweep_has_no_page_and_is_told_so(tmp_path, capsys):
    (tmp_path / "run.json").write_text('{"source": "made", "seed": 0, "cells": []}')
    assert main(["report", str(tmp_path)]) == 1
    assert "is a sweep, which has no page" in capsys.readouterr().err
