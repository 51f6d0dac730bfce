"""`--distributed`: told what it costs first; in the cloud nothing starts unless the owner says so."""

import argparse
import json
from contextlib import contextmanager

import pytest

from patang.backtest.sweep import Cell
from patang.backtest.work import WORK
from patang.backtest.worker import ResearchWorker
from patang_workbench.cli import distributed_run
from patang_workbench.cli.running import CommandError
from patang_workbench.research.distributed import ResearchStage
from patang_workbench.research.job_plans import sweep_plan
from patang_workbench.research.synthetic import noise_history
from tests.fakes import MemoryObjects


class Steps:
    """Step Functions that does every job of the manifest at once, the first `failing` not at all."""

    def __init__(self, objects: MemoryObjects, failing: int = 0) -> None:
        self.objects, self.failing, self.started = objects, failing, []

    def start_execution(self, **given):
        self.started.append(given["name"])
        lines = self.objects.get(json.loads(given["input"])["manifest"]).decode().splitlines()
        worker = ResearchWorker(self.objects, WORK)
        for line in lines[self.failing :]:
            worker.answer(json.loads(line))
        self.counts = {"succeeded": len(lines) - self.failing, "failed": self.failing}
        return {"executionArn": "run"}

    def describe_execution(self, **given):
        return {"status": "SUCCEEDED"}

    def list_map_runs(self, **given):
        return {"mapRuns": [{"mapRunArn": "map"}]}

    def describe_map_run(self, **given):
        return {"itemCounts": self.counts}


@pytest.fixture(scope="module")
def plan():
    history = noise_history(3, ["ALPHA"], 2)
    day = history.sessions[-1]
    cells = [Cell(symbol="ALPHA", first=day, last=day, parameters={"stop_atr": s}) for s in (1.0, 2.0)]
    return sweep_plan(cells, history, 7)


@pytest.fixture
def steps(monkeypatch) -> Steps:
    objects = MemoryObjects()
    steps = Steps(objects)

    @contextmanager
    def stage(options):
        yield ResearchStage(objects, "bucket", steps, "machine", memory_mb=2048, time_limit=900)

    monkeypatch.setattr(distributed_run, "_stage", stage)
    return steps


def options(**given) -> argparse.Namespace:
    return argparse.Namespace(**{"distributed": "paper", "workers": 2, "yes": True, **given})


def test_the_cost_is_told_and_nothing_starts_without_a_yes(plan, steps, capsys):
    with pytest.raises(CommandError, match="nothing was started: give --yes"):
        distributed_run.worked_through(plan, options(yes=False))

    assert "in the cloud: 2 jobs of about" in capsys.readouterr().err
    assert steps.started == []
    assert steps.objects.list("research/") == []


def test_results_are_those_of_one_process_and_are_not_paid_for_twice(plan, steps, capsys):
    found = distributed_run.worked_through(plan, options())
    again = distributed_run.worked_through(plan, options(yes=False))

    assert found == again == [plan.here(job) for job in plan.jobs]
    assert len(steps.started) == 1
    assert "2 of 2 jobs have a result" in capsys.readouterr().err


def test_a_job_that_failed_for_good_is_missed_and_done_by_the_same_command(plan, steps):
    steps.failing = 1
    with pytest.raises(CommandError, match="1 of 2 jobs have no result"):
        distributed_run.worked_through(plan, options())

    steps.failing = 0
    assert distributed_run.worked_through(plan, options()) == [plan.here(job) for job in plan.jobs]
    assert steps.started[0].split("-")[0] == steps.started[1].split("-")[0] == plan.run


def test_no_worker_is_a_mistake_that_is_named(plan):
    with pytest.raises(CommandError, match="0 workers do nothing"):
        distributed_run.worked_through(plan, options(distributed="local", workers=0))
