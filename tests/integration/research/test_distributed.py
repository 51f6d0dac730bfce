"""Two hundred jobs on the deployed map, a worker killed in the middle: the results are one process's own; and
a backtest that was asked for, which is a job like them."""

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from patang.adapters.aws.research import ResearchExecutions
from patang.adapters.candle_archive import CandleArchive
from patang.adapters.option_archive import OptionArchive
from patang.adapters.run_tables import ParquetRuns
from patang.adapters.system import SystemClock
from patang.backtest.asked import BacktestWish, backtest_job
from patang.backtest.asked_work import AskedBacktests
from patang.backtest.asking import AskedState, Backtests
from patang.backtest.jobs import JobResult
from patang.backtest.reported import page_of, summary_of_report, trades_of_report
from patang.backtest.sweep import Cell, grid
from patang.backtest.worker import result_path
from patang.model.signal_model import load_models
from patang_workbench.demo.profile import DEMONSTRATION
from patang_workbench.research.distributed import RunUnfinished, collect, follow, missing, start
from patang_workbench.research.job_plans import Plan, cell_results, sweep_plan
from patang_workbench.research.local_stage import LocalStage, local_stage
from patang_workbench.research.synthetic import edge_history, noise_history
from tests.fakes import MemoryObjects, MemoryStore
from tests.unit.backtest.kept_candles import keep_history

ARTIFACTS = Path(__file__).parents[3] / "model_artifacts"
CHOICES = {"stop_atr": [1.0, 1.5, 2.0, 3.0], "target_atr": [1.0, 2.0, 3.0], "max_hold_minutes": [15, 30, 60]}


def sweep() -> Plan:
    history = noise_history(7, ["ALPHA", "BETA"], 4)
    cells = [
        Cell(symbol=bars.symbol, first=day, last=day, parameters=parameters)
        for bars in history.symbols
        for day in history.sessions[1:]
        for parameters in grid(CHOICES)
    ]
    return sweep_plan(cells, history, seed=7)


@dataclass
class Run:
    """A plan that was worked through; how many jobs were done when a worker was killed."""

    plan: Plan
    local: LocalStage
    killed_at: int | None = None


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    with local_stage(2, lambda line: None) as local:
        done = Run(sweep(), local)

        def told(succeeded: int, failed: int) -> None:
            if done.killed_at is None and succeeded >= 40:
                done.killed_at = succeeded
                os.kill(local.workers.pids[0], signal.SIGKILL)

        execution = start(done.plan, missing(done.plan, local.stage.objects), local.stage)
        follow(execution, local.stage, told, pause=0.1)
        yield done


def test_a_killed_worker_changes_no_result(run: Run) -> None:
    here = [run.plan.here(job) for job in run.plan.jobs]

    assert len(run.plan.jobs) >= 200
    assert run.killed_at is not None
    assert run.killed_at < len(run.plan.jobs)
    assert run.local.workers.died == 1
    assert collect(run.plan, run.local.stage.objects) == here
    assert sum(cell.trades for cell in cell_results(here)) > 500


def test_a_run_that_was_broken_off_goes_on_with_what_has_no_result(run: Run) -> None:
    stage, lost = run.local.stage, run.plan.jobs[3:8]
    store = run.local.emulator.client("s3")
    for job in lost:
        store.delete_object(Bucket=stage.bucket, Key=result_path(run.plan.run, job.key))
    kept = stage.objects.get(result_path(run.plan.run, run.plan.jobs[0].key))

    with pytest.raises(RunUnfinished, match="5 of 216 jobs have no result"):
        collect(run.plan, stage.objects)
    left = missing(run.plan, stage.objects)
    assert left == lost
    counted = []
    follow(start(run.plan, left, stage), stage, lambda good, bad: counted.append((good, bad)), pause=0.05)

    assert counted[-1] == (5, 0)
    assert stage.objects.get(result_path(run.plan.run, run.plan.jobs[0].key)) == kept
    assert collect(run.plan, stage.objects)[3:8] == [run.plan.here(job) for job in lost]


def test_a_worker_of_another_program_ends_the_run_and_says_so(run: Run) -> None:
    stage = run.local.stage
    other = [job.model_copy(update={"program": "0" * 64}) for job in run.plan.jobs[:2]]
    plan = Plan(tuple(other), run.plan.inputs)

    with pytest.raises(RunUnfinished, match="prepared by program 000000000000"):
        follow(start(plan, plan.jobs, stage), stage, lambda good, bad: None, pause=0.05)

    assert missing(plan, stage.objects) == plan.jobs


def test_what_is_kept_reads_as_a_result(run: Run) -> None:
    job = run.plan.jobs[0]

    kept = JobResult.model_validate_json(
        run.local.stage.objects.get(result_path(run.plan.run, job.key)) or b""
    )

    assert kept.key == job.key
    assert kept.refused is None


def ended(backtests: Backtests, asked: AskedState) -> AskedState:
    """How it stands when it is over, or after a minute."""
    until = time.monotonic() + 60
    while (found := backtests.state(asked.asked)).state == "RUNNING" and time.monotonic() < until:
        time.sleep(0.2)
    return found


def test_a_backtest_that_was_asked_for_is_made_by_the_map_as_it_is_here(run: Run) -> None:
    stage, here = run.local.stage, MemoryObjects()
    for objects in (stage.objects, here):
        keep_history(objects, edge_history(5, 0.5, ("NIFTY", "SBIN"), 14, date(2026, 6, 30)))
    machine = ResearchExecutions(stage.steps, stage.machine, stage.bucket)
    backtests = Backtests(MemoryStore(), stage.objects, machine, SystemClock(), run.local.models)
    wish = BacktestWish(first=date(2026, 6, 29), last=date(2026, 6, 30), settings=DEMONSTRATION)

    now = SystemClock().now()
    asked = backtests.ask(wish, {}, "person:asha", now)
    assert asked.state == "RUNNING"
    assert ended(backtests, asked).state == "DONE"
    assert backtests.ask(wish, {}, "person:asha", now).state == "DONE"

    report = asked.asked.report
    candles = CandleArchive(here)
    work = AskedBacktests(
        candles,
        OptionArchive(candles),
        here,
        ParquetRuns(),
        lambda: load_models(ARTIFACTS),
        run.local.models,
    )
    work(backtest_job(wish, run.local.models), lambda name: b"")
    assert trades_of_report(stage.objects, report) == trades_of_report(here, report)
    assert summary_of_report(stage.objects, report) == summary_of_report(here, report)
    assert page_of(stage.objects, report) == page_of(here, report)


def test_a_backtest_that_the_worker_may_not_make_is_told_as_broken_off(run: Run) -> None:
    """The stage has other models than those it is asked of."""
    stage = run.local.stage
    machine = ResearchExecutions(stage.steps, stage.machine, stage.bucket)
    backtests = Backtests(MemoryStore(), stage.objects, machine, SystemClock(), "others")
    wish = BacktestWish(first=date(2026, 6, 29), last=date(2026, 6, 30), settings=DEMONSTRATION)

    asked = backtests.ask(wish, {}, "person:asha", SystemClock().now())

    assert ended(backtests, asked).state == "FAILED"
    assert machine.state("never-started") is None
    assert machine.start(asked.asked.execution, "x", "y") is False, "a name is used once"
