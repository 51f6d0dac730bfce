"""Backtests by the tools, from the question to the last trade: the worker's own code on candles in memory."""

import json
from datetime import date

import pytest

from patang.identity.principal import ALL_SCOPES, Principal
from patang.tools.calling import call
from patang_workbench.demo.profile import DEMONSTRATION
from patang_workbench.research.run_files import keep_run, store_run
from patang_workbench.research.synthetic import edge_history
from tests.fakes import MemoryObjects
from tests.unit.api.sample_desk import two_owners
from tests.unit.backtest.kept_candles import keep_history, worker_at
from tests.unit.backtest.sample_runs import backtest_run, training_run

LAST = date(2026, 6, 30)
ASKED = {"from_date": "2026-06-25", "to_date": "2026-06-30", "symbols": ["NIFTY 50", "NSE:SBIN"]}


class WorkingMachine:
    """A ResearchMachine that does the lines of a manifest at once, as the map's workers would."""

    def __init__(self, objects) -> None:
        self._objects = objects
        self.states: dict[str, str] = {}

    def start(self, name: str, manifest: str, report: str) -> bool:
        if name in self.states:
            return False
        self.states[name] = "SUCCEEDED"
        for line in self._objects.get(manifest).splitlines():
            worker_at(self._objects, "").answer(json.loads(line))
        return True

    def state(self, name: str):
        return self.states.get(name)


@pytest.fixture(scope="module")
def candles() -> MemoryObjects:
    objects = MemoryObjects()
    keep_history(objects, edge_history(5, 0.5, ("NIFTY", "SBIN", "INFY"), 16, LAST))
    return objects


@pytest.fixture
def desk(candles):
    made = two_owners()
    made.objects.blobs = dict(candles.blobs)
    made.research_machine = WorkingMachine(made.objects)
    made.settings_changes().put(
        DEMONSTRATION.model_copy(update={"cycle_interval_seconds": 300}), "person:asha", based_on=0
    )
    return made


@pytest.fixture
def ask(desk):
    """Calls a tool as somebody's program; `answered` is for what is refused."""

    def answered(name, who="asha", **args):
        account = {"asha": "main", "ravi": "other"}[who]
        return call(desk.caller(Principal(who, f"token:t1 of {who}", (account,), ALL_SCOPES)), name, args)

    def reply(name, who="asha", **args):
        found = answered(name, who, **args)
        assert not found.failed, found.reply
        return found.reply

    reply.answered = answered
    return reply


def test_from_the_question_to_the_last_trade(ask, desk):
    run = ask("run_backtest", **ASKED)
    assert (run.state, run.first, run.last) == ("RUNNING", date(2026, 6, 25), LAST)

    told = ask("get_backtest", report=run.report)
    assert (told.state, told.asked_by) == ("DONE", "token:t1 of asha")
    assert told.report_url == f"http://testserver/reports/{run.report}"
    assert told.backtest.symbols == ("NIFTY", "SBIN")
    assert told.metrics.all.trades == told.trades_total > 3
    assert told.trades == ()

    pages = [ask("get_backtest", report=run.report, limit=2, **{"from": n}) for n in (0, 2)]
    trades = [trade for page in pages for trade in page.trades]
    assert len(trades) == 4
    assert [t.exited_at for t in trades] == sorted(t.exited_at for t in trades)
    for trade in trades:
        assert trade.net_pnl == pytest.approx(trade.gross_pnl - trade.charges, abs=0.011)
        assert trade.entered_at.isoformat().endswith("+05:30")
    everything = ask("get_backtest", report=run.report, limit=200).trades
    assert sum(t.net_pnl for t in everything) == pytest.approx(told.metrics.all.net_pnl, abs=0.1)


def test_asked_again_it_is_the_same_run_and_it_is_done(ask):
    first = ask("run_backtest", **ASKED)
    again = ask("run_backtest", **ASKED | {"symbols": ["NIFTY", "SBIN"]})
    assert (again.report, again.state) == (first.report, "DONE")


def test_other_settings_are_another_run_and_change_nothing_of_the_desk(ask, desk):
    before = dict(desk.settings_changes().stored())
    first = ask("run_backtest", **ASKED)
    other = ask("run_backtest", **ASKED, settings={"equity.stop_atr": 1.0, "options.cooldown_hours": 0})
    assert other.report != first.report
    assert ask("get_backtest", report=other.report).changed == {
        "equity.stop_atr": 1.0,
        "options.cooldown_hours": 0,
    }
    assert dict(desk.settings_changes().stored()) == before


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"equity.stop_at": 1.0}, "did you mean equity.stop_atr"),
        ({"equity.stop_atr": "wide"}, "equity.stop_atr"),
        ({"public_url": "https://elsewhere.example"}, "whoever deploys the desk"),
    ],
)
def test_settings_that_are_none_are_refused_with_what_is_wrong(ask, desk, settings, message):
    answered = ask.answered("run_backtest", **ASKED, settings=settings)
    assert (answered.status, answered.reply.error_type) == (400, "BadRequestError")
    assert message in answered.reply.message
    assert desk.research_machine.states == {}


