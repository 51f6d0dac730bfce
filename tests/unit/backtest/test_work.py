"""The kinds of jobs: a worker that read everything from a store finds what one process finds."""

import json
from datetime import timedelta

import pytest

from patang.backtest.jobs import JobResult
from patang.backtest.sweep import Cell, run_cell
from patang.backtest.work import WORK
from patang.backtest.worker import JobEvent, ResearchWorker, input_path, result_path
from patang.errors import BadInput
from patang.training.search import WindowRun, run_here
from patang.training.walk_forward import windows
from patang_workbench.research.job_plans import (
    Plan,
    cell_results,
    sweep_plan,
    walk_forward_plan,
    window_results,
)
from patang_workbench.research.synthetic import noise_history
from tests.fakes import MemoryObjects
from tests.unit.training.sample_data import entries
from tests.unit.training.test_walk_forward import PARAMETERS


def worked(plan: Plan) -> list[JobResult]:
    """The plan through a store and a worker, last job first."""
    objects = MemoryObjects()
    for name, content in plan.inputs.items():
        objects.put(input_path(name), content)
    worker = ResearchWorker(objects, WORK)
    for job in reversed(plan.jobs):
        worker.answer(json.loads(JobEvent(run=plan.run, job=job).model_dump_json()))
    return [
        JobResult.model_validate_json(objects.get(result_path(plan.run, job.key)) or b"") for job in plan.jobs
    ]


@pytest.fixture(scope="module")
def history():
    return noise_history(3, ["ALPHA", "BETA"], 2)


def cells(history, *stops):
    day = history.sessions[-1]
    return [
        Cell(symbol=bars.symbol, first=day, last=day, parameters={"stop_atr": stop})
        for bars in history.symbols
        for stop in stops
    ]


@pytest.mark.parametrize("cells_a_job", [1, 2, 5])
def test_cells_are_those_of_one_process_however_they_are_shared_out(history, cells_a_job):
    asked = cells(history, 1.0, 2.0, 3.0)
    plan = sweep_plan(asked, history, 7, cells_a_job=cells_a_job)

    found = cell_results(worked(plan))

    bars = {one.symbol: one for one in history.symbols}
    assert found == [run_cell(cell, bars[cell.symbol]) for cell in asked]
    assert sum(cell.trades for cell in found) > 0
    assert len(plan.jobs) == {1: 6, 2: 4, 5: 2}[cells_a_job]
    # No job has cells of two symbols, and none is sent bars it does not read.
    assert len(plan.inputs) == 2


def test_a_sweep_of_one_symbol_brings_that_ones_bars_only(history):
    plan = sweep_plan(cells(history, 1.0)[:1], history, 7)

    assert len(plan.inputs) == 1


def test_cells_that_the_history_does_not_have_are_named(history):
    cell = cells(history, 1.0)[0].model_copy(update={"symbol": "GAMMA"})

    with pytest.raises(BadInput, match=r"no bars of GAMMA: name one of ALPHA, BETA"):
        sweep_plan([cell], history, 7)


def test_a_refused_cell_is_told_when_the_results_are_read(history):
    plan = sweep_plan([cells(history, -1.0)[0]], history, 7)

    (result,) = worked(plan)

    assert "no parameters of the equity strategy" in (result.refused or "")
    with pytest.raises(BadInput, match="a job was refused: these are no parameters"):
        cell_results([result])


def test_windows_are_those_of_one_process():
    data = entries(rows=700)
    cut = windows(data, 2, min_confidence=0.55)
    choices = [PARAMETERS, {**PARAMETERS, "max_depth": 3}]

    runs = [WindowRun(window, choice, 7) for choice in choices for window in cut]
    found = window_results(worked(walk_forward_plan(runs, data)))

    assert found == list(run_here(data)(runs))
    assert all(window.metrics is not None for window in found)
    assert found[0].window.end - found[0].window.begin > timedelta(days=1)
