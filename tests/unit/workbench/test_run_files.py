"""A run on disk: what is read is what was kept, and its report can be drawn again."""

import io
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from patang.adapters.folder import FolderObjects
from patang.backtest.metrics import metrics_of
from patang.backtest.summary import ReportSummary
from patang.errors import BadInput
from patang.training.run import TrainingRun
from patang_workbench.research.run_files import keep_run, read_run, store_run, write_report
from tests.unit.backtest.sample_runs import backtest_run, training_run


@pytest.fixture
def backtest(tmp_path) -> Path:
    run, history = backtest_run(days=12)
    return keep_run("backtest", "a", run, history=history, out=tmp_path / "kept")


def test_a_backtest_comes_back_as_it_went(backtest):
    run, _ = backtest_run(days=12)
    assert read_run(backtest) == run


def test_a_training_comes_back_with_its_scores_that_are_no_numbers(tmp_path):
    run = training_run()
    back = read_run(keep_run("train", "a", run, out=tmp_path))
    assert isinstance(back, TrainingRun)
    assert back.evidence.windows[0].auc != back.evidence.windows[0].auc
    assert back.model_dump_json() == run.model_dump_json()


def test_the_report_is_drawn_again_from_the_files_alone(backtest):
    first = (backtest / "report.html").read_bytes()
    assert b"sold" in first
    (backtest / "report.html").unlink()
    assert write_report(backtest).read_bytes() == first


def test_trades_are_a_table_with_their_results(backtest):
    run, _ = backtest_run(days=12)
    rows = pq.read_table(backtest / "trades.parquet").to_pylist()
    assert len(rows) == len(run.trades)
    assert [row["trade_id"] for row in rows] == [trade.trade_id for trade in run.trades]
    for row, trade in zip(rows, run.trades, strict=True):
        assert row["net_pnl"] == pytest.approx(float(trade.net_pnl))
        assert row["gross_pnl"] - row["charges"] == pytest.approx(row["net_pnl"])
        assert row["entered_at"] == trade.entered_at


def test_entries_of_a_training_are_a_table_by_window(tmp_path):
    run = training_run()
    table = pq.read_table(keep_run("train", "a", run, out=tmp_path) / "trades.parquet")
    counts = {name: table["window"].to_pylist().count(name) for name in ("walk-forward", "final")}
    parts = (run.evidence.outcomes, run.evidence.final_outcomes)
    assert list(counts.values()) == [len(part.entered) for part in parts]
    assert table["net_pct"].to_pylist() == [*parts[0].net_pct, *parts[1].net_pct]


def test_a_run_without_trades_is_kept_too(tmp_path):
    run, history = backtest_run(days=5)
    run = run.model_copy(update={"trades": ()})
    folder = keep_run("backtest", "empty", run, history=history, out=tmp_path)
    assert read_run(folder) == run
    assert pq.read_table(folder / "trades.parquet").num_rows == 0
    assert write_report(folder).exists()


def test_a_run_in_the_place_of_another_leaves_nothing_of_it(backtest):
    keep_run("train", "a", training_run(), out=backtest)
    assert isinstance(read_run(backtest), TrainingRun)
    assert not (backtest / "prices.parquet").exists()


def test_without_an_own_folder_a_run_is_called_by_command_and_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = keep_run("walk-forward", "equity-7", training_run())
    assert folder == Path(".patang/research/walk-forward-equity-7")
    assert (tmp_path / folder / "run.json").exists()


@pytest.mark.parametrize("name", ["../a", "a/b", "", "a b"])
def test_a_name_that_leads_elsewhere_is_refused(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput, match="cannot name a folder"):
        keep_run("train", name, training_run())


def test_what_is_no_run_is_refused_with_its_place(tmp_path):
    with pytest.raises(BadInput, match="holds no run"):
        read_run(tmp_path / "nowhere")
    for content in ("{", "[]", '{"version": 9}', '{"evidence": 1}'):
        (tmp_path / "run.json").write_text(content)
        with pytest.raises(BadInput, match=r"run\.json is no run of this version"):
            read_run(tmp_path)


def test_bars_that_cannot_be_read_are_refused(backtest):
    (backtest / "prices.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(BadInput, match=r"prices\.parquet is no table of bars"):
        write_report(backtest)


def test_a_store_gets_the_whole_run_under_reports(backtest, tmp_path):
    store = FolderObjects(tmp_path / "store")
    assert store_run(backtest, store) == "reports/kept/report.html"
    names = {path.name for path in backtest.iterdir()}
    assert set(store.list("reports/")) == {f"reports/kept/{name}" for name in names}
    assert store.get("reports/kept/report.html") == (backtest / "report.html").read_bytes()
    trades = store.get("reports/kept/trades.parquet")
    assert trades is not None
    assert pq.read_table(io.BytesIO(trades)).num_rows > 0


def test_a_run_is_told_in_figures_without_reading_all_of_it(backtest, tmp_path):
    run, _ = backtest_run(days=12)
    told = ReportSummary.model_validate_json((backtest / "summary.json").read_bytes())
    assert (told.kind, told.first, told.last, told.currency) == ("backtest", run.first, run.last, "INR")
    assert told.metrics == metrics_of(run)
    assert (told.backtest.capital, told.backtest.sessions) == (float(run.capital), len(run.days))

    training = training_run()
    folder = keep_run("train", "a", training, out=tmp_path / "training")
    told = ReportSummary.model_validate_json((folder / "summary.json").read_bytes())
    assert told.training.promoted == training.verdict.promoted
    assert told.training.failed_gates == tuple(gate.name for gate in training.verdict.failed)


def test_whoever_sees_the_report_in_a_store_finds_all_of_the_run(backtest):
    order = []

    class Store:
        def put(self, path, content, *, content_type):
            order.append((path.rpartition("/")[2], content_type))

    store_run(backtest, Store())
    assert order[-1] == ("report.html", "text/html; charset=utf-8")
    assert {name for name, _ in order} == {path.name for path in backtest.iterdir()}