def test_what_the_store_does_not_have_is_told_in_the_answer(ask):
    run = ask("run_backtest", **ASKED | {"symbols": ["SBIN", "GAMMA"]})
    told = ask("get_backtest", report=run.report)
    assert (told.state, told.metrics) == ("REFUSED", None)
    assert "no minutes of GAMMA" in told.told
    assert ask("run_backtest", **ASKED | {"symbols": ["SBIN", "GAMMA"]}).state == "REFUSED"


def test_where_research_is_not_deployed_the_owner_is_told_what_to_do(ask, desk):
    desk.research_machine = None
    answered = ask.answered("run_backtest", **ASKED)
    assert (answered.status, answered.reply.error_type) == (409, "OwnerActionError")
    assert "cdk deploy -c research=true" in answered.reply.message
    assert ask("list_reports").total == 0


def test_long_lists_are_cut_to_what_matters_unless_all_is_asked_for(ask, desk):
    run = ask("run_backtest", **ASKED)
    path = f"reports/{run.report}/summary.json"
    summary = json.loads(desk.objects.get(path))
    group = summary["metrics"]["all"]
    summary["metrics"]["by_symbol"] = {f"S{n}": group | {"net_pnl": n - 20.0} for n in range(30)}
    summary["backtest"]["refusals"] = {f"GATE{n}": n for n in range(30)}
    desk.objects.put(path, json.dumps(summary).encode())

    short = ask("get_backtest", report=run.report)
    assert set(short.metrics.by_symbol) == {f"S{n}" for n in range(10)}
    assert list(short.backtest.refusals) == [f"GATE{n}" for n in range(29, 19, -1)]
    full = ask("get_backtest", report=run.report, full=True)
    assert (len(full.metrics.by_symbol), len(full.backtest.refusals)) == (30, 30)


def test_reports_of_the_desk_and_those_that_were_put_there_are_listed_for_every_owner(ask, desk, tmp_path):
    run = ask("run_backtest", **ASKED)
    history = backtest_run(days=12)
    store_run(keep_run("backtest", "a", history[0], out=tmp_path / "backtest-mine"), desk.objects)
    store_run(keep_run("train", "a", training_run(), out=tmp_path / "train-equity"), desk.objects)

    listed = ask("list_reports", who="ravi")
    assert [line.report for line in listed.reports] == [run.report, "train-equity", "backtest-mine"]
    assert [line.kind for line in listed.reports] == ["backtest", "training", "backtest"]
    assert listed.reports[0].trades == ask("get_backtest", report=run.report).trades_total
    assert listed.reports[1].promoted is training_run().verdict.promoted
    assert [line.report for line in ask("list_reports", limit=1, **{"from": 1}).reports] == ["train-equity"]

    put = ask("get_backtest", report="backtest-mine", limit=3)
    assert (put.state, put.asked_by, len(put.trades)) == ("DONE", None, 3)
    assert ask("get_backtest", report="train-equity", limit=3).trades == ()


def test_compact_trades_and_reports_are_tables(ask):
    run = ask("run_backtest", **ASKED)
    whole = ask("get_backtest", report=run.report, limit=3)
    short = ask("get_backtest", report=run.report, limit=3, compact=True)
    assert (short.trades, short.trades_total) == ((), whole.trades_total)
    rows = [dict(zip(short.table.columns, row, strict=True)) for row in short.table.rows]
    assert [row["net_pnl"] for row in rows] == [trade.net_pnl for trade in whole.trades]
    assert ask("get_backtest", report=run.report, compact=True).table is None

    listed = ask("list_reports", compact=True)
    assert (listed.reports, listed.total) == ((), 1)
    assert listed.table.rows[0][:2] == (run.report, "DONE")


def test_a_report_without_figures_is_its_page(ask, desk):
    """As `patang report --store` put them there before there were figures beside them."""
    desk.objects.put("reports/old-one/report.html", b"<!doctype html>")
    told = ask("get_backtest", report="old-one", limit=5)
    assert (told.state, told.kind, told.trades) == ("DONE", None, ())
    assert told.report_url == "http://testserver/reports/old-one"
    assert [(line.report, line.kind) for line in ask("list_reports").reports] == [("old-one", None)]


@pytest.mark.parametrize("name", ["backtest-0000000000000000", "../minutes", "nobody's"])
def test_a_report_that_is_not_there_is_refused(ask, name):
    answered = ask.answered("get_backtest", report=name)
    assert (answered.status, answered.reply.details["kind"]) == (400, "BadInput")
