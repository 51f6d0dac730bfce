"""A backtest made by a research worker: that of the same store on a desk, as files in the store."""

import json
from datetime import date

import pytest

from patang.backtest.asked import MOST_SYMBOL_DAYS, BacktestWish, backtest_job, report_name, report_path
from patang.backtest.asked_work import OtherModels
from patang.backtest.fills import FillTerms
from patang.backtest.informed import informed_backtest
from patang.backtest.jobs import JobResult, run_id
from patang.backtest.reported import named_reports, page_of, summary_of_report, trades_of_report
from patang.backtest.trade import BacktestResult
from patang.backtest.worker import JobEvent, result_path
from patang.errors import BadInput
from patang.settings import Settings
from patang_workbench.demo.profile import DEMONSTRATION
from patang_workbench.research.synthetic import edge_history
from patang_workbench.research.tapes import open_tape
from tests.fakes import MemoryObjects
from tests.unit.backtest.kept_candles import MODELS, keep_history, worker_at

FIRST, LAST = date(2026, 6, 25), date(2026, 6, 30)
SYMBOLS = ("NIFTY", "SBIN", "INFY")
EAGER = DEMONSTRATION.model_copy(update={"cycle_interval_seconds": 300})


@pytest.fixture(scope="module")
def kept() -> MemoryObjects:
    objects = MemoryObjects()
    keep_history(objects, edge_history(5, 0.5, SYMBOLS, 16, LAST))
    return objects


@pytest.fixture
def objects(kept) -> MemoryObjects:
    made = MemoryObjects()
    made.blobs = dict(kept.blobs)
    return made


def wish(**more) -> BacktestWish:
    return BacktestWish.model_validate({"first": FIRST, "last": LAST, "settings": EAGER, **more})


def asked(objects, wanted, models="m1", worker=None) -> tuple[dict, JobResult | None, str]:
    """The job through the worker as the map sends it; what it answers, what is kept, the report's name."""
    job = backtest_job(wanted, "m1")
    run = run_id((job,))
    line = json.loads(JobEvent(run=run, job=job).model_dump_json())
    answer = (worker or worker_at(objects, models)).answer(line)
    content = objects.get(result_path(run, job.key))
    return answer, content and JobResult.model_validate_json(content), report_name(job)


def test_it_is_the_backtest_of_the_same_store_on_a_desk(objects, tmp_path):
    wanted = wish(symbols=("NIFTY", "SBIN"), latency_bars=2, volume_share=0.5)
    answer, result, report = asked(objects, wanted)

    for path, content in objects.blobs.items():
        if path.startswith("historical_candles"):
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_bytes(content)
    opened = open_tape(str(tmp_path), FIRST, LAST, ("NIFTY", "SBIN"), EAGER)
    here = informed_backtest(opened.tape, MODELS, opened.settings, FillTerms(2, 0.5))

    there = BacktestResult.model_validate_json(objects.get(report_path(report, "run.json")))
    assert there == here.model_copy(update={"source": "the desk's store"})
    assert len(there.trades) > 3
    assert answer == {"key": result.key, "done": True, "refused": None}
    assert result.values == {"folder": f"reports/{report}/", "trades": len(there.trades)}
    assert there.foreknown_sessions == 2, "the models had learned until the second of its days"


def test_its_report_is_read_by_parts(objects):
    _, _, report = asked(objects, wish())

    told = summary_of_report(objects, report)
    trades = trades_of_report(objects, report)
    assert named_reports(objects) == [report]
    assert told.metrics.all.trades == len(trades) > 0
    assert told.backtest.symbols == ("INFY", "NIFTY", "SBIN")
    assert page_of(objects, report).startswith(b"<!doctype html>")
    assert f"reports/{report}/prices.parquet" in objects.blobs


def test_made_twice_it_is_the_same_to_the_byte_and_an_event_that_comes_twice_makes_it_once(objects):
    worker = worker_at(objects)
    _, _, report = asked(objects, wish(symbols=("SBIN",)), worker=worker)
    first = {path: content for path, content in objects.blobs.items() if report in path}
    assert asked(objects, wish(symbols=("SBIN",)), worker=worker)[0]["done"] is False

    for path in [path for path in objects.blobs if path.startswith(("research/", "reports/"))]:
        del objects.blobs[path]
    asked(objects, wish(symbols=("SBIN",)))
    assert {path: content for path, content in objects.blobs.items() if report in path} == first


def test_a_symbol_that_was_named_must_be_there_and_one_of_the_settings_need_not(objects):
    answer, result, report = asked(objects, wish(symbols=("SBIN", "GAMMA")))
    assert "no minutes of GAMMA" in answer["refused"]
    assert result.refused == answer["refused"]
    assert summary_of_report(objects, report) is None

    universe = EAGER.universe.model_copy(update={"equities": ("SBIN", "GAMMA")})
    _, result, report = asked(objects, wish(settings=EAGER.model_copy(update={"universe": universe})))
    assert result.refused is None
    assert summary_of_report(objects, report).backtest.symbols == ("NIFTY", "SBIN")


def test_a_store_without_those_days_is_a_refusal_that_says_so(objects):
    _, result, _ = asked(objects, wish(first=date(2026, 1, 5), last=date(2026, 1, 9)))
    assert "can be used from 2026-01-05 to 2026-01-09" in result.refused


def test_other_models_than_it_was_asked_of_leave_no_result(objects):
    """A refusal would be final; the right worker may come with the next deployment."""
    with pytest.raises(OtherModels, match="asked of models 'm1' and these are 'm2'"):
        asked(objects, wish(), models="m2")
    assert not objects.list("research/")


def test_the_same_wish_is_the_same_run_and_any_other_is_another():
    runs = {
        report_name(backtest_job(wanted, models))
        for models in ("m1", "m2")
        for wanted in (
            wish(),
            wish(),
            wish(last=date(2026, 6, 29)),
            wish(latency_bars=0),
            wish(entries="market"),
        )
    }
    assert len(runs) == 8


@pytest.mark.parametrize("symbols", [1, 12, 60, 100])
def test_what_one_worker_can_do_is_the_most_that_may_be_asked(symbols):
    named = tuple(f"S{n}" for n in range(symbols))
    fits = MOST_SYMBOL_DAYS // symbols - 21
    last = date.fromordinal(FIRST.toordinal() + fits - 1)
    BacktestWish(first=FIRST, last=last, symbols=named, settings=Settings()).check_size()
    longer = BacktestWish(
        first=FIRST, last=date.fromordinal(last.toordinal() + 1), symbols=named, settings=Settings()
    )
    with pytest.raises(BadInput, match=f"ask for at most {fits} days"):
        longer.check_size()


def test_days_that_run_backwards_and_too_many_symbols_are_refused():
    with pytest.raises(BadInput, match="runs backwards"):
        wish(first=LAST, last=FIRST).check_size()
    with pytest.raises(BadInput, match="name fewer symbols"):
        wish(symbols=tuple(f"S{n}" for n in range(400))).check_size()


@pytest.mark.parametrize("name", ["../secrets", "a/b", "", ".hidden", "x" * 200, "a\n"])
def test_a_name_that_leads_elsewhere_is_no_report(name):
    with pytest.raises(BadInput, match="no name of a report"):
        report_path(name, "run.json")
