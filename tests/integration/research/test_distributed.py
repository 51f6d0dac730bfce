"""Two hundred jobs on the deployed map, a worker killed in the middle: the results are one process's own."""

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from patang.backtest.jobs import JobResult
from patang.backtest.sweep import Cell, grid
from patang.backtest.worker import result_path
from patang_workbench.research.distributed import RunUnfinished, collect, follow, missing, start
from patang_workbench.research.job_plans import Plan, cell_results, sweep_plan
from patang_workbench.research.local_stage import LocalStage, local_stage
from patang_workbench.research.synthetic import noise_history

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
